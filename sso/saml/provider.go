package saml

import (
	"slices"
	"time"
)

const (
	defaultSkew = 120 * time.Second
	maxSkew     = time.Hour
)

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
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Skew == 0 {
		c.Skew = defaultSkew
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	idp, err := ParseMetadata(c.Metadata, c.IdPEntityID, c.Now())
	if err != nil {
		return nil, err
	}
	sp := &ServiceProvider{config: c, idp: idp}
	if sp.config.Binding == "" {
		sp.config.Binding = sp.preferred(idp.SSO)
	}
	if _, ok := endpoint(idp.SSO, sp.config.Binding); !ok {
		return nil, refuse(ReasonEndpoint, "the identity provider has no address for sign-in by %s", c.Binding)
	}
	return sp, nil
}

func (c Config) check() error {
	if c.EntityID == "" || len(c.EntityID) > maxEntityID {
		return refuse(ReasonSetting, "our entity ID is missing, or longer than %d characters", maxEntityID)
	}
	if !isAddress(c.ACSURL) || c.SLOURL != "" && !isAddress(c.SLOURL) {
		return refuse(ReasonSetting, "an address of ours is not of the form https://host/path")
	}
	if len(c.Keys) == 0 {
		return refuse(ReasonSetting, "we have no key")
	}
	for _, k := range c.Keys {
		if err := k.check(); err != nil {
			return err
		}
	}
	if c.Binding != "" && c.Binding != Redirect && c.Binding != Post {
		return refuse(ReasonSetting, "the binding is neither %s nor %s", Redirect, Post)
	}
	if c.Skew < 0 || c.Skew > maxSkew {
		return refuse(ReasonSetting, "the clock skew is not between 0 and %s", maxSkew)
	}
	if slices.Contains(c.AuthnContexts, "") {
		return refuse(ReasonSetting, "an empty authentication context")
	}
	return nil
}

// IdP returns the identity provider as the metadata describes it.
func (sp *ServiceProvider) IdP() IdP { return sp.idp }

// preferred returns the binding to use for endpoints. Redirect needs no form.
func (*ServiceProvider) preferred(endpoints []Endpoint) Binding {
	if _, ok := endpoint(endpoints, Redirect); ok {
		return Redirect
	}
	return Post
}

// endpoint returns the first endpoint with that binding.
func endpoint(endpoints []Endpoint, b Binding) (Endpoint, bool) {
	i := slices.IndexFunc(endpoints, func(e Endpoint) bool { return e.Binding == b })
	if i < 0 {
		return Endpoint{}, false
	}
	return endpoints[i], true
}

// trust returns who may sign at this moment.
func (sp *ServiceProvider) trust() trust {
	return trust{sp.idp.Certificates, sp.config.Now()}
}

// recovered turns a panic of a library into a refusal. None is known to be
// left; one that a stranger finds must not take the server down.
func recovered(err *error) {
	if recover() != nil {
		*err = refuse(ReasonInternal, "the message made a library fail")
	}
}
