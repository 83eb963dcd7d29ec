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

// FieldsMetadata returns the metadata of an identity provider of which an
// admin knows the entity ID, the address for sign-in and the certificates
// (PEM, one or more each; bare base64 is taken too), for [Config.Metadata].
// Requests go there by redirect or post. What is wrong with the fields beyond
// their form, [ParseMetadata] tells.
func FieldsMetadata(entityID, ssoURL string, certificatesPEM []string) ([]byte, error) {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("xmlns:ds", nsSignature)
	entity.CreateAttr("entityID", entityID)
	role := entity.CreateElement("md:IDPSSODescriptor")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for i, field := range certificatesPEM {
		certificates, err := readPEM(field)
		if err != nil {
			return nil, refuse(ReasonSetting, "certificate %d cannot be read: paste it whole, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----", i+1)
		}
		for _, der := range certificates {
			addKey(role, "signing", der)
		}
	}
	for _, binding := range []string{saml.HTTPRedirectBinding, saml.HTTPPostBinding} {
		service := role.CreateElement("md:SingleSignOnService")
		service.CreateAttr("Binding", binding)
		service.CreateAttr("Location", ssoURL)
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
