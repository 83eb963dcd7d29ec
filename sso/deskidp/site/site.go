// Package site holds what signing in to a desk stands on, whichever protocol the
// desk speaks: who sits at the browser, attribute release, the keys that sign,
// and how somebody is refused.
//
// The package knows neither SAML nor OpenID Connect, nor how people sign in
// here, nor the database.
package site

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/ticket"
)

// Prefix is where everything is that desks and their people come to.
const Prefix = "/sso/idp"

const (
	// PendingLife is how long somebody may take to sign in before they go on to
	// a desk.
	PendingLife = 15 * time.Minute
	// PendingQuery names the parameter that says which of what waits for them at
	// their browser goes on.
	PendingQuery = "request"

	// MaxForm is how many bytes of a form are read.
	MaxForm = 64 << 10
	// MaxState is how many bytes a desk may have carried to and fro: a state, or
	// a RelayState. SAML bindings §3.4.3 says 80, and many send an address.
	MaxState = 1024
)

// Portal is where people sign in to Deskbridge: it knows who is signed in, and
// shows pages to people.
type Portal interface {
	// Current returns who is signed in with the browser behind r; false when
	// nobody is.
	Current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, bool)
	// SignIn sends the browser to sign in, again if somebody is signed in, as
	// the desk of that name demands it, and then to returnTo, which is a path of
	// ours. Whether the demand was met is for the caller to see.
	SignIn(w http.ResponseWriter, r *http.Request, returnTo, desk string, demand session.Demand)
	// Fail shows a page that says that it did not work, with a reference. reason
	// is stable and short; detail is for an admin, and holds nothing that came
	// with the request.
	Fail(w http.ResponseWriter, r *http.Request, status int, reason, detail string)
}

// Site is where a protocol stands. It is safe for concurrent use; all fields but
// RequestID and Strangers are needed.
type Site struct {
	Core      Core
	PublicURL string // what browsers see, without a slash at the end; never taken from a request
	Log       *slog.Logger
	Now       func() time.Time
	Portal    Portal
	RequestID func(context.Context) string // the reference on error pages, which the log and the audit log have too

	Jar       ticket.Jar                   // keeps what waits for somebody at their browser
	Strangers *ratelimit.Limiter[Stranger] // how often strangers are told of in the audit log; nil: always

	keys keyring
}

// Stranger is what is counted of refusals of whoever has not signed in.
type Stranger struct {
	Desk   provision.DeskID
	Reason string
}

// NewStrangers returns the limit of audit entries about strangers: an admin sees
// that a desk is set up wrongly, and nobody fills the database.
func NewStrangers(now func() time.Time) *ratelimit.Limiter[Stranger] {
	const entries, perSecond, remembered = 20, 1.0 / 60, 1000
	return ratelimit.New[Stranger](perSecond, entries, remembered, now)
}

// ReadForm reads a posted form of a bearable size.
func ReadForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, MaxForm)
	return r.ParseForm()
}

// Cacheable lets documents be kept for some minutes: they change when keys do,
// and new keys are published long before they are used.
func Cacheable(w http.ResponseWriter) { w.Header().Set("Cache-Control", "public, max-age=300") }
