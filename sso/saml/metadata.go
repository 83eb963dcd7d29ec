package saml

import (
	"crypto/x509"
	"time"
)

// IdP is an identity provider, as its metadata describes it.
type IdP struct {
	EntityID     string
	SSO          []Endpoint          // where sign-in requests go
	SLO          []Endpoint          // where logout messages go; often none
	Certificates []*x509.Certificate // for signatures, expired ones too; each is tried

	ValidUntil    time.Time     // when the metadata must no longer be used; zero: not said
	CacheDuration time.Duration // how often to fetch it again; 0: not said

	WantAuthnRequestsSigned bool     // we sign them anyway
	Warnings                []string // for an admin: what was left out, and why
}

// Endpoint is an address of the identity provider for one binding.
type Endpoint struct {
	Binding          Binding
	Location         string // http or https
	ResponseLocation string // where answers to its own requests go; "": Location
}

// LastCertificate returns when the last certificate runs out. From then on
// nobody can sign in.
func (p IdP) LastCertificate() time.Time {
	var last time.Time
	for _, c := range p.Certificates {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	return last
}

// DaysLeft returns for how many whole days from now both the metadata and a
// certificate in it are good; negative when they no longer are.
func (p IdP) DaysLeft(now time.Time) int {
	end := p.LastCertificate()
	if !p.ValidUntil.IsZero() && p.ValidUntil.Before(end) {
		end = p.ValidUntil
	}
	return int(end.Sub(now).Hours()) / 24
}
