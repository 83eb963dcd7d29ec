package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// Fields are what an admin knows of an identity provider that publishes no
// metadata.
type Fields struct {
	EntityID     string
	SSOURL       string   // for sign-in, by redirect or post
	SLOURL       string   // for sign-out, likewise; empty: it has none
	Certificates []string // PEM, one or more each; bare base64 is taken too
}

// FieldsMetadata returns the metadata of an identity provider, for
// [Config.Metadata]. What is wrong with the fields beyond their form,
// [ParseMetadata] tells.
func FieldsMetadata(f Fields) ([]byte, error) {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("xmlns:ds", nsSignature)
	entity.CreateAttr("entityID", f.EntityID)
	role := entity.CreateElement("md:IDPSSODescriptor")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for i, field := range f.Certificates {
		certificates, err := readPEM(field)
		if err != nil {
			return nil, refuse(ReasonSetting, "certificate %d cannot be read: paste it whole, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----", i+1)
		}
		for _, der := range certificates {
			addKey(role, "signing", der)
		}
	}
	for _, service := range []struct{ name, location string }{{"md:SingleLogoutService", f.SLOURL}, {"md:SingleSignOnService", f.SSOURL}} {
		if service.location == "" {
			continue
		}
		for _, binding := range []string{saml.HTTPRedirectBinding, saml.HTTPPostBinding} {
			e := role.CreateElement(service.name)
			e.CreateAttr("Binding", binding)
			e.CreateAttr("Location", service.location)
		}
	}
	return write(entity)
}

// readPEM returns the certificates in a field, in DER.
func readPEM(field string) (certificates [][]byte, _ error) {
	rest := bytes.TrimSpace([]byte(field))
	if !bytes.HasPrefix(rest, []byte("-----BEGIN")) {
		der, err := base64.StdEncoding.DecodeString(withoutSpace(field))
		if err != nil {
			return nil, err
		}
		_, err = x509.ParseCertificate(der)
		return [][]byte{der}, err
	}
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("no PEM")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, err
		}
		certificates = append(certificates, block.Bytes)
		rest = bytes.TrimSpace(rest)
	}
	return certificates, nil
}

// addKey adds a certificate to a role.
func addKey(role *etree.Element, use string, der []byte) *etree.Element {
	key := role.CreateElement("md:KeyDescriptor")
	key.CreateAttr("use", use)
	data := key.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(der))
	return key
}

// write returns the document with the root element e.
func write(e *etree.Element) ([]byte, error) {
	document := etree.NewDocument()
	document.SetRoot(e)
	raw, err := document.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("saml: write %s: %w", e.Tag, err)
	}
	return raw, nil
}
