package libredesk

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// arriving is a desk to which conversations for somebody come in while others
// are handed over.
type arriving struct {
	*libredesk
	arrive func()
	given  atomic.Int32
}

func (a *arriving) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if n := a.given.Add(1); n%10 == 5 && n < 40 {
		a.arrive()
	}
	return a.libredesk.Assign(ctx, conversation, to)
}

// TestLife has somebody join, move to another team with another role, and leave
// with forty conversations while more come in: each is handed over once.
func TestLife(t *testing.T) {
	b := real(t)
	s := storetest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	c := core.New(s, core.Policy{Grace: -1, Brake: reconcile.Brake{Off: true}}, log)
	by := provision.Cause{Actor: "test", Action: "test"}
	heir := person("Heir").Email
	settings := provision.Desk{Name: "support", Kind: "libredesk", Rate: 10_000, OnLeave: provision.LeaveDeactivate, HandOver: provision.HandOver{Agent: heir}}
	created, err := c.Settings.AddDesk(t.Context(), by, settings)
	must(t, err)
	conn, _, err := c.Settings.AddConnection(t.Context(), by, provision.Connection{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{"example.test"}})
	must(t, err)
	for group, grant := range map[string]provision.Rule{
		"support": {Role: provision.RoleAgent, Teams: []string{"Support Agents"}},
		"leads":   {Role: provision.RoleAdmin, Teams: []string{"Billing Agents"}},
	} {
		grant.Connection, grant.Desk, grant.Attribute, grant.Equals = conn.ID, created.ID, "group", group
		_, err := c.Settings.AddRuleUnchecked(t.Context(), by, grant)
		must(t, err)
	}
	seen := &arriving{libredesk: b.connect(catalogueOfTests...)}
	w := worker.New(worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings},
		func(provision.Desk) (desk.Desk, error) { return seen, nil }, log)

	// settle works off the queue until nothing is left to do now.
	settle := func() {
		t.Helper()
		for range 50 {
			runs, evaluate := storetest.TakeJobs(t, s)
			if len(runs) == 0 && !evaluate {
				return
			}
			must(t, c.Entitlement.EvaluateDirty(t.Context(), conn.ID))
			for _, id := range runs {
				_, err := w.Reconcile(t.Context(), id)
				must(t, err)
			}
		}
		t.Fatal("the queue does not run dry")
	}
	account := func(id provision.IdentityID, want provision.AccountState) provision.Account {
		t.Helper()
		settle()
		all, err := s.AccountsOf(t.Context(), []provision.IdentityID{id})
		must(t, err)
		if len(all) != 1 || all[0].State != want {
			t.Fatalf("accounts are %+v, want one that is %s", all, want)
		}
		return all[0]
	}
	hire := func(email string) provision.IdentityID {
		t.Helper()
		who, _, err := c.Directory.CreateIdentity(t.Context(), conn.ID, by, provision.Identity{UserName: email, ExternalID: email, Status: provision.StatusActive,
			Profile:    provision.Profile{GivenName: "Some", FamilyName: "Body", DisplayName: "Some Body", Email: email},
			Attributes: provision.Attributes{"group": {"support"}}})
		must(t, err)
		return who.ID
	}
	update := func(id provision.IdentityID, edit func(*provision.Identity)) {
		t.Helper()
		_, err := c.Directory.UpdatePerson(t.Context(), conn.ID, id, by, func(i *provision.Identity) error { edit(i); return nil })
		must(t, err)
	}

	heirs := account(hire(heir), provision.AccountReady).DeskUser
	who := hire(person("Life").Email)
	id := account(who, provision.AccountReady).DeskUser
	wantRoles(t, b, id, "Team Agent")

	update(who, func(i *provision.Identity) { i.Attributes = provision.Attributes{"group": {"leads"}} })
	account(who, provision.AccountReady)
	got, err := seen.Find(t.Context(), desk.Key{ID: id})
	must(t, err)
	if wantRoles(t, b, id, "Admin"); !slices.Equal(got.Teams, []string{"Billing Agents"}) {
		t.Errorf("after the move: %+v", got)
	}

	all := b.converse(id, 40)
	seen.arrive = func() { all = append(all, b.converse(id, 1)...) }
	update(who, func(i *provision.Identity) { i.Status = provision.StatusSuspended })
	account(who, provision.AccountEnded)
	if u := b.agent(id); u.Enabled || u.Availability != reassigning || len(u.Roles) > 0 {
		t.Errorf("the leaver is %+v", u)
	}
	if len(all) < 43 {
		t.Errorf("only %d conversations: none came in", len(all))
	}
	for _, conversation := range all {
		if got := b.assignee(conversation); got != (desk.Assignee{User: heirs}) {
			t.Errorf("conversation %s is assigned to %+v", conversation, got)
		}
	}
	entries, err := s.Entries(t.Context(), 0, 1000)
	must(t, err)
	var given []string
	for _, e := range entries {
		if e.Action == "conversation.handed_over" {
			given = append(given, e.Detail["conversation"].(string))
		}
	}
	slices.Sort(given)
	slices.Sort(all)
	if !slices.Equal(given, all) {
		t.Errorf("%d conversations, %d entries of a hand-over: %s", len(all), len(given), strings.Join(given, " "))
	}
}
