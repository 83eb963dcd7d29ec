package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/report"
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
	Count      int      // accounts
	People     []held   // a page of them
	More       int      // behind the page
	Next       provision.AccountID

	undecided map[provision.IdentityID][]undecided
	ids       []report.HeldID
}

// mostHeld is how many accounts of a connection the page shows.
const mostHeld = 100

// All is what is decided about by the buttons for all of them.
func (one hold) All() any { return undecidedOf(one.ids) }

// Of is what is decided about by the buttons for one of them.
func (one hold) Of(id provision.IdentityID) any { return one.undecided[id] }

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
	names, err := p.names()
	if err != nil {
		return err
	}
	waiting, err := h.core.SecondAdmin.List(p.Context())
	if err != nil {
		return err
	}
	body := holdsPage{Now: p.Now, Waiting: len(waiting)}
	only, after := p.URL.Query().Get("connection"), provision.AccountID(p.URL.Query().Get("after"))
	for _, c := range names.connections {
		if only != "" && c.Name != only {
			continue
		}
		ids, err := h.core.Report.HeldIDs(p.Context(), c.ID)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		one := newHold(c, ids)
		if one.Limit, err = h.core.Reconcile.LimitOf(p.Context(), c.ID); err != nil {
			return err
		}
		page, err := h.core.Report.Held(p.Context(), c.ID, after, mostHeld)
		if err != nil {
			return err
		}
		for _, a := range page {
			one.People = append(one.People, held{Person: plan.PersonOf(a.Person), Desk: names.desk(a.Account.Desk), Has: a.Account.Confirmed, Since: a.Account.Loss.Since, Meant: a.Account.Loss.Explicit(),
				Decided: a.Account.ReasonCode == provision.ReasonRejected})
			one.Next = a.Account.ID
		}
		for _, id := range ids {
			if id.Account > one.Next {
				one.More++
			}
		}
		body.Holds = append(body.Holds, one)
	}
	return p.show(http.StatusOK, "holds", "/admin/holds", "Mass-change holds", layout.Frame{Body: body, Command: "deskbridge status"})
}

// newHold is what is on hold of a connection, without anybody's name.
func newHold(c provision.Connection, ids []report.HeldID) hold {
	one := hold{Connection: c.Name, Since: c.HeldAt, Count: len(ids), ids: ids, undecided: make(map[provision.IdentityID][]undecided)}
	for _, id := range ids {
		one.undecided[id.Person] = append(one.undecided[id.Person], undecided{id.Account, id.Code})
		if cause := cmp.Or(id.Cause, "the identity provider pushed it"); !slices.Contains(one.Causes, cause) {
			one.Causes = append(one.Causes, cause)
		}
	}
	return one
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
