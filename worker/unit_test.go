package worker_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/worker"
)

// numbered is a desk that tells the ids of its teams and mailboxes.
type numbered struct{ faulty }

func (n numbered) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	return n.Desk.(desk.Numbered).Units(ctx)
}

// TestRenamedUnit: the name of a team or mailbox in a rule means the same one
// when the desk calls it something else, and no other one that gets the name.
func TestRenamedUnit(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.wrap = func(f faulty) desk.Desk { return numbered{f} }
		h.restart()
		add := func(team string) {
			_, err := h.desks.AddTeam(h.Context(), h.desk.ID, team)
			h.must(err)
		}
		sql := func(statement string, args ...any) {
			h.Helper()
			_, err := h.store.DB().ExecContext(h.Context(), statement, args...)
			h.must(err)
		}
		rename := func(table, from, to string) {
			sql(`UPDATE `+table+` SET name = $1, name_folded = $2 WHERE name = $3`, to, provision.Fold(to), from)
		}
		add("Sales")
		_, err := h.desks.AddMailbox(h.Context(), h.desk.ID, "Orders", "orders@example.test")
		h.must(err)
		rule := h.rule("agent", provision.RoleAgent, []string{"Sales", "Tier 2"}, []string{"Orders"})
		ann, leaver := h.agent("ann"), h.agent("leaver")

		rename("builtin_teams", "Sales", "Accounts")
		rename("builtin_mailboxes", "Orders", "Purchases")
		joiner := h.person("joiner", roles("agent"))
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.FamilyName = "Married" })
		h.update(leaver.ID, func(i *provision.Identity) { i.Attributes = provision.Attributes{"roles": {"other"}} })
		h.pass(grace)
		for _, id := range []provision.Identity{ann, joiner} {
			acc := h.state(id.ID, provision.AccountReady)
			h.same(id.UserName+" is confirmed", []string{"Sales", "Tier 2"}, acc.Confirmed.Teams)
			u := h.user(id.Profile.Email)
			h.same(id.UserName+"'s teams", []string{"Accounts", "Tier 2"}, u.Teams)
			h.same(id.UserName+"'s mailboxes", []string{"Purchases"}, u.Mailboxes)
		}
		if u := h.user(leaver.Profile.Email); u.Active || len(u.Teams)+len(u.Mailboxes) > 0 {
			t.Errorf("who left has %+v", u)
		}
		report, err := h.worker.Sweep(h.Context(), h.desk, worker.SweepOptions{Cause: byTest, ByHand: true})
		h.must(err)
		if len(report.Drifts) > 0 {
			t.Errorf("a sweep finds %+v", report.Drifts)
		}
		odd, err := h.core.DeskHealth.OddUnits(h.Context())
		h.must(err)
		if len(odd) != 2 || odd[0].Name != "Orders" || odd[0].Shown != "Purchases" || odd[1].Name != "Sales" || odd[1].Shown != "Accounts" {
			t.Errorf("what is called otherwise: %+v", odd)
		}

		// Deleted, and another one made: nobody is put into that, until it is said.
		sql(`DELETE FROM builtin_teams WHERE name = 'Accounts'`)
		add("Sales")
		h.restart()
		late := h.person("late", roles("agent"))
		h.drain()
		acc := h.state(late.ID, provision.AccountNeedsAttention)
		if acc.ReasonCode != provision.ReasonPlace || !strings.Contains(acc.Reason, "another one has its name") || !strings.Contains(acc.Reason, "--accept") {
			t.Errorf("needs attention for %s: %q", acc.ReasonCode, acc.Reason)
		}
		h.same("who came late", []string{"Tier 2"}, h.user(late.Profile.Email).Teams)
		accepted, err := h.core.DeskHealth.AcceptUnits(h.Context(), byTest, h.desk.ID)
		h.must(err)
		if len(accepted) != 1 || accepted[0].Name != "Sales" {
			t.Errorf("accepted %+v", accepted)
		}
		h.restart()
		h.drain() // whoever waited for it
		h.state(late.ID, provision.AccountReady)
		n, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, acc.ID, false)
		h.must(err)
		h.drain()
		if e := h.entryOf(audit.AccountRetried); n != 1 || e.Cause != byTest || e.Subject != string(late.ID) || e.Account != acc.ID {
			t.Errorf("%d accounts synced again, and the audit log says %+v", n, e)
		}
		h.state(late.ID, provision.AccountReady)
		h.same("who came late", []string{"Sales", "Tier 2"}, h.user(late.Profile.Email).Teams)

		// Rules have one name for it, or those of the other would lose it.
		buyers := provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Attribute: "roles", Equals: "buyer", Role: provision.RoleAgent, Mailboxes: []string{"Purchases"}}
		if _, err = h.core.Settings.AddRuleUnchecked(h.Context(), byTest, buyers); err == nil || !strings.Contains(err.Error(), `"Orders" "Purchases" now`) {
			t.Errorf("rules name a mailbox by two names: %v", err)
		}
		buyers.ID = provision.NewID[provision.RuleID]()
		h.must(h.store.SaveRule(h.Context(), buyers)) // of a time when that was not refused
		h.restart()
		h.person("buyer", roles("buyer"))
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.FamilyName = "Test" })
		h.drain()
		h.same("ann's mailboxes", []string{"Purchases"}, h.user(ann.Profile.Email).Mailboxes)

		// Whoever writes the new name in all of them means the same one by it.
		h.must(h.store.DeleteRule(h.Context(), rule.ID))
		h.rule("agent", provision.RoleAgent, []string{"Sales", "Tier 2"}, []string{"Purchases"})
		h.restart()
		h.drain()
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.FamilyName = "Married" })
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		h.same("ann's mailboxes", []string{"Purchases"}, h.user(ann.Profile.Email).Mailboxes)
		h.pass(time.Minute)
		h.state(h.identity("buyer").ID, provision.AccountReady)
		h.same("a buyer's mailboxes", []string{"Purchases"}, h.user("buyer@"+domain).Mailboxes)

		var said []provision.Action
		h.must(h.core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
			if strings.HasPrefix(string(e.Action), "unit.") {
				said = append(said, e.Action)
			}
			return nil
		}))
		if want := []provision.Action{audit.UnitRenamed, audit.UnitRenamed, audit.UnitReplaced, audit.UnitAccepted}; !slices.Equal(said, want) {
			t.Errorf("the audit log says %v, want %v", said, want)
		}
	})
}

// TestReplacedTeam: who leaves is taken out although another team has the name of
// theirs by now, whose members take nothing over.
func TestReplacedTeam(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.wrap = func(f faulty) desk.Desk { return numbered{f} }
		h.rule("agent", provision.RoleAgent, []string{"Choir"}, []string{"Help"})
		for _, to := range []provision.HandOverTo{provision.HandOverRoundRobin, provision.HandOverTeam} {
			h.desk.HandOver.To = to
			h.must(h.store.SaveDesk(h.Context(), h.desk))
			h.restart()
			leaver := h.agent(string(to))
			_, err := h.store.DB().ExecContext(h.Context(), `DELETE FROM builtin_teams WHERE name = 'Choir'`)
			h.must(err)
			_, err = h.desks.AddTeam(h.Context(), h.desk.ID, "Choir")
			h.must(err)
			h.restart()
			h.leavesWith(leaver, 2)
			if u := h.user(leaver.Profile.Email); u.Active || len(h.openOf(u.ID)) > 0 {
				t.Errorf("hand_over %s: who left has %+v", to, u)
			}
			_, err = h.core.DeskHealth.AcceptUnits(h.Context(), byTest, h.desk.ID)
			h.must(err)
		}
	})
}

// entryOf returns the last audit entry of an action.
func (h *harness) entryOf(action provision.Action) (last provision.Entry) {
	h.Helper()
	h.must(h.core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Action == action {
			last = e
		}
		return nil
	}))
	return last
}
