package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"

	"github.com/beevik/etree"
)

// content is what the name of a content encryption means.
type content struct {
	keyBytes      int
	authenticated bool // changes to the ciphertext are noticed
	open          func(block cipher.Block, sealed []byte) ([]byte, bool)
}

// ciphers are the content encryptions that are taken. Triple DES is not: it is
// broken enough, and all that send it can send AES.
var ciphers = map[string]content{
	nsEncryption11 + "aes128-gcm": {16, true, openGCM},
	nsEncryption11 + "aes256-gcm": {32, true, openGCM},
	nsEncryption + "aes128-cbc":   {16, false, openCBC},
	nsEncryption + "aes256-cbc":   {32, false, openCBC},
}

const (
	maxEncryptedKeys = 8 // in one assertion
	// maxUnwraps is how many operations with our private keys a message may cost,
	// some milliseconds each: strangers send them too. A message for two
	// recipients, with two keys of ours and two readings of its algorithms, needs
	// all.
	maxUnwraps = 8
)

// undecryptable is the one answer to every failure, so that nobody can learn
// from us what a changed ciphertext decrypts to.
func undecryptable() error {
	return refuse(ReasonDecryption, "the assertion cannot be decrypted: see that the identity provider has our newest certificate, and encrypts with AES and RSA-OAEP")
}

// decrypt returns what is in an EncryptedAssertion. Each of our keys is tried
// on each key in it: the identity provider may still use the one before, and
// what it says of the key's owner is often wrong.
func decrypt(e *etree.Element, keys []Key) ([]byte, error) {
	data := only(e, name{nsEncryption, "EncryptedData"})
	if data == nil {
		return nil, undecryptable()
	}
	method := only(data, name{nsEncryption, "EncryptionMethod"})
	if method == nil {
		return nil, undecryptable()
	}
	c, known := ciphers[attribute(method, "Algorithm")]
	sealed, ok := cipherValue(data)
	wrapped := encryptedKeys(e, data)
	if !known || !ok || len(wrapped) > maxEncryptedKeys {
		return nil, undecryptable()
	}
	left := maxUnwraps
	for _, w := range wrapped {
		for _, key := range keys {
			if plaintext, ok := w.decrypt(key, c, sealed, &left); ok {
				return plaintext, nil
			}
		}
	}
	return nil, undecryptable()
}

// encryptedKeys returns the keys that come with data: inside it, or beside it.
func encryptedKeys(e, data *etree.Element) (keys []wrappedKey) {
	encryptedKey := name{nsEncryption, "EncryptedKey"}
	found := children(e, encryptedKey)
	for _, info := range children(data, name{nsSignature, "KeyInfo"}) {
		found = append(found, children(info, encryptedKey)...)
	}
	for _, f := range found {
		if w, ok := readWrappedKey(f); ok {
			keys = append(keys, w)
		}
	}
	return keys
}

// wrappedKey is an EncryptedKey.
type wrappedKey struct {
	value   []byte
	options []rsa.OAEPOptions // to be tried in this order
}

func readWrappedKey(e *etree.Element) (wrappedKey, bool) {
	method := only(e, name{nsEncryption, "EncryptionMethod"})
	value, ok := cipherValue(e)
	if method == nil || !ok {
		return wrappedKey{}, false
	}
	options := rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1} // the defaults (XMLEnc 1.1 §5.5.2)
	if digest := only(method, name{nsSignature, "DigestMethod"}); digest != nil {
		options.Hash = digests[attribute(digest, "Algorithm")]
	}
	if label := only(method, name{nsEncryption, "OAEPparams"}); label != nil {
		options.Label, _ = base64.StdEncoding.DecodeString(compact(label)) // a wrong one fails later
	}
	mask := only(method, name{nsEncryption11, "MGF"})
	switch attribute(method, "Algorithm") {
	case transportOAEP:
	case transportOAEP11:
		if mask != nil {
			options.MGFHash = generators[attribute(mask, "Algorithm")]
		}
	default:
		return wrappedKey{}, false
	}
	if options.Hash == 0 || options.MGFHash == 0 {
		return wrappedKey{}, false
	}
	w := wrappedKey{value, []rsa.OAEPOptions{options}}
	if mask == nil && options.Hash != options.MGFHash {
		options.MGFHash = options.Hash // against the letter, but some libraries know but one hash
		w.options = append(w.options, options)
	}
	return w, true
}

// decrypt opens sealed with the wrapped key, if key can unwrap it, with at most
// left operations, from which it takes what it needs.
func (w wrappedKey) decrypt(key Key, c content, sealed []byte, left *int) ([]byte, bool) {
	private, ok := key.Private.(crypto.Decrypter)
	if !ok {
		return nil, false
	}
	for i := range w.options {
		if *left--; *left < 0 {
			return nil, false
		}
		secret, err := private.Decrypt(rand.Reader, w.value, &w.options[i])
		if err != nil || len(secret) != c.keyBytes {
			continue
		}
		block, err := aes.NewCipher(secret)
		if err != nil {
			continue
		}
		if plaintext, ok := c.open(block, sealed); ok {
			return plaintext, true
		}
	}
	return nil, false
}

func cipherValue(e *etree.Element) ([]byte, bool) {
	data := only(e, name{nsEncryption, "CipherData"})
	if data == nil {
		return nil, false
	}
	value, err := base64.StdEncoding.DecodeString(compact(only(data, name{nsEncryption, "CipherValue"})))
	return value, err == nil && len(value) > 0
}

// openGCM opens what AES-GCM has sealed: nonce, ciphertext, tag (XMLEnc 1.1 §5.2.4).
func openGCM(block cipher.Block, sealed []byte) ([]byte, bool) {
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(sealed) < gcm.NonceSize() {
		return nil, false
	}
	plaintext, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
	return plaintext, err == nil
}

// openCBC opens what AES-CBC has encrypted: initialisation vector, ciphertext.
// The last byte says how many to drop; the others of them are arbitrary
// (XMLEnc §5.2).
func openCBC(block cipher.Block, sealed []byte) ([]byte, bool) {
	size := block.BlockSize()
	if len(sealed) < 2*size || len(sealed)%size != 0 {
		return nil, false
	}
	plaintext := make([]byte, len(sealed)-size)
	cipher.NewCBCDecrypter(block, sealed[:size]).CryptBlocks(plaintext, sealed[size:])
	padding := int(plaintext[len(plaintext)-1])
	if padding < 1 || padding > size {
		return nil, false
	}
	return plaintext[:len(plaintext)-padding], true
}
