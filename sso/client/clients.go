package client

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/web"
)

// Clients are the identity providers of the connections, one IdP client each.
// What an admin changes at run time is seen at the next request, because each
// is made anew when anything that it was made from has changed. They are safe
// for concurrent use.
type Clients struct {
	core  Core
	site  *web.Site
	fetch fetch.Options // which hosts may be asked over http or at private addresses
	http  *http.Client

	mu   sync.Mutex
	saml map[provision.ConnectionID]*SAMLClient
	oidc map[provision.ConnectionID]*oidcClient
	keys map[settings.KeyUse]ownKeys

	asking  map[provision.ConnectionID]chan struct{}   // who holds it fetches metadata for a new key; mu
	askKeys *ratelimit.Limiter[provision.ConnectionID] // how often that is done

	overages    sync.Map // provision.ConnectionID → the last day on which groups did not fit
	fetchErrors *prometheus.CounterVec
}

// Who begins a sign-in makes us ask the identity provider, as long as we know
// nothing of it. While it is out of order, it is asked no more often than this,
// however many come: while nothing is known of it, and while what is known serves.
const (
	askAgain       = 10 * time.Second
	askAgainCached = time.Minute
)

// New returns the Clients of core's connections. Options say which hosts may be
// asked over http or at private addresses.
func New(core Core, site *web.Site, o fetch.Options) *Clients {
	return &Clients{core: core, site: site, fetch: o, http: fetch.New(o),
		saml: make(map[provision.ConnectionID]*SAMLClient), oidc: make(map[provision.ConnectionID]*oidcClient),
		keys: make(map[settings.KeyUse]ownKeys), asking: make(map[provision.ConnectionID]chan struct{}),
		askKeys: ratelimit.New[provision.ConnectionID](askKeysSecond, askKeys, maxAskKeys, site.Now), fetchErrors: newFetchErrors()}
}

// errNoProtocol says that a connection has no such way to sign in.
var errNoProtocol = &provision.Error{Code: provision.Denied, Reason: "protocol", Detail: "signing in is not set up here"}

// at returns where browsers find something of a connection.
func (cs *Clients) at(conn provision.Connection, path string) string {
	return cs.site.PublicURL + "/sso/" + conn.Name + path
}
