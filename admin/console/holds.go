package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// decision is what an admin decides about losses.
type decision func(ctx context.Context, c provision.Cause, connection string, whom reconcile.Whom) (int, error)

// holdsPage is what mass-change protection holds.
type holdsPage struct {
	Holds   []hold
	Waiting int // requests that wait for a second admin
	Now     time.Time
}

// hold is what is on hold of one connection.
type hold struct {
	Connection string
	Since      *time.Time
	Limit      reconcile.Limit
	Causes     []string // what took the access away
	People     []held
	Kept       int // people of whom it was decided that they keep their access

	accounts []provision.Account
}

// All is what is decided about by the buttons for all of them.
func (one hold) All() any { return undecidedOf(one.accounts) }

// Of is what is decided about by the buttons for one of them.
func (one hold) Of(id provision.IdentityID) any {
	return undecidedOf(slices.DeleteFunc(slices.Clone(one.accounts), func(a provision.Account) bool { return a.Identity != id }))
}

// held is one account whose end is on hold.
type held struct {
	plan.Person
	Desk    string
	Has     provision.Access
	Since   *time.Time
	Meant   bool // suspended or removed: the identity provider meant this one person
	Decided bool // they keep their access
}

func (h *handler) holds(p *page) error {
	o, err := h.core.Plan.Overview(p.Context())
	if err != nil {
		return err
	}
	names, err := p.names()
	if err != nil {
		return err
	}
	waiting, err := h.core.SecondAdmin.List(p.Context())
	if err != nil {
		return err
	}
	body := holdsPage{Now: p.Now, Waiting: len(waiting)}
	at := make(map[provision.ConnectionID]*hold)
	for _, c := range o.Connections {
		one := &hold{Connection: c.Connection.Name, Since: c.Connection.HeldAt}
		at[c.Connection.ID] = one
	}
	for _, c := range o.Causes {
		if c.State != provision.AccountOnHold {
			continue
		}
		for _, a := range c.Accounts {
			if one := at[a.Connection]; one != nil {
				one.add(c, a, names)
			}
		}
	}
	for _, c := range o.Connections {
		one := at[c.Connection.ID]
		if len(one.People) == 0 {
			continue
		}
		if one.Limit, err = h.core.Reconcile.LimitOf(p.Context(), c.Connection.ID); err != nil {
			return err
		}
		body.Holds = append(body.Holds, *one)
	}
	return p.show(http.StatusOK, "holds", "/admin/holds", "Mass-change holds", layout.Frame{Body: body, Command: "deskbridge status"})
}

func (one *hold) add(c plan.Cause, a plan.Affected, names *names) {
	cause := a.Loss.Cause
	if cause == "" {
		cause = "the identity provider pushed it"
	}
	known := false
	for _, have := range one.Causes {
		known = known || have == cause
	}
	if !known {
		one.Causes = append(one.Causes, cause)
	}
	line := held{Person: a.Person, Desk: names.desk(a.Desk), Has: a.Confirmed, Since: a.Loss.Since, Meant: a.Loss.Explicit(), Decided: c.Code == provision.ReasonRejected}
	if line.Decided {
		one.Kept++
	}
	one.People, one.accounts = append(one.People, line), append(one.accounts, a.Account)
}

func (h *handler) releaseAll(p *page) error {
	name := p.PathValue("connection")
	if p.PostFormValue("name") != name {
		return provision.Errorf(provision.Invalid, "name", "type %s, the name of the connection, to have the access of all of them end", name)
	}
	return h.decideAll(p, h.core.Reconcile.Release, "released")
}

func (h *handler) rejectAll(p *page) error {
	return h.decideAll(p, h.core.Reconcile.Reject, "rejected")
}

func (h *handler) decideAll(p *page, decide decision, done string) error {
	n, err := decide(p.Context(), p.Cause(), p.PathValue("connection"), reconcile.Whom{All: true})
	if err != nil {
		return err
	}
	return p.Done("/admin/holds", done, n)
}
