package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

const (
	keyBits = 3072 // enough beyond 2030 (NIST SP 800-57 part 1, table 4)
	keyLife = 5    // years
)

// Key is a key pair of ours. Private must hold an RSA key; to decrypt, it must
// be a [crypto.Decrypter] too, as *rsa.PrivateKey is.
type Key struct {
	Private     crypto.Signer
	Certificate *x509.Certificate
}

// NewKey makes an RSA key of 3072 bits with a self-signed certificate that
// names its owner and is good for five years from an hour before now: clocks
// of identity providers differ. It takes up to seconds.
func NewKey(name string, now time.Time) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Key{}, fmt.Errorf("saml: make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return Key{}, fmt.Errorf("saml: make a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial.Add(serial, big.NewInt(1)), // must be positive (RFC 5280 §4.1.2.2)
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Hour).UTC(),
		NotAfter:              now.AddDate(keyLife, 0, 0).UTC(),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return Key{}, fmt.Errorf("saml: sign a certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return Key{}, fmt.Errorf("saml: read a certificate: %w", err)
	}
	return Key{Private: private, Certificate: certificate}, nil
}

// check refuses a key that cannot be used.
func (k Key) check() error {
	if k.Private == nil || k.Certificate == nil {
		return refuse(ReasonSetting, "a key without its private part or its certificate")
	}
	public, ok := k.Private.Public().(*rsa.PublicKey)
	if !ok {
		return refuse(ReasonSetting, "our keys must be RSA keys: identity providers encrypt for them")
	}
	if !public.Equal(k.Certificate.PublicKey) {
		return refuse(ReasonSetting, "a certificate of ours belongs to another key")
	}
	return nil
}
