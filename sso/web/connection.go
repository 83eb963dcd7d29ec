package web

import (
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
)

// SwitchedOff answers that nobody can sign in at a connection for now.
func (s *Site) SwitchedOff(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	s.Refuse(w, r, Refusal{Status: http.StatusForbidden, Connection: conn, Reason: provision.RefusedDisabled, Detail: "sign-in is switched off",
		Person: "Signing in is switched off here at the moment. Your IT department knows why."})
}

// Crowded answers with 429, and reports so, when a connection is asked for more
// of one kind than all its people together would, by an address that has had
// its modest share.
func (s *Site) Crowded(w http.ResponseWriter, r *http.Request, conn provision.Connection, kind string) bool {
	if s.requests.Connection(conn.ID, kind, s.ClientAddress(r)) {
		return false
	}
	w.Header().Set("Retry-After", "5")
	s.Refuse(w, r, Refusal{Status: http.StatusTooManyRequests, Connection: conn, Reason: "rate", Detail: "too many requests to one connection: " + kind,
		Person: "Very many people are signing in at this moment. Please try again in a few seconds."})
	return true
}
