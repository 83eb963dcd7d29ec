package worker_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/worker"
)

// broken fails the test unless the desk's hand-over policy is known to be
// broken in this way; "" for not at all.
func (h *harness) broken(want string) {
	h.Helper()
	problem := h.health().HandOver
	switch {
	case problem == nil && want != "":
		h.Errorf("nothing is known of the hand-over policy, want %q", want)
	case problem != nil && (want == "" || !strings.Contains(problem.Reason, want)):
		h.Errorf("the hand-over policy: %q, want %q", problem.Reason, want)
	}
}

// leavesWith has somebody leave with so many conversations.
func (h *harness) leavesWith(id provision.Identity, conversations int) {
	h.Helper()
	for range conversations {
		h.conversation(h.account(id.ID).DeskUser)
	}
	h.suspend(id.ID)
	h.drain()
	h.state(id.ID, provision.AccountEnded)
}

// TestBrokenPolicyIsKnown: a hand-over policy that finds nobody is known from the
// first leaver whose conversations went to the queue, until it finds somebody.
func TestBrokenPolicyIsKnown(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.Agent = "boss@" + domain }, func(h *harness) {
		h.agents()
		ann, bob, cid := h.agent("ann"), h.agent("bob"), h.agent("cid")
		h.broken("")
		h.leavesWith(ann, 1)
		h.broken("the agent named in hand_over is not active on the desk (boss@" + domain + ")")

		h.agent("boss")
		h.leavesWith(bob, 1)
		h.broken("")

		h.suspend(h.identity("boss").ID)
		h.drain()
		h.leavesWith(cid, 1)
		h.broken("not active on the desk")
		h.desk.HandOver = provision.HandOver{To: provision.HandOverUnassign}
		h.must(h.store.SaveDesk(h.Context(), h.desk)) // that was about another policy
		h.broken("")
	})
}

func (h *harness) identity(name string) provision.Identity {
	h.Helper()
	people, err := h.core.Directory.FindPeople(h.Context(), name+"@"+domain)
	h.must(err)
	return people[0]
}

// TestTeamThatNobodyIsIn: conversations that go to a team which the leaver was
// the last of are seen by nobody there.
func TestTeamThatNobodyIsIn(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverTeam }, func(h *harness) {
		h.agents()
		ann, bob := h.agent("ann"), h.agent("bob")
		h.leavesWith(ann, 1)
		h.broken("")
		h.leavesWith(bob, 1)
		h.broken(`the team "Tier 1" has no active members`)
		h.agent("cid")
		_, err := h.worker.Sweep(h.Context(), h.desk, worker.SweepOptions{Cause: byTest, ByHand: true})
		h.must(err)
		h.broken("")
	})
}

// TestSweepLooksAtThePolicy: a sweep finds that the named agent is gone before
// anybody leaves, and that they are back.
func TestSweepLooksAtThePolicy(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.Agent = "boss@" + domain }, func(h *harness) {
		h.agents()
		sweep := func(opts worker.SweepOptions) {
			h.Helper()
			opts.Cause, opts.ByHand = byTest, true
			_, err := h.worker.Sweep(h.Context(), h.desk, opts)
			h.must(err)
		}
		sweep(worker.SweepOptions{LookOnly: true}) // notes nothing
		h.broken("")
		sweep(worker.SweepOptions{})
		h.broken("boss@" + domain + " is not on the desk")
		boss := h.agent("boss")
		sweep(worker.SweepOptions{})
		h.broken("")
		h.suspend(boss.ID)
		h.drain()
		sweep(worker.SweepOptions{})
		h.broken("boss@" + domain + " is not active on the desk")
	})
}

// TestWhoLeavesTakesNothingOver: those who are leaving too get no conversations,
// and the log says so.
func TestWhoLeavesTakesNothingOver(t *testing.T) {
	for name, policy := range map[string]provision.HandOver{
		"the agent named in hand_over is leaving too": {Agent: "boss@" + domain},
		"the manager is leaving too":                  {To: provision.HandOverManager},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(s *settings) { s.desk.HandOver = policy }, func(h *harness) {
				h.agents()
				boss := h.agent("boss")
				ann := h.person("ann", func(i *provision.Identity) {
					roles("agent")(i)
					i.Attributes[provision.AttributeManager] = []string{boss.UserName}
				})
				h.drain()
				h.conversation(h.account(ann.ID).DeskUser)
				h.faults.before = func(_ int, call string) error { return desk.Errorf(desk.Retryable, "down") }
				h.suspend(boss.ID) // cannot be reached yet
				h.drain()
				h.faults.reset()
				h.suspend(ann.ID)
				h.reconcile(h.account(ann.ID).ID)
				if got := h.handOvers(ann.ID); len(got) != 1 || got[0]["note"] != name {
					h.Errorf("handed over: %v", got)
				}
			})
		})
	}
}
