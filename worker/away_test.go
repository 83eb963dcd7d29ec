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
)

// dealing is a desk that deals out conversations, and can be told not to.
type dealing struct {
	faulty
	away map[provision.DeskUserID]bool // nil: it is told by hand
	told *int
}

func (d dealing) StopInflow(context.Context, provision.DeskUserID) error { return nil }

func (d dealing) SetAway(_ context.Context, id provision.DeskUserID, away bool) error {
	return d.faults.call("SetAway", true, func() error {
		*d.told++
		if d.away == nil {
			return desk.Unsupported("set away", "Settings > Agents > Away")
		}
		d.away[id] = away
		return nil
	})
}

// deals has the desk of h deal out conversations.
func (h *harness) deals(away map[provision.DeskUserID]bool) (told *int) {
	told = new(int)
	h.wrap = func(f faulty) desk.Desk { return dealing{f, away, told} }
	h.restart()
	return told
}

// dates sees to what has passed after a while.
func (h *harness) dates(d time.Duration) {
	h.Helper()
	h.offset.Add(int64(d))
	_, err := h.core.Terms.Pass(h.Context())
	h.must(err)
	h.pass(0)
}

// TestAwayAndBack plays an absence with a hand-over, to its day.
func TestAwayAndBack(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.Agent = "boss@" + domain }, func(h *harness) {
		away := make(map[provision.DeskUserID]bool)
		told := h.deals(away)
		h.agents()
		boss, ann := h.agent("boss"), h.agent("ann")
		user, at := h.account(ann.ID).DeskUser, h.account(boss.ID).DeskUser
		kept, closed, passed := h.conversation(user), h.conversation(user), h.conversation(user)
		until := h.now().Add(10 * 24 * time.Hour)
		_, err := h.core.Terms.SetAway(h.Context(), byTest, ann.ID, until, true)
		h.must(err)
		h.drain()
		a := h.state(ann.ID, provision.AccountReady)
		if !away[user] || len(h.openOf(user)) > 0 || len(h.openOf(at)) != 3 || a.Confirmed.Away == nil || len(a.Confirmed.Away.Given) != 3 {
			h.Errorf("away %t, %d open, %d with the boss, confirmed %+v", away[user], len(h.openOf(user)), len(h.openOf(at)), a.Confirmed.Away)
		}
		if u := h.user("ann@" + domain); !u.Active || u.Role != provision.RoleAgent {
			h.Errorf("who is away has lost access: %+v", u)
		}
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.Title = "Lead" }) // says nothing of it
		h.drain()
		if *told != 1 || !away[user] {
			h.Errorf("the desk was told %d times", *told)
		}

		dan := h.agent("dan") // takes one, and another is done with
		h.must(h.raw.Assign(h.Context(), passed, desk.Assignee{User: h.account(dan.ID).DeskUser}))
		_, err = h.store.DB().ExecContext(h.Context(), `UPDATE builtin_conversations SET status = 'closed' WHERE id = `+closed)
		h.must(err)
		h.dates(9 * 24 * time.Hour)
		if !away[user] {
			h.Error("back too early")
		}
		h.dates(25 * time.Hour)
		a = h.state(ann.ID, provision.AccountReady)
		if away[user] || !slices.Equal(h.openOf(user), []string{kept}) || a.Confirmed.Away != nil {
			h.Errorf("away %t; theirs are %q, want %q; confirmed %+v", away[user], h.openOf(user), kept, a.Confirmed.Away)
		}
		if got := h.openOf(h.account(dan.ID).DeskUser); !slices.Equal(got, []string{passed}) {
			h.Errorf("who took one has %q", got)
		}
		n := h.actions(ann.ID)
		if n[string(audit.AccountAway)] != 2 || n[string(audit.ConversationGivenBack)] != 1 || n[string(audit.PersonBack)] != 1 {
			h.Errorf("entries: %v", n)
		}
	})
}

// TestAwayIsTakenBack ends absences early, and by a suspension.
func TestAwayIsTakenBack(t *testing.T) {
	each(t, nil, func(h *harness) {
		away := make(map[provision.DeskUserID]bool)
		h.deals(away)
		h.agents()
		ann, bob := h.agent("ann"), h.agent("bob")
		gone := func(id provision.IdentityID) {
			_, err := h.core.Terms.SetAway(h.Context(), byTest, id, h.now().Add(10*24*time.Hour), false)
			h.must(err)
		}
		user := h.account(ann.ID).DeskUser
		mine := h.conversation(user)
		gone(ann.ID)
		h.drain()
		if !away[user] || !slices.Equal(h.openOf(user), []string{mine}) {
			h.Errorf("away %t, and keeps %q", away[user], h.openOf(user))
		}
		_, err := h.core.Terms.Back(h.Context(), byTest, ann.ID)
		h.must(err)
		_, err = h.core.Terms.SetAway(h.Context(), byTest, ann.ID, h.now().Add(time.Hour), false) // before a run has come
		h.must(err)
		_, err = h.core.Terms.Back(h.Context(), byTest, ann.ID)
		h.must(err)
		h.drain()
		if away[user] {
			h.Error("still away")
		}
		_, err = h.core.Terms.Back(h.Context(), byTest, ann.ID)
		if err == nil {
			h.Error("back twice")
		}

		h.faults.fail("SetAway", desk.Errorf(desk.Retryable, "down"))
		gone(bob.ID)
		h.drain()
		h.suspend(bob.ID)
		h.faults.reset()
		h.pass(time.Hour)
		h.state(bob.ID, provision.AccountEnded)
		h.restore(bob.ID)
		h.drain()
		if user := h.account(bob.ID).DeskUser; !away[user] {
			h.Error("who is back from a suspension is away still, and the desk is not told")
		}
	})
}

// TestAwayByHand: a desk that cannot be told has a task, and another one afterwards.
func TestAwayByHand(t *testing.T) {
	each(t, nil, func(h *harness) {
		told := h.deals(nil)
		h.agents()
		ann := h.agent("ann")
		findings := func() (texts []string) {
			o, err := h.core.Plan.Glance(h.Context())
			h.must(err)
			for _, f := range o.Findings {
				if f.Code == "by-hand" {
					texts = append(texts, f.Text)
				}
			}
			return texts
		}
		_, err := h.core.Terms.SetAway(h.Context(), byTest, ann.ID, h.now().Add(10*24*time.Hour), false)
		h.must(err)
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		if got := findings(); len(got) != 1 || !strings.Contains(got[0], "ann") || !strings.Contains(got[0], "keep new conversations on support from them until") || !strings.Contains(got[0], "Settings > Agents > Away") {
			h.Errorf("to do: %q", got)
		}
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.Title = "Lead" })
		h.drain()
		if got := findings(); len(got) != 1 || *told != 1 {
			h.Errorf("after another run, to do: %q; told %d times", got, *told)
		}
		_, n, err := h.core.Terms.Done(h.Context(), byTest, ann.ID)
		h.must(err)
		if got := findings(); n != 1 || len(got) != 0 {
			h.Errorf("done on %d desks; to do: %q", n, got)
		}
		h.dates(11 * 24 * time.Hour)
		if got := findings(); len(got) != 1 || !strings.Contains(got[0], "again") {
			h.Errorf("afterwards, to do: %q", got)
		}
	})
}
