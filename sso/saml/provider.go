package saml

import "time"

// ServiceProvider speaks with one identity provider. It never changes, and may
// be used by many at once.
type ServiceProvider struct {
	config Config
	idp    IdP
}

// New checks c, reads the metadata in it, and returns the service provider for
// it. It does no I/O. Whoever keeps it for long must make a new one when the
// metadata has run out ([IdP.ValidUntil]).
func New(c Config) (*ServiceProvider, error) {
	return nil, refuse(ReasonInternal, "not read yet")
}

// IdP returns the identity provider as the metadata describes it.
func (sp *ServiceProvider) IdP() IdP { return sp.idp }

// Metadata returns our metadata, for the identity provider: entity ID,
// addresses, all certificates that are good at now, and what we can do. It
// names no end of validity: an identity provider that imported it once would
// stop working then.
func (sp *ServiceProvider) Metadata(now time.Time) ([]byte, error) {
	return nil, refuse(ReasonInternal, "not written yet")
}
