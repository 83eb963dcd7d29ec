package worker_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// count returns how often a write was made since the last reset.
func (h *harness) count(call string) (n int) {
	for _, name := range h.faults.wrote() {
		if name == call {
			n++
		}
	}
	return n
}

// TestSearchLag: what comes from a search index is waited for, and never written a
// second time before that may be in it.
func TestSearchLag(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		user := h.account(ann.ID).DeskUser
		list := []string{h.conversation(user), h.conversation(user), h.conversation(user)}
		h.faults.capabilities = func(c *desk.Capabilities) { c.SearchLag = 30 * time.Second }

		hidden := true
		h.faults.hide = func(u *provision.DeskUser) bool { return hidden && u.Email == "bob@"+domain }
		h.faults.reset()
		bob := h.agent("bob")
		h.faults.fail("Assign", errPretend)
		h.suspend(ann.ID)
		h.drain()
		for range 4 {
			h.pass(6 * time.Second)
			for _, id := range []provision.Identity{ann, bob} {
				if a := h.state(id.ID, provision.AccountWaiting); a.ReasonCode != provision.ReasonLate {
					h.Errorf("%s: %q", a.ReasonCode, a.Reason)
				}
			}
			if created, assigned := h.count("Create"), h.count("Assign"); created != 1 || assigned != len(list) {
				h.Errorf("made %d times, %d assignments", created, assigned)
			}
		}
		hidden = false
		for _, c := range list {
			h.must(h.raw.Assign(h.Context(), c, desk.Assignee{}))
		}
		h.pass(10 * time.Second)
		h.state(ann.ID, provision.AccountEnded)
		h.state(bob.ID, provision.AccountReady)
		if created, assigned := h.count("Create"), h.count("Assign"); created != 1 || assigned != len(list) {
			h.Errorf("made %d times, %d assignments, want 1 and %d", created, assigned, len(list))
		}
		if n := len(h.handOvers(ann.ID)); n != len(list) {
			h.Errorf("%d hand-overs entered, want %d", n, len(list))
		}
	})
}

// TestSearchLagIsNoExcuse: what has not moved when the index must show it is given
// once more, and is a failure then.
func TestSearchLagIsNoExcuse(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		h.conversation(h.account(ann.ID).DeskUser)
		h.faults.capabilities = func(c *desk.Capabilities) { c.SearchLag = 30 * time.Second }
		h.faults.fail("Assign", errPretend)
		h.suspend(ann.ID)
		h.drain()
		h.pass(31 * time.Second)
		if a := h.state(ann.ID, provision.AccountWaiting); a.ReasonCode != provision.ReasonFailed || h.count("Assign") != 2 {
			h.Errorf("%s: %q after %d assignments", a.ReasonCode, a.Reason, h.count("Assign"))
		}
	})
}

// counting is a desk that counts conversations by another way than it lists them.
type counting struct {
	faulty
	more *int // than it lists
}

func (d counting) CountOpen(ctx context.Context, id provision.DeskUserID) (int, error) {
	n, err := d.Desk.(desk.Counter).CountOpen(ctx, id)
	return n + *d.more, err
}

// TestCountProves: a list that was cut short is not taken for all of it.
func TestCountProves(t *testing.T) {
	each(t, nil, func(h *harness) {
		more := 2
		h.wrap = func(d faulty) desk.Desk { return counting{d, &more} }
		h.agents()
		ann := h.agent("ann")
		h.conversation(h.account(ann.ID).DeskUser)
		h.suspend(ann.ID)
		h.drain()
		if a := h.state(ann.ID, provision.AccountWaiting); !strings.Contains(a.Reason, "lists no open conversation") || !strings.Contains(a.Reason, "counts 2") {
			h.Errorf("%s: %q", a.ReasonCode, a.Reason)
		}
		more = 0
		h.pass(10 * time.Second)
		h.state(ann.ID, provision.AccountEnded)
	})
}

// hiding is a desk that hides the teams of deactivated users, and would lose all of
// them if it were told to change them.
type hiding struct {
	faulty
	*testing.T
}

func (d hiding) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	u, err := d.faulty.Find(ctx, key)
	if u != nil && !u.Active {
		u.Teams, u.Mailboxes = nil, nil
	}
	return u, err
}

func (d hiding) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	if u, err := d.Desk.Find(ctx, desk.Key{ID: id}); err == nil && u != nil && !u.Active {
		d.Errorf("the teams of a deactivated user are written: add %q, remove %q", add, remove)
	}
	return d.faulty.ChangeTeams(ctx, id, add, remove)
}

// TestHiddenTeams: teams that a desk hides while somebody is deactivated are no
// difference then, and are put right when they are shown again.
func TestHiddenTeams(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.wrap = func(d faulty) desk.Desk { return hiding{d, h.T} }
		h.faults.capabilities = func(c *desk.Capabilities) { c.TeamsWhenInactive = desk.TeamsHidden }
		h.agents()
		h.rule("other", provision.RoleAgent, []string{"Tier 2"}, nil)
		id := h.agent("ann")
		h.suspend(id.ID)
		h.drain()
		h.state(id.ID, provision.AccountEnded)
		if u := h.user("ann@" + domain); u.Active || !slices.Equal(u.Teams, []string{"Tier 1"}) {
			h.Errorf("the leaver is %+v", u)
		}
		if report := h.sweep(); len(report.Drifts) != 0 {
			h.Errorf("drift of what is hidden: %v", h.differences(report.Drifts))
		}
		h.update(id.ID, func(i *provision.Identity) { roles("other")(i); i.Status = provision.StatusActive })
		h.drain()
		h.state(id.ID, provision.AccountReady)
		if u := h.user("ann@" + domain); !u.Active || !slices.Equal(u.Teams, []string{"Tier 2"}) || len(u.Mailboxes) != 0 {
			h.Errorf("who came back is %+v", u)
		}
	})
}

// TestToldIsNoDifference: when somebody was last there is told, and changes nothing.
func TestToldIsNoDifference(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.faults.user = func(u *provision.DeskUser) {
			u.LastLogin, u.LastActive, u.Accepted = h.now(), h.now(), new(h.now().Second()%2 == 0)
		}
		h.faults.reset()
		if report := h.sweep(); len(report.Drifts) != 0 || report.Checked != 1 {
			h.Errorf("checked %d, found %v", report.Checked, h.differences(report.Drifts))
		}
		h.update(id.ID, func(i *provision.Identity) { i.Attributes["note"] = []string{"x"} })
		h.pass(time.Minute)
		h.state(id.ID, provision.AccountReady)
		if wrote := h.faults.wrote(); len(wrote) != 0 {
			h.Errorf("wrote %v", wrote)
		}
	})
}
