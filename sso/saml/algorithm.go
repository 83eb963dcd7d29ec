package saml

import (
	"crypto"
	"crypto/x509"
	"slices"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// signing is what the name of a signature algorithm means.
type signing struct {
	algorithm x509.SignatureAlgorithm
	key       x509.PublicKeyAlgorithm
	weak      bool // SHA-1
}

var signings = map[string]signing{
	dsig.RSASHA256SignatureMethod:   {x509.SHA256WithRSA, x509.RSA, false},
	dsig.RSASHA384SignatureMethod:   {x509.SHA384WithRSA, x509.RSA, false},
	dsig.RSASHA512SignatureMethod:   {x509.SHA512WithRSA, x509.RSA, false},
	dsig.ECDSASHA256SignatureMethod: {x509.ECDSAWithSHA256, x509.ECDSA, false},
	dsig.ECDSASHA384SignatureMethod: {x509.ECDSAWithSHA384, x509.ECDSA, false},
	dsig.ECDSASHA512SignatureMethod: {x509.ECDSAWithSHA512, x509.ECDSA, false},
	dsig.RSASHA1SignatureMethod:     {x509.SHA1WithRSA, x509.RSA, true},
}

const digestSHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"

// digests are the hashes, by the names that XML has for them.
var digests = map[string]crypto.Hash{
	digestSHA1: crypto.SHA1,
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

// generators are the hashes of mask generation function 1 (XMLEnc 1.1 §5.5.2).
var generators = map[string]crypto.Hash{
	nsEncryption11 + "mgf1sha1":   crypto.SHA1,
	nsEncryption11 + "mgf1sha256": crypto.SHA256,
	nsEncryption11 + "mgf1sha384": crypto.SHA384,
	nsEncryption11 + "mgf1sha512": crypto.SHA512,
}

const (
	transportOAEP   = nsEncryption + "rsa-oaep-mgf1p"
	transportOAEP11 = nsEncryption11 + "rsa-oaep"
	enveloped       = string(dsig.EnvelopedSignatureAltorithmId)
)

var canonicalizations = []string{
	string(dsig.CanonicalXML10ExclusiveAlgorithmId), string(dsig.CanonicalXML10ExclusiveWithCommentsAlgorithmId),
	string(dsig.CanonicalXML10RecAlgorithmId), string(dsig.CanonicalXML10WithCommentsAlgorithmId),
	string(dsig.CanonicalXML11AlgorithmId), string(dsig.CanonicalXML11WithCommentsAlgorithmId),
}

// checkAlgorithm refuses an element that names an algorithm which is not on
// the list for such an element. SHA-1 is safe in RSA-OAEP, whose default it
// is, and forgeable in signatures.
func checkAlgorithm(e *etree.Element, allowSHA1 bool) error {
	for _, a := range e.Attr {
		if a.Key != "Algorithm" {
			continue
		}
		if a.Space != "" || !allowed(e, a.Value, allowSHA1) {
			return refuse(ReasonAlgorithm, "%s names an algorithm that is unknown or too weak; ask for SHA-256 and AES-GCM", e.Tag)
		}
	}
	return nil
}

func allowed(e *etree.Element, algorithm string, allowSHA1 bool) bool {
	switch nameOf(e) {
	case name{nsSignature, "CanonicalizationMethod"}:
		return slices.Contains(canonicalizations, algorithm)
	case name{nsSignature, "Transform"}:
		return algorithm == enveloped || slices.Contains(canonicalizations, algorithm)
	case name{nsSignature, "SignatureMethod"}:
		s, known := signings[algorithm]
		return known && (allowSHA1 || !s.weak)
	case name{nsSignature, "DigestMethod"}:
		_, known := digests[algorithm]
		encryption := e.Parent() != nil && nameOf(e.Parent()) == name{nsEncryption, "EncryptionMethod"}
		return known && (allowSHA1 || encryption || algorithm != digestSHA1)
	case name{nsEncryption11, "MGF"}:
		_, known := generators[algorithm]
		return known
	case name{nsEncryption, "EncryptionMethod"}:
		_, cipher := ciphers[algorithm]
		return cipher || algorithm == transportOAEP || algorithm == transportOAEP11
	}
	return false
}
