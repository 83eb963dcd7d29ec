package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

// SecondAdmin is what one admin has asked for, and another has not.
type SecondAdmin struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind" enum:"release,apply,remove-connection,remove-desk"`
	What     string    `json:"what" doc:"in words"`
	Subject  string    `json:"subject" doc:"id of the connection or desk, or hash of the plan"`
	People   []string  `json:"people,omitempty" doc:"ids, of a release that names people"`
	Accounts int       `json:"accounts" doc:"that would lose access"`
	AskedBy  string    `json:"asked_by" doc:"actor, as in the audit log"`
	TokenOf  string    `json:"token_of,omitempty" doc:"whose token that is"`
	AskedAt  time.Time `json:"asked_at"`
	Until    time.Time `json:"until"`
}

// SecondAdminOf returns what the API tells of r.
func SecondAdminOf(r secondadmin.Request) SecondAdmin {
	out := SecondAdmin{ID: string(r.ID), Kind: string(r.Kind), What: r.What, Subject: r.Subject, Accounts: r.Accounts, AskedBy: r.By, TokenOf: r.Behind, AskedAt: r.AskedAt, Until: r.Until}
	for _, p := range r.People {
		out.People = append(out.People, string(p))
	}
	return out
}
