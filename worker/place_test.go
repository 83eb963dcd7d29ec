package worker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
)

// TestMissingTeam: a team or mailbox that the desk does not have blocks that part
// and nothing else: whoever joins comes in, whoever changes is changed, and the
// reason says which name is missing. When the desk has it, the rest comes by itself.
func TestMissingTeam(t *testing.T) {
	each(t, nil, func(h *harness) {
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
