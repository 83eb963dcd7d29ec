package deskidp

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/fetch"
	"github.com/deskbridge/deskbridge/provision"
)

// prefix is where everything of ours is.
const prefix = "/sso/idp"

// Options say where a Handler stands.
type Options struct {
	PublicURL string // what browsers see, without a slash at the end; never taken from a request
	Log       *slog.Logger
	RequestID func(context.Context) string // the reference on error pages, which the log and the audit log have too
	Door      Door
	Fetch     fetch.Options // which desks may be told of a sign-out over http or at private addresses

	// Kinds says what a kind of desk needs to be told by SAML: NameID and
	// Attributes. A kind that is missing is told the usual.
	Kinds map[provision.DeskKind]provision.DeskSAML

	Now func() time.Time // nil: the system's clock
}

// Door knows who is signed in to Deskbridge, and shows pages to people.
type Door interface {
	// Current returns who is signed in with the browser behind r; false when
	// nobody is.
	Current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, bool)
	// SignIn sends the browser to sign in, again if somebody is signed in, and
	// then to returnTo, which is a path of ours.
	SignIn(w http.ResponseWriter, r *http.Request, returnTo string)
	// Fail shows a page that says that it did not work, with a reference. reason
	// is stable and short; detail is for an admin, and holds nothing that came
	// with the request.
	Fail(w http.ResponseWriter, r *http.Request, status int, reason, detail string)
}

// Handler serves desks. It is safe for concurrent use.
type Handler struct {
	core    *provision.Service
	options Options
	door    Door
	log     *slog.Logger
	now     func() time.Time
	client  *http.Client
	keys    keyring
	routes  http.Handler
}

//go:embed static
var static embed.FS

// New returns the Handler for core.
func New(core *provision.Service, o Options) (*Handler, error) {
	public, err := url.Parse(o.PublicURL)
	switch {
	case err != nil || public.Host == "" || strings.HasSuffix(o.PublicURL, "/"):
		return nil, fmt.Errorf("idp: the public URL %q is no address without a slash at the end", o.PublicURL)
	case o.Door == nil:
		return nil, fmt.Errorf("idp: no door")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &Handler{core: core, options: o, door: o.Door, log: o.Log, now: o.Now, client: fetch.New(o.Fetch)}
	h.routes = h.mux()
	return h, nil
}

func (h *Handler) mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+prefix+"/static/", http.StripPrefix(prefix, http.FileServerFS(static)))

	mux.HandleFunc("GET "+prefix+"/saml/{desk}/metadata", h.samlMetadata)
	mux.HandleFunc("GET "+prefix+"/saml/{desk}/sso", h.samlRedirect)
	mux.HandleFunc("POST "+prefix+"/saml/{desk}/sso", h.samlPost)
	mux.HandleFunc("GET "+prefix+"/saml/{desk}/continue", h.samlContinue)
	mux.HandleFunc("GET "+prefix+"/saml/{desk}/launch", h.samlLaunch)

	mux.HandleFunc("GET "+issuerPath+"/.well-known/openid-configuration", h.discovery)
	mux.HandleFunc("GET "+issuerPath+"/jwks", h.jwks)
	mux.HandleFunc("GET "+issuerPath+"/authorize", h.authorize)
	mux.HandleFunc("POST "+issuerPath+"/authorize", h.authorizePost)
	mux.HandleFunc("GET "+issuerPath+"/continue", h.authorizeContinue)
	mux.HandleFunc("POST "+issuerPath+"/token", h.token)
	mux.HandleFunc("GET "+issuerPath+"/userinfo", h.userinfo)
	mux.HandleFunc("POST "+issuerPath+"/userinfo", h.userinfo)
	mux.HandleFunc("GET "+issuerPath+"/end-session", h.endSession)
	mux.HandleFunc("POST "+issuerPath+"/end-session", h.endSession)
	return mux
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "strict-origin") // desks compare the origin of a form; paths of ours are not theirs to see
	h.routes.ServeHTTP(w, r)
}

// LaunchURL returns where a sign-in to a desk begins for somebody who is signed
// in here; "" when it has none.
func (h *Handler) LaunchURL(d provision.Desk) string {
	switch {
	case d.SignIn.SAML != nil:
		return h.samlURL(d.Name, "launch")
	case d.SignIn.OIDC != nil && d.SignIn.OIDC.LoginURL != "":
		return d.SignIn.OIDC.LoginURL
	case d.SignIn.OIDC != nil && strings.HasPrefix(d.URL, "https://"):
		return d.URL
	}
	return ""
}

// cacheable lets documents be kept for some minutes: they change when keys do,
// and new keys are published long before they are used.
func cacheable(w http.ResponseWriter) { w.Header().Set("Cache-Control", "public, max-age=300") }
