package worker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
)

// TestMissingTeam: a team or mailbox that the desk does not have blocks that part
// and nothing else: whoever joins comes in, whoever changes is changed, and the
// reason says which name is missing. When the desk has it, the rest comes by itself.
func TestMissingTeam(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.unnumbered()
		d := h.behind(lies.Plan{})
		h.rule("agent", provision.RoleAgent, []string{"Tier 1", "Tier 2"}, []string{"Billing", "Help"})
		at := h.agent("ann")
		d.Rename("Tier 1", "Front line")
		d.Rename("Billing", "Invoices")

		joiner := h.person("joiner", roles("agent"))
		h.update(at.ID, func(i *provision.Identity) { i.Profile.FamilyName = "Married" })
		h.drain()
		for _, id := range []provision.Identity{joiner, at} {
			acc := h.state(id.ID, provision.AccountNeedsAttention)
			if acc.ReasonCode != provision.ReasonPlace || !strings.Contains(acc.Reason, `"Tier 1"`) {
				t.Errorf("%s needs attention for %s: %q, which does not name the team", id.UserName, acc.ReasonCode, acc.Reason)
			}
			u := h.user(id.Profile.Email)
			if u == nil || !u.Active || u.Role != provision.RoleAgent || !slices.Contains(u.Teams, "Tier 2") || !slices.Contains(u.Mailboxes, "Help") {
				t.Errorf("%s has %+v, want all but what is missing", id.UserName, u)
			}
			if got := acc.Confirmed; got.Role != provision.RoleAgent || !slices.Contains(got.Teams, "Tier 2") || acc.ConfirmedAt == nil {
				t.Errorf("%s is said to have %+v", id.UserName, got)
			}
		}
		if u := h.user(at.Profile.Email); u.FamilyName != "Married" {
			t.Errorf("the name did not change: %+v", u)
		}

		looks, since := 0, h.now()
		for ; h.now().Sub(since) < 3*24*time.Hour; looks++ {
			h.pass(h.state(at.ID, provision.AccountNeedsAttention).RetryAt.Sub(h.now()) + time.Second)
		}
		if looks < 10 || looks > 30 {
			t.Errorf("in three days it was looked for %d times", looks)
		}

		d.Rename("Front line", "Tier 1")
		d.Rename("Invoices", "Billing")
		h.pass(8 * time.Hour)
		for _, id := range []provision.Identity{joiner, at} {
			acc := h.state(id.ID, provision.AccountReady)
			h.same(id.UserName, []string{"Tier 1", "Tier 2"}, acc.Confirmed.Teams)
		}
	})
}

// TestRefusedDeletion: what explain says of somebody whose deletion the desk
// refuses is what the desk shows, not what was there before.
func TestRefusedDeletion(t *testing.T) {
	each(t, deletes, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		h.behind(lies.Plan{}).Add(lies.Fault{Kind: lies.Refuse, Method: lies.Delete, Times: -1})
		h.suspend(ann.ID)
		h.drain()
		acc := h.state(ann.ID, provision.AccountNeedsAttention)
		if !strings.Contains(acc.Reason, "delet") {
			t.Errorf("the reason does not say that it was the deletion: %q", acc.Reason)
		}
		u := h.user(ann.Profile.Email)
		if !slices.Equal(acc.Confirmed.Teams, u.Teams) || acc.Confirmed.Status == provision.AccessActive && !u.Active {
			t.Errorf("said to have %+v, and has %+v", acc.Confirmed, u)
		}
	})
}

// TestMissingTeamKeepsNobodyOutOfTheDesk: who is there but for a team signs in to the
// desk by what it shows, also where something else is left to do by hand.
func TestMissingTeamKeepsNobodyOutOfTheDesk(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.unnumbered()
		d := h.behind(lies.Plan{})
		h.rule("agent", provision.RoleAgent, []string{"Tier 1", "Tier 2"}, nil)
		d.Rename("Tier 1", "Front line")
		ann := h.person("ann", roles("agent"))
		h.drain()
		acc := h.state(ann.ID, provision.AccountNeedsAttention)
		entry, err := h.core.DeskSessions.EntryOf(h.Context(), h.desk, ann.ID)
		if err != nil || !entry.Confirmed || entry.Names.Email != ann.Profile.Email || !slices.Equal(entry.Teams, []string{"Tier 2"}) {
			t.Errorf("signs in as %+v, %v; %s %s", entry, err, acc.ReasonCode, acc.Reason)
		}
		twin := h.person("twin", func(id *provision.Identity) { roles("agent")(id); id.Profile.Email = ann.Profile.Email })
		h.drain()
		if acc := h.state(twin.ID, provision.AccountNeedsAttention); acc.ReasonCode != provision.ReasonNameTaken && acc.ReasonCode != provision.ReasonUserTaken {
			t.Errorf("another person of that address needs attention for %s", acc.ReasonCode)
		}

		if n := h.actions(ann.ID)["account.confirmed"]; n != 0 {
			t.Errorf("confirmed %d times without a team", n)
		}
		d.Rename("Front line", "Tier 1")
		h.pass(8 * time.Hour)
		h.state(ann.ID, provision.AccountReady)
		if n := h.actions(ann.ID)["account.confirmed"]; n != 1 {
			t.Errorf("confirmed %d times", n)
		}
	})
}

// TestMissingTeamBesideATask: what the desk cannot do is named, what it does not have
// is named, and all else is given.
func TestMissingTeamBesideATask(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.unnumbered()
		d := h.behind(lies.Plan{})
		h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, nil)
		h.rule("lead", provision.RoleAgent, []string{"Tier 2", "Choir"}, []string{"Billing"})
		ann := h.agent("ann")
		d.Rename("Choir", "Band")
		d.Add(lies.Fault{Kind: lies.Fail, Method: lies.SetProfile, Err: desk.Unsupported("rename", "Team › ann › Edit"), Times: lies.Always})
		h.update(ann.ID, func(i *provision.Identity) { roles("agent", "lead")(i); i.Profile.FamilyName = "Married" })
		h.drain()
		acc := h.state(ann.ID, provision.AccountNeedsAttention)
		if u := h.user(ann.Profile.Email); !slices.Contains(u.Teams, "Tier 2") || !slices.Contains(u.Mailboxes, "Billing") {
			t.Errorf("the rest is not given: %+v", u)
		}
		if !strings.Contains(acc.Reason, "Team › ann › Edit") || !strings.Contains(acc.Reason, `"Choir"`) {
			t.Errorf("the reason: %q", acc.Reason)
		}
	})
}

// TestConfirmedAfterATask: that the desk shows the access that is due is told once,
// whether or not something was left to do by hand at first.
func TestConfirmedAfterATask(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		before := h.actions(ann.ID)["account.confirmed"]
		h.rule("lead", provision.RoleAgent, []string{"Tier 2"}, nil)
		h.faults.fail("SetProfile", desk.Unsupported("rename", "Team › ann › Edit"))
		h.update(ann.ID, func(i *provision.Identity) { roles("agent", "lead")(i); i.Profile.FamilyName = "Married" })
		h.drain()
		acc := h.state(ann.ID, provision.AccountNeedsAttention)
		h.faults.reset()
		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, acc.ID, false)
		h.must(err)
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		if n := h.actions(ann.ID)["account.confirmed"] - before; n != 1 {
			t.Errorf("confirmed %d times: %v", n, h.actions(ann.ID))
		}
	})
}
