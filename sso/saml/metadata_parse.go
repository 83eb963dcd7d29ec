package saml

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

const (
	maxEntityID = 1024 // characters (SAML core §8.3.6)
	// maxRSABits is how long an RSA key may be. What a signature costs to check
	// grows with the square of that, and metadata has room for a key with which
	// one takes minutes. crypto/tls has the same limit.
	maxRSABits = 8192
)

var bindings = map[string]Binding{saml.HTTPRedirectBinding: Redirect, saml.HTTPPostBinding: Post}

// ParseMetadata reads the metadata of an identity provider: an
// EntityDescriptor, or an EntitiesDescriptor, from which entityID chooses.
// entityID may be "" when there is only one identity provider in it. A
// signature on the metadata is not looked at: the admin, or TLS, vouches for it.
//
// It refuses more than 1 MB, what [ServiceProvider.Answer] refuses in the
// tokens of a message, metadata that is no longer valid at now, addresses that
// are neither http nor https, and an identity provider none of whose signing
// certificates can be used at now or later.
func ParseMetadata(raw []byte, entityID string, now time.Time) (IdP, error) {
	root, err := read(raw, metadataLimits, nil)
	if err != nil {
		return IdP{}, err
	}
	entity, err := choose(root, entityID)
	if err != nil {
		return IdP{}, err
	}
	idp := IdP{EntityID: attribute(entity, "entityID")}
	if idp.EntityID == "" || len(idp.EntityID) > maxEntityID {
		return IdP{}, refuse(ReasonMetadata, "the entity ID is missing, or longer than %d characters", maxEntityID)
	}
	for _, role := range roles(entity) {
		if err := idp.read(role); err != nil {
			return IdP{}, err
		}
	}
	if err := idp.readValidity(entity); err != nil {
		return IdP{}, err
	}
	return idp, idp.check(now)
}

// choose returns the EntityDescriptor of the identity provider that is meant.
func choose(root *etree.Element, entityID string) (*etree.Element, error) {
	var found []*etree.Element
	for e := range walk(root) {
		if nameOf(e) == (name{nsMetadata, "EntityDescriptor"}) && len(roles(e)) > 0 && (entityID == "" || attribute(e, "entityID") == entityID) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, refuse(ReasonMetadata, "the metadata describes %d identity providers: say the entity ID of the one that is meant", len(found))
	case entityID != "":
		return nil, refuse(ReasonMetadata, "the metadata describes no SAML 2.0 identity provider of that entity ID")
	}
	return nil, refuse(ReasonMetadata, "the metadata describes no SAML 2.0 identity provider")
}

// roles returns the descriptions of e as an identity provider that speaks SAML 2.0.
func roles(e *etree.Element) []*etree.Element {
	return slices.DeleteFunc(children(e, name{nsMetadata, "IDPSSODescriptor"}), func(role *etree.Element) bool {
		return !slices.Contains(strings.Fields(attribute(role, "protocolSupportEnumeration")), nsProtocol)
	})
}

func (p *IdP) read(role *etree.Element) (err error) {
	for _, key := range children(role, name{nsMetadata, "KeyDescriptor"}) {
		if use := attribute(key, "use"); use == "" || use == "signing" {
			p.readCertificates(key)
		}
	}
	if want := attribute(role, "WantAuthnRequestsSigned"); want == "true" || want == "1" {
		p.WantAuthnRequestsSigned = true
	}
	if p.SSO, err = readEndpoints(p.SSO, children(role, name{nsMetadata, "SingleSignOnService"})); err != nil {
		return err
	}
	p.SLO, err = readEndpoints(p.SLO, children(role, name{nsMetadata, "SingleLogoutService"}))
	return err
}

// readCertificates takes the certificates of a KeyDescriptor that can be used
// one day, and notes why others cannot. That they are in the metadata is what
// makes them trusted: who issued them plays no part (SAML metadata
// interoperability profile §2.6.1).
func (p *IdP) readCertificates(key *etree.Element) {
	for e := range walk(key) {
		if nameOf(e) != (name{nsSignature, "X509Certificate"}) {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(compact(e))
		if err != nil {
			p.warn("a certificate is not base64")
			continue
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			p.warn("a certificate cannot be read")
			continue
		}
		if !slices.ContainsFunc(p.Certificates, c.Equal) && p.usable(c) {
			p.Certificates = append(p.Certificates, c)
		}
	}
}

// usable reports whether signatures can be checked with c.
func (p *IdP) usable(c *x509.Certificate) bool {
	switch public := c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return true
	case *rsa.PublicKey:
		switch bits := public.N.BitLen(); {
		case bits < 1024, bits > maxRSABits:
			p.warn("a certificate has an RSA key of %d bits, and is left out", bits)
			return false
		case bits < 2048:
			p.warn("a certificate has an RSA key of %d bits only: renew it at the identity provider", bits)
		}
		return true
	}
	p.warn("a certificate has a key that is neither RSA nor ECDSA, and is left out")
	return false
}

func (p *IdP) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// readEndpoints adds the endpoints with a binding that a browser can use.
func readEndpoints(known []Endpoint, found []*etree.Element) ([]Endpoint, error) {
	for _, e := range found {
		binding, usable := bindings[attribute(e, "Binding")]
		if !usable {
			continue
		}
		endpoint := Endpoint{binding, attribute(e, "Location"), attribute(e, "ResponseLocation")}
		if !isAddress(endpoint.Location) || endpoint.ResponseLocation != "" && !isAddress(endpoint.ResponseLocation) {
			return nil, refuse(ReasonEndpoint, "an address in the metadata is not of the form https://host/path")
		}
		known = append(known, endpoint)
	}
	return known, nil
}

// isAddress reports whether a browser may be sent to s. A fragment would take
// the parameters out of the query.
func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !strings.Contains(s, "#") && u.Opaque == ""
}

// readValidity reads how long the description is good: the shortest of what it
// and all around it say.
func (p *IdP) readValidity(entity *etree.Element) error {
	said := roles(entity)
	for e := entity; e != nil; e = e.Parent() {
		said = append(said, e)
	}
	for _, e := range said {
		if attribute(e, "validUntil") != "" {
			until, ok := instant(e, "validUntil")
			if !ok {
				return refuse(ReasonMetadata, "validUntil is no time")
			}
			if p.ValidUntil.IsZero() || until.Before(p.ValidUntil) {
				p.ValidUntil = until
			}
		}
		var cache saml.Duration
		if value := attribute(e, "cacheDuration"); value != "" && cache.UnmarshalText([]byte(value)) == nil && cache > 0 {
			if d := time.Duration(cache); p.CacheDuration == 0 || d < p.CacheDuration {
				p.CacheDuration = d
			}
		}
	}
	return nil
}

// check refuses an identity provider with which nobody could sign in.
func (p *IdP) check(now time.Time) error {
	if !p.ValidUntil.IsZero() && !now.Before(p.ValidUntil) {
		return refuse(ReasonExpired, "the metadata was valid until %s only: fetch it again", p.ValidUntil.UTC().Format(time.DateOnly))
	}
	if len(p.SSO) == 0 {
		return refuse(ReasonEndpoint, "the metadata has no address for sign-in by redirect or post")
	}
	if len(p.Certificates) == 0 {
		return refuse(ReasonCertificates, "the metadata has no signing certificate that can be used")
	}
	if last := p.LastCertificate(); now.After(last) {
		return refuse(ReasonExpired, "every signing certificate in the metadata has expired, the last on %s: renew it at the identity provider",
			last.UTC().Format(time.DateOnly))
	}
	return nil
}
