package sso

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/web"
)

// peers are the identity providers of the connections, ready to be spoken to.
// What an admin changes at run time is seen at the next request, because each
// is made anew when anything that it was made from has changed.
type peers struct {
	handler *Handler
	mu      sync.Mutex
	saml    map[provision.ConnectionID]*samlPeer
	oidc    map[provision.ConnectionID]*oidcPeer

	keys map[provision.KeyUse]ownKeys
}

// ownKeys are keys of ours, and when they were read.
type ownKeys struct {
	keys []provision.Key
	at   time.Time
}

// makers make the first key of each use.
var makers = map[provision.KeyUse]provision.MakeKey{provision.KeySAML: newSAMLKey, provision.KeyOIDC: NewClientKey}

// keysFor is how long our own keys are not read again. A new one is published
// long before it signs.
const keysFor = 5 * time.Second

// ourKeys returns our keys for a use. The first one signs; there is at least one.
func (p *peers) ourKeys(ctx context.Context, use provision.KeyUse) ([]provision.Key, error) {
	p.mu.Lock()
	own := p.keys[use]
	p.mu.Unlock()
	if age := p.handler.site.Now().Sub(own.at); age >= 0 && age < keysFor {
		return own.keys, nil
	}
	keys, err := p.handler.core.Keys(ctx, use, makers[use])
	if err == nil {
		p.mu.Lock()
		p.keys[use] = ownKeys{keys, p.handler.site.Now()}
		p.mu.Unlock()
	}
	return keys, err
}

type samlPeer struct {
	made [sha256.Size]byte // digest of what it was made from
	*saml.ServiceProvider
	settings SAMLSettings
}

type oidcPeer struct {
	made     [sha256.Size]byte
	once     sync.Mutex // one discovery at a time
	rp       *oidc.RelyingParty
	spoken   atomic.Pointer[oidc.RelyingParty] // rp, for who does not wait for a discovery
	failed   error                             // what the last discovery came to
	again    time.Time                         // after a failure: when to try next
	settings OIDCSettings
	key      oidc.ClientKey // of ours; none where we have a secret
}

// Who begins a sign-in makes us ask the identity provider, as long as we know
// nothing of it. While it is out of order, it is asked no more often than this,
// however many come: while nothing is known of it, and while what is known serves.
const (
	askAgain      = 10 * time.Second
	askAgainKnown = time.Minute
)

func newPeers(h *Handler) *peers {
	return &peers{handler: h, saml: make(map[provision.ConnectionID]*samlPeer), oidc: make(map[provision.ConnectionID]*oidcPeer),
		keys: make(map[provision.KeyUse]ownKeys)}
}

// errNoProtocol says that a connection has no such way to sign in.
var errNoProtocol = &provision.Error{Code: provision.Denied, Field: "protocol", Detail: "signing in is not set up here"}

// URLs of a connection.
func (h *Handler) at(conn provision.Connection, path string) string {
	return h.site.PublicURL + "/sso/" + conn.Name + path
}

// SAML returns the connection's service provider.
func (p *peers) SAML(ctx context.Context, conn provision.Connection) (*samlPeer, error) {
	if len(conn.SignIn.SAML) == 0 {
		return nil, errNoProtocol
	}
	settings, err := parseSAML(conn.SignIn.SAML)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", conn.Name, err)
	}
	keys, err := p.ourKeys(ctx, provision.KeySAML)
	if err != nil {
		return nil, err
	}
	metadata, err := p.metadata(ctx, conn, settings)
	if err != nil {
		return nil, err
	}
	made := digest(conn.Name, conn.SignIn.SAML, metadata, keys)
	p.mu.Lock()
	known := p.saml[conn.ID]
	p.mu.Unlock()
	if known != nil && known.made == made && !expired(known.IdP(), p.handler.site.Now()) {
		return known, nil
	}
	ours, err := samlKeys(keys)
	if err != nil {
		return nil, err
	}
	sp, err := saml.New(saml.Config{
		EntityID: p.handler.at(conn, "/saml/metadata"), ACSURL: p.handler.at(conn, "/saml/acs"), SLOURL: p.handler.at(conn, "/saml/slo"),
		Metadata: metadata, IdPEntityID: settings.EntityID, Keys: ours,
		ForceAuthn: settings.ForceAuthn, AuthnContexts: settings.AuthnContexts, NameIDFormat: settings.NameIDFormat, Binding: settings.Binding,
		RequireEncryption: settings.RequireEncryption, RequireSignedResponse: settings.RequireSignedResponse, AllowSHA1: settings.AllowSHA1,
		Now: p.handler.site.Now,
	})
	if err != nil {
		return nil, err
	}
	fresh := &samlPeer{made: made, ServiceProvider: sp, settings: settings}
	p.mu.Lock()
	p.saml[conn.ID] = fresh
	p.mu.Unlock()
	return fresh, nil
}

func expired(idp saml.IdP, now time.Time) bool {
	return !idp.ValidUntil.IsZero() && !now.Before(idp.ValidUntil)
}

// metadata returns the identity provider's metadata: what the settings hold, or
// what was last fetched; the first time it is fetched now.
func (p *peers) metadata(ctx context.Context, conn provision.Connection, settings SAMLSettings) ([]byte, error) {
	if settings.MetadataURL == "" {
		return settings.fixedMetadata(p.handler.site.Now())
	}
	kept, err := p.handler.core.Metadata(ctx, conn.ID)
	if err == nil && kept.URL == settings.MetadataURL && len(kept.Body) > 0 {
		return kept.Body, nil
	}
	if err != nil && !web.IsCode(err, provision.NotFound) {
		return nil, err
	}
	if kept.URL == settings.MetadataURL && kept.Problem != "" && p.handler.site.Now().Sub(kept.TriedAt) < askAgain {
		return nil, &provision.Error{Code: provision.Denied, Field: "metadata", Detail: kept.Problem}
	}
	// Whoever began this may go away; others come.
	return p.handler.Refresh(context.WithoutCancel(ctx), conn)
}

// digest tells whether anything among what a peer is made from has changed.
func digest(parts ...any) [sha256.Size]byte {
	text, err := json.Marshal(parts)
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(text)
}

// newSAMLKey makes a key pair of ours.
func newSAMLKey() (private, certificate []byte, err error) {
	key, err := saml.NewKey("Deskbridge", time.Now())
	if err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key.Private)
	return private, key.Certificate.Raw, err
}

// NewSAMLKey makes a key pair for signing requests to identity providers.
func NewSAMLKey() (private, certificate []byte, err error) { return newSAMLKey() }

func samlKeys(keys []provision.Key) ([]saml.Key, error) {
	out := make([]saml.Key, len(keys))
	for i, k := range keys {
		private, err := x509.ParsePKCS8PrivateKey(k.Private)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		signer, ok := private.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("key %s cannot sign", k.ID)
		}
		certificate, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		out[i] = saml.Key{Private: signer, Certificate: certificate}
	}
	return out, nil
}

// OIDC returns the connection's relying party.
func (p *peers) OIDC(ctx context.Context, conn provision.Connection) (*oidc.RelyingParty, OIDCSettings, error) {
	if len(conn.SignIn.OIDC) == 0 {
		return nil, OIDCSettings{}, errNoProtocol
	}
	settings, err := parseOIDC(conn.SignIn.OIDC)
	if err != nil {
		return nil, settings, fmt.Errorf("connection %s: %w", conn.Name, err)
	}
	key, err := p.clientKey(ctx, settings)
	if err != nil {
		return nil, settings, err
	}
	made := digest(conn.Name, conn.IdP, conn.Domains, conn.SignIn.OIDC, key.ID)
	p.mu.Lock()
	peer := p.oidc[conn.ID]
	if peer == nil || peer.made != made {
		peer = &oidcPeer{made: made, settings: settings, key: key}
		p.oidc[conn.ID] = peer
	}
	p.mu.Unlock()
	peer.once.Lock()
	defer peer.once.Unlock()
	if now := p.handler.site.Now(); (peer.rp == nil || peer.rp.Stale(now)) && !now.Before(peer.again) {
		p.discover(ctx, conn, peer)
	}
	if peer.rp == nil {
		return nil, settings, peer.failed
	}
	return peer.rp, settings, nil
}

// discover asks the provider about itself. If it does not answer, what it said
// before goes on to serve.
func (p *peers) discover(ctx context.Context, conn provision.Connection, peer *oidcPeer) {
	// Whoever began this may go away; others wait for it.
	rp, err := oidc.Discover(context.WithoutCancel(ctx), p.handler.oidcConfig(conn, peer))
	if err == nil {
		peer.rp, peer.failed = rp, nil
		peer.spoken.Store(rp)
		return
	}
	p.handler.metrics.fetchFailed(conn, documentDiscovery)
	peer.failed, peer.again = err, p.handler.site.Now().Add(askAgain)
	if peer.rp != nil {
		peer.again = p.handler.site.Now().Add(askAgainKnown)
		p.handler.site.Log.WarnContext(ctx, "discovery failed; going on with what was known", "connection", conn.Name, "err", err)
	}
}

// known returns the identity provider of a connection as it was last spoken to
// or looked at; nil when it never was.
func (p *peers) known(conn provision.ConnectionID) *samlPeer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saml[conn]
}

// spoken returns the OpenID provider of a connection as it was last discovered;
// nil when it never was. It waits for nobody.
func (p *peers) spoken(conn provision.ConnectionID) *oidc.RelyingParty {
	p.mu.Lock()
	defer p.mu.Unlock()
	if peer := p.oidc[conn]; peer != nil {
		return peer.spoken.Load()
	}
	return nil
}

// forget has an admin who looks at a connection see how it is now.
func (p *peers) forget(conn provision.ConnectionID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.oidc, conn)
}

func (h *Handler) oidcConfig(conn provision.Connection, peer *oidcPeer) oidc.Config {
	s := peer.settings
	c := oidc.Config{
		Issuer: s.Issuer, ClientID: s.ClientID, ClientSecret: s.ClientSecret, AuthMethod: s.AuthMethod, PrivateKey: peer.key,
		RedirectURL: h.at(conn, "/oidc/callback"), Scopes: s.Scopes, Prompt: s.Prompt, ACRValues: s.ACRValues,
		UserInfo: s.UserInfo, GroupsClaim: s.Claims[ClaimGroups], Entra: conn.IdP == provision.IdPEntra,
		Fetch: h.options.Fetch, Client: h.client, Now: h.site.Now,
		KeysFailed: func() { h.metrics.fetchFailed(conn, documentJWKS) },
	}
	if conn.IdP == provision.IdPGoogle {
		c.HostedDomains = conn.Domains
	}
	return c
}

// ours returns the metadata of our side of a connection, whether or not the
// identity provider is known yet.
func (p *peers) ours(conn provision.Connection, keys []provision.Key) ([]byte, error) {
	own, err := samlKeys(keys)
	if err != nil {
		return nil, err
	}
	c := saml.Config{EntityID: p.handler.at(conn, "/saml/metadata"), ACSURL: p.handler.at(conn, "/saml/acs"), SLOURL: p.handler.at(conn, "/saml/slo"), Keys: own}
	if settings, err := parseSAML(conn.SignIn.SAML); len(conn.SignIn.SAML) > 0 && err == nil {
		c.NameIDFormat = settings.NameIDFormat
	}
	return saml.OwnMetadata(c, p.handler.site.Now())
}
