package samltest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"

	"github.com/beevik/etree"
)

const (
	nsEncryption   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncryption11 = "http://www.w3.org/2009/xmlenc11#"
)

// Encryption says how to encrypt. Its zero value is AES-256-GCM with RSA-OAEP.
type Encryption struct {
	Content   string      // URI of the content encryption
	Transport string      // URI of the key transport
	Hash      crypto.Hash // of OAEP; 0: SHA-1, not named
	Mask      crypto.Hash // of OAEP's mask generation; 0: SHA-1, not named
	Beside    bool        // the key stands beside the data, not in it
	Misnamed  bool        // the key says that it is for another certificate
}

var contentKeys = map[string]int{
	nsEncryption + "aes128-cbc": 16, nsEncryption + "aes256-cbc": 32,
	nsEncryption11 + "aes128-gcm": 16, nsEncryption11 + "aes256-gcm": 32,
}

// Encrypt puts an EncryptedAssertion for c in the place of the assertion.
func (m Message) Encrypt(c *x509.Certificate, o Encryption) {
	plain := m.Assertion()
	at := plain.Index()
	m.Response.RemoveChild(plain)
	m.Response.InsertChildAt(at, encrypted([]byte(serialize(plain)), c, o))
}

func encrypted(plaintext []byte, c *x509.Certificate, o Encryption) *etree.Element {
	if o.Content == "" {
		o.Content = nsEncryption11 + "aes256-gcm"
	}
	if o.Transport == "" {
		o.Transport = nsEncryption + "rsa-oaep-mgf1p"
	}
	secret := random(contentKeys[o.Content])
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err)
	}
	sealed := sealCBC(block, plaintext)
	if o.Content == nsEncryption11+"aes128-gcm" || o.Content == nsEncryption11+"aes256-gcm" {
		sealed = sealGCM(block, plaintext)
	}
	named := base64.StdEncoding.EncodeToString(c.Raw)
	if o.Misnamed {
		named = base64.StdEncoding.EncodeToString([]byte("another"))
	}
	key := fmt.Sprintf(`<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="%s">%s</xenc:EncryptionMethod><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`,
		o.Transport, o.parameters(), named, base64.StdEncoding.EncodeToString(o.wrap(c, secret)))
	inside, beside := `<ds:KeyInfo>`+key+`</ds:KeyInfo>`, ""
	if o.Beside {
		inside, beside = "", key
	}
	return parse(fmt.Sprintf(`<saml:EncryptedAssertion xmlns:saml="%s" xmlns:xenc="%s" xmlns:ds="%s"><xenc:EncryptedData><xenc:EncryptionMethod Algorithm="%s"/>%s<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>%s</saml:EncryptedAssertion>`,
		nsAssertion, nsEncryption, nsSignature, o.Content, inside, base64.StdEncoding.EncodeToString(sealed), beside))
}

func (o Encryption) parameters() (xml string) {
	names := map[crypto.Hash]string{crypto.SHA256: digestSHA256, crypto.SHA512: digestSHA512}
	if o.Hash != 0 {
		xml = fmt.Sprintf(`<ds:DigestMethod Algorithm="%s"/>`, names[o.Hash])
	}
	if o.Mask != 0 && o.Transport == nsEncryption11+"rsa-oaep" {
		xml += fmt.Sprintf(`<xenc11:MGF xmlns:xenc11="%s" Algorithm="%[1]smgf1sha256"/>`, nsEncryption11)
	}
	return xml
}

func (o Encryption) wrap(c *x509.Certificate, secret []byte) []byte {
	public, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		panic("samltest: no RSA certificate to encrypt for")
	}
	if o.Transport == nsEncryption+"rsa-1_5" {
		wrapped, err := rsa.EncryptPKCS1v15(rand.Reader, public, secret) //nolint:staticcheck // the attack is that it is weak
		if err != nil {
			panic(err)
		}
		return wrapped
	}
	options := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	if o.Hash != 0 {
		options.Hash = o.Hash
	}
	if o.Mask != 0 {
		options.MGFHash = o.Mask
	}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, public, secret, options)
	if err != nil {
		panic(err)
	}
	return wrapped
}

func sealCBC(block cipher.Block, plaintext []byte) []byte {
	padding := aes.BlockSize - len(plaintext)%aes.BlockSize
	padded := append([]byte(nil), plaintext...)
	padded = append(padded, random(padding)...)
	padded[len(padded)-1] = byte(padding)
	vector := random(aes.BlockSize)
	sealed := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, vector).CryptBlocks(sealed, padded)
	return append(vector, sealed...)
}

func sealGCM(block cipher.Block, plaintext []byte) []byte {
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := random(gcm.NonceSize())
	return gcm.Seal(nonce, nonce, plaintext, nil)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
