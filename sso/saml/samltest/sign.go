package samltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"hash"
	"math/big"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	nsSignature = dsig.Namespace
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	more        = "http://www.w3.org/2001/04/xmldsig-more#"

	digestSHA1   = nsSignature + "sha1"
	digestSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	digestSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// Signature says how to sign. Its zero value signs with First's key by
// RSA-SHA256, with its certificate in KeyInfo.
type Signature struct {
	By          Signer
	Method      string // of the signature; "": RSA-SHA256 or ECDSA-SHA256
	Digest      string // "": SHA-256
	DigestValue []byte // instead of the right one
	KeyInfo     string // XML instead of By's certificate
	NoKeyInfo   bool
	Transform   string // XML behind the enveloped signature, instead of exclusive canonicalisation
	NoReference bool
	HMAC        []byte // key for a method of that kind
	Unprefixed  bool   // the elements of the signature have a default namespace, as Entra ID does it
	Prefixes    string // whose namespaces are canonicalised though not used, as Okta does it
}

var hashes = map[string]crypto.Hash{
	nsSignature + "rsa-sha1": crypto.SHA1, more + "rsa-md5": crypto.MD5,
	more + "rsa-sha256": crypto.SHA256, more + "rsa-sha384": crypto.SHA384, more + "rsa-sha512": crypto.SHA512,
	more + "ecdsa-sha256": crypto.SHA256,
	digestSHA1:            crypto.SHA1, digestSHA256: crypto.SHA256, digestSHA512: crypto.SHA512,
}

// Sign puts a signature over e into e, behind its Issuer.
func (p *IdP) Sign(e *etree.Element, s Signature) *etree.Element {
	signature := p.signature(e, s)
	at := 0
	if issuer := e.SelectElement("saml:Issuer"); issuer != nil {
		at = issuer.Index() + 1
	}
	e.InsertChildAt(at, signature)
	return signature
}

func (p *IdP) signature(e *etree.Element, s Signature) *etree.Element {
	if s.By.Key == nil {
		s.By = p.First
	}
	if s.Method == "" {
		s.Method = more + "rsa-sha256"
		if _, curve := s.By.Key.(*ecdsa.PrivateKey); curve {
			s.Method = more + "ecdsa-sha256"
		}
	}
	template := fmt.Sprintf(`<ds:Signature xmlns:ds="%s"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="%s"/><ds:SignatureMethod Algorithm="%s"/>%s</ds:SignedInfo><ds:SignatureValue/>%s</ds:Signature>`,
		nsSignature, exclusive, s.Method, s.reference(e), s.keyInfo())
	declaration := "xmlns:ds"
	if s.Unprefixed {
		declaration = "xmlns"
		template = strings.NewReplacer("<ds:", "<", "</ds:", "</", "xmlns:ds=", "xmlns=").Replace(template)
	}
	signature := parse(template)
	info := find(signature, "SignedInfo").Copy()
	info.CreateAttr(declaration, nsSignature)
	find(signature, "SignatureValue").SetText(base64.StdEncoding.EncodeToString(s.value(canonical(info, ""))))
	return signature
}

func (s Signature) reference(e *etree.Element) string {
	if s.NoReference {
		return ""
	}
	if s.Digest == "" {
		s.Digest = digestSHA256
	}
	if s.Transform == "" {
		s.Transform = fmt.Sprintf(`<ds:Transform Algorithm="%s"/>`, exclusive)
		if s.Prefixes != "" {
			s.Transform = fmt.Sprintf(`<ds:Transform Algorithm="%s"><ec:InclusiveNamespaces xmlns:ec="%[1]s" PrefixList="%s"/></ds:Transform>`, exclusive, s.Prefixes)
		}
	}
	if s.DigestValue == nil {
		s.DigestValue = sum(s.Digest, canonical(e.Copy(), s.Prefixes))
	}
	return fmt.Sprintf(`<ds:Reference URI="#%s"><ds:Transforms><ds:Transform Algorithm="%senveloped-signature"/>%s</ds:Transforms><ds:DigestMethod Algorithm="%s"/><ds:DigestValue>%s</ds:DigestValue></ds:Reference>`,
		e.SelectAttrValue("ID", ""), nsSignature, s.Transform, s.Digest, base64.StdEncoding.EncodeToString(s.DigestValue))
}

func (s Signature) keyInfo() string {
	switch {
	case s.NoKeyInfo:
		return ""
	case s.KeyInfo != "":
		return `<ds:KeyInfo>` + s.KeyInfo + `</ds:KeyInfo>`
	}
	return `<ds:KeyInfo>` + certificateInfo(s.By) + `</ds:KeyInfo>`
}

func certificateInfo(s Signer) string {
	return `<ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(s.Certificate.Raw) + `</ds:X509Certificate></ds:X509Data>`
}

func (s Signature) value(message []byte) []byte {
	if s.HMAC != nil {
		maker := func() hash.Hash { return crypto.SHA256.New() }
		if s.Method == nsSignature+"hmac-sha1" {
			maker = crypto.SHA1.New
		}
		mac := hmac.New(maker, s.HMAC)
		mac.Write(message)
		return mac.Sum(nil)
	}
	algorithm, known := hashes[s.Method]
	if !known {
		return []byte("nothing")
	}
	return s.By.sign(algorithm, message)
}

// sign returns a signature as XML has it: r and s side by side for ECDSA.
func (s Signer) sign(algorithm crypto.Hash, message []byte) []byte {
	h := algorithm.New()
	h.Write(message)
	value, err := s.Key.Sign(rand.Reader, h.Sum(nil), algorithm)
	if err != nil {
		panic(err)
	}
	if _, curve := s.Key.(*ecdsa.PrivateKey); !curve {
		return value
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(value, &pair); err != nil {
		panic(err)
	}
	return append(pair.R.FillBytes(make([]byte, 32)), pair.S.FillBytes(make([]byte, 32))...)
}

func sum(method string, message []byte) []byte {
	algorithm, known := hashes[method]
	if !known {
		digest := sha256.Sum256(message)
		return digest[:]
	}
	h := algorithm.New()
	h.Write(message)
	return h.Sum(nil)
}

// canonical returns e in exclusive canonical form; e is changed.
func canonical(e *etree.Element, prefixes string) []byte {
	raw, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(e)
	if err != nil {
		panic(err)
	}
	return raw
}
