package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/request"
)

// Request is what an identity provider, or somebody who signs in, asked for, and what
// came of it: never what was sent. People and groups are named by id.
type Request struct {
	ID         string    `json:"id" doc:"entries of the audit log that it caused have it too"`
	At         time.Time `json:"at"`
	Connection string    `json:"connection,omitempty" doc:"id; absent: unknown"`
	Token      string    `json:"token,omitempty" doc:"its name"`
	Method     string    `json:"method"`
	Route      string    `json:"route" doc:"what the path matched"`
	Says       string    `json:"says" doc:"what was asked for, in words"`
	Person     string    `json:"person,omitempty" doc:"id"`
	Group      string    `json:"group,omitempty" doc:"id"`
	HeldBy     string    `json:"held_by,omitempty" doc:"id of the person who has what was asked for already"`
	Status     int       `json:"status" doc:"of HTTP"`
	Code       string    `json:"code,omitempty" doc:"SCIM error type, or the reason of a refused sign-in"`
	Reason     string    `json:"reason,omitempty" doc:"why it was refused, in words"`
	MS         float64   `json:"ms" doc:"how long it took, in milliseconds"`
	Address    string    `json:"address,omitempty" doc:"of the client"`
	Entries    int       `json:"audit_entries" doc:"that it caused"`
	Accounts   int       `json:"accounts" doc:"that are to change because of it"`
}

// RequestOf returns a request as it is kept.
func RequestOf(r request.Record) Request {
	return Request{r.ID, r.At, string(r.Connection), r.Token, r.Method, r.Route, r.Says(), string(r.Identity), string(r.Group), string(r.Holder),
		r.Status, r.Code, r.Reason, float64(r.Took.Microseconds()) / 1000, r.Address, r.Entries, r.Accounts}
}
