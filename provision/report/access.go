package report

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// AccessFilter selects who has access on a desk. Empty fields but Desk select
// all.
type AccessFilter struct {
	Desk       provision.DeskID
	Connection provision.ConnectionID
	Role       provision.Role
	Team       string
	Mailbox    string
}

// Access is somebody who has access on a desk, as the desk confirmed it.
type Access struct {
	Account provision.Account
	Person  provision.Identity // without document, addresses and attributes
	// Since is when the access that was asked for was given, as the audit log tells:
	// with a team, mailbox or role when that was, else when the desk user was made,
	// adopted or activated last. It is when the account was made where the audit
	// log tells nothing.
	Since time.Time
	// By is what gives it now: with a team, mailbox or role what gives that. It is
	// empty when nothing does any more, and the desk has not ended it yet.
	By []provision.Grant
}

// entriesAtOnce is how many audit entries are read at once.
const entriesAtOnce = 1000

// actions returns the audit actions that give what is asked for.
func (f *AccessFilter) actions() []provision.Action {
	actions := []provision.Action{audit.AccountCreated, audit.AccountAdopted, audit.AccountActivated}
	for action, asked := range map[provision.Action]bool{audit.AccountRoleChanged: f.Role != "", audit.AccountTeamsChanged: f.Team != "", audit.AccountMailboxesChanged: f.Mailbox != ""} {
		if asked {
			actions = append(actions, action)
		}
	}
	return actions
}

// Access returns a page of those who have access on a desk, whatever they should
// have. next is what the page after it begins with; "" on the last.
func (s *Service) Access(ctx context.Context, f AccessFilter, page Page) (found []Access, next string, _ error) {
	at, err := placeOf("access", page.After)
	if err != nil {
		return nil, "", err
	}
	limit := page.limit()
	accounts, err := s.store.ListAccess(ctx, AccessQuery{Desk: f.Desk, Connection: f.Connection, Role: f.Role, Team: f.Team, Mailbox: f.Mailbox,
		AfterState: provision.AccountState(at.Name), AfterID: provision.AccountID(at.ID), Limit: limit + 1})
	if err != nil || len(accounts) == 0 {
		return nil, "", err
	}
	if len(accounts) > limit {
		accounts = accounts[:limit]
		last := accounts[limit-1]
		next = place{List: "access", Name: string(last.State), ID: string(last.ID)}.text()
	}
	ids := make([]provision.IdentityID, len(accounts))
	for i, a := range accounts {
		ids[i] = a.Identity
	}
	rows, err := s.store.PeopleRows(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	people := make(map[provision.IdentityID]provision.Identity, len(rows))
	for _, r := range rows {
		people[r.ID] = r.Identity
	}
	since, err := s.since(ctx, f, ids)
	if err != nil {
		return nil, "", err
	}
	for _, a := range accounts {
		one := Access{Account: a, Person: people[a.Identity], Since: a.CreatedAt, By: givers(f, a.Desired)}
		if at, ok := since[a.ID]; ok {
			one.Since = at
		}
		found = append(found, one)
	}
	return found, next, nil
}

// since returns since when accounts of people have what is asked for.
func (s *Service) since(ctx context.Context, f AccessFilter, people []provision.IdentityID) (map[provision.AccountID]time.Time, error) {
	since := make(map[provision.AccountID]time.Time)
	q := EntryQuery{Desk: f.Desk, People: people, Actions: f.actions(), Limit: entriesAtOnce}
	for {
		entries, err := s.store.AccessEntries(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if f.given(e) {
				since[e.Account] = e.At
			}
		}
		if len(entries) < q.Limit {
			return since, nil
		}
		last := entries[len(entries)-1]
		q.After = audit.Place{At: last.At, ID: last.ID}
	}
}

// given reports whether an entry tells that what is asked for was given.
func (f *AccessFilter) given(e provision.Entry) bool {
	switch e.Action {
	case audit.AccountCreated, audit.AccountAdopted, audit.AccountActivated:
		return true
	case audit.AccountRoleChanged:
		return f.Role != "" && e.Detail["to"] == string(f.Role)
	case audit.AccountTeamsChanged:
		return f.Team != "" && adds(e, f.Team)
	case audit.AccountMailboxesChanged:
		return f.Mailbox != "" && adds(e, f.Mailbox)
	}
	return false
}

// adds reports whether an entry tells that a team or mailbox was added.
func adds(e provision.Entry, name string) bool {
	added, _ := e.Detail["add"].([]any)
	for _, a := range added {
		if text, ok := a.(string); ok && provision.Fold(text) == provision.Fold(name) {
			return true
		}
	}
	return false
}

// givers returns the grants that give what is asked for: all of them when that
// is access at all.
func givers(f AccessFilter, desired provision.Access) (by []provision.Grant) {
	if desired.Status != provision.AccessActive {
		return nil
	}
	for _, g := range desired.Grants {
		switch {
		case f.Team != "" && !provision.ContainsFold(g.Teams, f.Team),
			f.Mailbox != "" && !provision.ContainsFold(g.Mailboxes, f.Mailbox),
			f.Role != "" && g.Role != f.Role:
		default:
			by = append(by, g)
		}
	}
	return by
}
