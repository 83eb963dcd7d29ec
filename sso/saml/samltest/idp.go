package samltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// Signer is a key with its certificate.
type Signer struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
}

// IdP is an identity provider with two RSA certificates and one EC certificate
// in its metadata, and the attacker's key, which is not in it.
type IdP struct {
	EntityID, SSOURL, SLOURL string

	First, Second, Curve Signer
	Attacker             Signer // its certificate bears the subject of First's

	Person string // who signs in, and holds good answers: the NameID and the mail
	Victim string // an administrator who must never be signed in by an attack
	Now    func() time.Time
}

// Request is what the identity provider knows of the service provider and of
// the sign-in that is pending.
type Request struct {
	ID       string // of the AuthnRequest
	EntityID string // of the service provider
	ACSURL   string
	Encrypt  *x509.Certificate // of the service provider
}

// signers are made once: a test process needs no second set.
var signers = sync.OnceValue(func() (made [4]Signer) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	for i, key := range []crypto.Signer{newRSA(), newRSA(), curve, newRSA()} {
		made[i] = Signer{key, certificate(key, time.Now().Add(-24*time.Hour), time.Now().AddDate(5, 0, 0))}
	}
	return made
})

// New returns an identity provider of that entity ID. All of them share their
// keys.
func New(entityID string) *IdP {
	made := signers()
	return &IdP{
		EntityID: entityID,
		SSOURL:   entityID + "/sso",
		SLOURL:   entityID + "/slo",
		First:    made[0], Second: made[1], Curve: made[2], Attacker: made[3],
		Person: "mallory@corp.example.test",
		Victim: "admin@corp.example.test",
		Now:    time.Now,
	}
}

// Expired returns a signer whose certificate is good no longer.
func Expired() Signer {
	key := newRSA()
	return Signer{key, certificate(key, time.Now().AddDate(-2, 0, 0), time.Now().AddDate(-1, 0, 0))}
}

func newRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func certificate(key crypto.Signer, from, until time.Time) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: "idp.example.test"},
		NotBefore:    from,
		NotAfter:     until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

// Metadata returns the metadata, with the certificates of the signers; those
// of First, Second and Curve when none is given.
func (p *IdP) Metadata(with ...Signer) []byte {
	if len(with) == 0 {
		with = []Signer{p.First, p.Second, p.Curve}
	}
	var keys strings.Builder
	for _, s := range with {
		fmt.Fprintf(&keys, `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
			base64.StdEncoding.EncodeToString(s.Certificate.Raw))
	}
	return fmt.Appendf(nil, `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="%s" ID="%s" entityID="%s">`+
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">%s`+
		`<md:SingleLogoutService Binding="%s" Location="%[6]s"/><md:SingleLogoutService Binding="%[7]s" Location="%[6]s"/>`+
		`<md:SingleSignOnService Binding="%[5]s" Location="%[8]s"/><md:SingleSignOnService Binding="%[7]s" Location="%[8]s"/>`+
		`</md:IDPSSODescriptor></md:EntityDescriptor>`,
		nsSignature, metadataID, p.EntityID, keys.String(), bindingRedirect, p.SLOURL, bindingPost, p.SSOURL)
}

const (
	metadataID      = "_metadata"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)
