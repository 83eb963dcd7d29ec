package client

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

type oidcClient struct {
	made       madeOIDC
	once       sync.Mutex // one discovery at a time
	rp         *oidc.RelyingParty
	discovered atomic.Pointer[oidc.RelyingParty] // rp, for who does not wait for a discovery
	failed     error                             // what the last discovery came to
	again      time.Time                         // after a failure: when to try next
	settings   protocol.OIDC
	key        oidc.ClientKey // of ours; none where we have a secret
}

// madeOIDC is what an oidcClient is made from. It is shared with others, and nobody
// changes it.
type madeOIDC struct {
	name     string
	idp      provision.IdP
	domains  []string
	settings *protocol.OIDC
	key      string
	offline  bool
}

// OIDC returns the connection's relying party.
func (cs *Clients) OIDC(ctx context.Context, conn provision.Connection) (*oidc.RelyingParty, protocol.OIDC, error) {
	if conn.SignIn.OIDC == nil {
		return nil, protocol.OIDC{}, errNoProtocol
	}
	settings := *conn.SignIn.OIDC
	if err := settings.Readable(); err != nil {
		return nil, settings, fmt.Errorf("connection %s: %w", conn.Name, err)
	}
	key, err := cs.clientKey(ctx, settings)
	if err != nil {
		return nil, settings, err
	}
	made := madeOIDC{conn.Name, conn.IdP, conn.Domains, conn.SignIn.OIDC, key.ID, conn.SignIn.Recheck > 0}
	cs.mu.Lock()
	client := cs.oidc[conn.ID]
	if client == nil || !reflect.DeepEqual(client.made, made) {
		client = &oidcClient{made: made, settings: settings, key: key}
		cs.oidc[conn.ID] = client
	}
	cs.mu.Unlock()
	client.once.Lock()
	defer client.once.Unlock()
	if now := cs.site.Now(); (client.rp == nil || client.rp.Stale(now)) && !now.Before(client.again) {
		cs.discover(ctx, conn, client)
	}
	if client.rp == nil {
		return nil, settings, client.failed
	}
	return client.rp, settings, nil
}

// discover asks the provider about itself. If it does not answer, what it said
// before goes on to serve.
func (cs *Clients) discover(ctx context.Context, conn provision.Connection, client *oidcClient) {
	// Whoever began this may go away; others wait for it.
	rp, err := oidc.Discover(context.WithoutCancel(ctx), cs.oidcConfig(conn, client))
	if err == nil {
		client.rp, client.failed = rp, nil
		client.discovered.Store(rp)
		return
	}
	cs.fetchFailed(conn, documentDiscovery)
	client.failed, client.again = err, cs.site.Now().Add(askAgain)
	if client.rp != nil {
		client.again = cs.site.Now().Add(askAgainCached)
		cs.site.Log.WarnContext(ctx, "discovery failed; going on with what was last discovered", "connection", conn.Name, "err", err)
	}
}

// lastDiscovered returns the OpenID provider of a connection as it was last discovered;
// nil when it never was. It waits for nobody.
func (cs *Clients) lastDiscovered(conn provision.ConnectionID) *oidc.RelyingParty {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if client := cs.oidc[conn]; client != nil {
		return client.discovered.Load()
	}
	return nil
}

// forget has an admin who looks at a connection see how it is now.
func (cs *Clients) forget(conn provision.ConnectionID) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.oidc, conn)
}

func (cs *Clients) oidcConfig(conn provision.Connection, client *oidcClient) oidc.Config {
	s := client.settings
	c := oidc.Config{
		Issuer: s.Issuer, ClientID: s.ClientID, ClientSecret: s.ClientSecret, AuthMethod: s.AuthMethod, PrivateKey: client.key,
		RedirectURL: cs.at(conn, "/oidc/callback"), Scopes: s.Scopes, Prompt: s.Prompt, ACRValues: s.ACRValues,
		Offline: conn.SignIn.Recheck > 0, UserInfo: s.UserInfo, GroupsClaim: s.Claims[protocol.ClaimGroups], Entra: conn.IdP == provision.IdPEntra,
		Fetch: cs.fetch, Client: cs.http, Now: cs.site.Now,
		KeysFailed: func() { cs.fetchFailed(conn, documentJWKS) },
	}
	if conn.IdP == provision.IdPGoogle {
		c.HostedDomains = conn.Domains
	}
	return c
}
