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

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/deskidp/oidc"
	"github.com/deskbridge/deskbridge/sso/deskidp/saml"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
	"github.com/deskbridge/deskbridge/sso/ticket"
)

// Options say where a Handler stands.
type Options struct {
	PublicURL string // what browsers see, without a slash at the end; never taken from a request
	Log       *slog.Logger
	RequestID func(context.Context) string // the reference on error pages, which the log and the audit log have too
	Portal    site.Portal
	Fetch     fetch.Options // which desks may get logout notices over http or at private addresses

	// Kinds is the attribute release by SAML that a kind of desk needs: NameID
	// and Attributes. A kind that is missing gets the usual one.
	Kinds map[provision.DeskKind]protocol.DeskSAML

	Now func() time.Time // nil: the system's clock
}

// Handler serves desks. It is safe for concurrent use.
type Handler struct {
	site   *site.Site
	saml   *saml.Handler
	oidc   *oidc.Handler
	routes http.Handler
}

//go:embed static
var static embed.FS

// NewKey makes a key pair for signing what desks are told; it is what
// [settings.Service.RotateKey] wants for [settings.KeyDesk].
func NewKey() (private, certificate []byte, err error) { return site.NewKey() }

// New returns the Handler for core.
func New(core Core, o Options) (*Handler, error) {
	public, err := url.Parse(o.PublicURL)
	switch {
	case err != nil || public.Host == "" || strings.HasSuffix(o.PublicURL, "/"):
		return nil, fmt.Errorf("idp: the public URL %q is no address without a slash at the end", o.PublicURL)
	case o.Portal == nil:
		return nil, fmt.Errorf("idp: no portal")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	at := &site.Site{Core: site.Core(core), PublicURL: o.PublicURL, Log: o.Log, Now: o.Now, Portal: o.Portal, RequestID: o.RequestID,
		Jar: ticket.NewJar(core.Sessions, o.PublicURL), Strangers: site.NewStrangers(o.Now)}
	h := &Handler{site: at, saml: saml.New(at, o.Kinds), oidc: oidc.New(at, fetch.New(o.Fetch))}
	h.routes = h.mux()
	return h, nil
}

func (h *Handler) mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+site.Prefix+"/static/", http.StripPrefix(site.Prefix, http.FileServerFS(static)))
	h.saml.Routes(mux)
	h.oidc.Routes(mux)
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
		return h.saml.LaunchURL(d)
	case d.SignIn.OIDC != nil && d.SignIn.OIDC.LoginURL != "":
		return d.SignIn.OIDC.LoginURL
	case d.SignIn.OIDC != nil && strings.HasPrefix(d.URL, "https://"):
		return d.URL
	}
	return ""
}
