package web

import (
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const sessionCookie = "deskbridge_session"

// SessionSecret returns what the browser shows for its session; "" when it has
// none.
func (s *Site) SessionSecret(r *http.Request) string { return s.Cookie(r, sessionCookie) }

// SetSession gives the browser a session.
func (s *Site) SetSession(w http.ResponseWriter, secret string, life time.Duration) {
	s.SetCookie(w, sessionCookie, secret, life)
}

// ClearSession has the browser forget its session.
func (s *Site) ClearSession(w http.ResponseWriter) { s.ClearCookie(w, sessionCookie) }

// Current returns who is signed in in this browser; Denied when nobody is.
func (s *Site) Current(r *http.Request) (provision.Session, provision.Identity, provision.Connection, error) {
	return s.core.Sessions.Session(r.Context(), s.SessionSecret(r))
}
