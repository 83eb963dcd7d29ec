package web

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
)

type confirmKey struct{}

// Presuming returns ctx for a request that takes its connection for what it was a
// moment ago; confirm says what stands against that, see [Route.Presumes].
func Presuming(ctx context.Context, confirm func() error) context.Context {
	return context.WithValue(ctx, confirmKey{}, confirm)
}

// Confirmed reports whether the connection of a request is what the request was
// told that it is. If not, the request begins anew, or the database does not
// answer: nothing is noted of it, and what it is answered with is dropped.
func (s *Site) Confirmed(r *http.Request) bool { return Confirm(r.Context()) == nil }

// Confirm is [Site.Confirmed] for whoever has no more of a request than its context:
// it returns what stands against going on.
func Confirm(ctx context.Context) error {
	if confirm, presumes := ctx.Value(confirmKey{}).(func() error); presumes {
		return confirm()
	}
	return nil
}

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
