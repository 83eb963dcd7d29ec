package worker_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/google/go-cmp/cmp"
)

func TestOutcomes(t *testing.T) {
	tests := []struct {
		name    string
		err     error
		state   provision.AccountState
		reason  string // part of it
		atLeast time.Duration
		atMost  time.Duration // until the next run; 0: none by itself
	}{
		{"busy desk says when", &desk.Error{Kind: desk.Retryable, Detail: "slow down", RetryAfter: 90 * time.Second},
			provision.AccountWaiting, "support: slow down", 90 * time.Second, 91 * time.Second},
		{"broken line", errors.New("connection reset"), provision.AccountWaiting, "did not answer as expected", 500 * time.Millisecond, time.Second},
		{"credentials refused", desk.Errorf(desk.Unauthorized, "401"), provision.AccountWaiting, "refuses our credentials", time.Minute, time.Minute + time.Second},
		{"refused for good", &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "not an address"},
			provision.AccountNeedsAttention, "support: not an address (email)", 10 * time.Minute, 10 * time.Minute},
		{"no such call", desk.Unsupported("create", "Settings › Agents › New"), provision.AccountNeedsAttention, "by hand: Settings › Agents › New", 10 * time.Minute, 10 * time.Minute},
	}
	each(t, nil, func(h *harness) {
		h.agents()
		for i, tt := range tests {
			h.sub(tt.name, func() {
				h.faults.fail("Create", tt.err)
				id := h.agent(fmt.Sprintf("p%d", i))
				a := h.state(id.ID, tt.state)
				if !strings.Contains(a.Reason, tt.reason) {
					h.Errorf("reason %q, want %q in it", a.Reason, tt.reason)
				}
				if a.RetryAt == nil {
					h.Fatal("never looked at again")
				}
				if wait := a.RetryAt.Sub(a.UpdatedAt); wait < tt.atLeast-time.Second/10 || wait > tt.atMost+time.Second/10 {
					h.Errorf("looked at again after %v, want %v to %v", wait, tt.atLeast, tt.atMost)
				}
				if a.Confirmed.Status != "" || h.actions(id.ID)["account.created"] != 0 {
					h.Errorf("the log tells of what was refused: %v", h.actions(id.ID))
				}
				h.faults.reset() // somebody mends the desk
				h.pass(tt.atMost + time.Minute)
				h.state(id.ID, provision.AccountReady)
				if n := h.actions(id.ID)["account.created"]; n != 1 {
					h.Errorf("%d creations in the log, want 1", n)
				}
			})
		}
	})
}

func TestGivingUp(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.faults.fail("Create", desk.Errorf(desk.Retryable, "out of order"))
		id := h.agent("ann")
		var last time.Duration
		for range 12 {
			a := h.account(id.ID)
			last = a.RetryAt.Sub(a.UpdatedAt)
			h.pass(last + time.Second)
		}
		if last < 2*time.Minute || last > 6*time.Minute {
			h.Errorf("after 12 failures the next run is %v away", last)
		}
		a := h.account(id.ID)
		a.Attempts = 199
		h.must(h.store.SaveAccounts(h.Context(), []provision.Account{a}))
		h.pass(10 * time.Minute)
		a = h.state(id.ID, provision.AccountNeedsAttention)
		if !strings.Contains(a.Reason, "given up") || !strings.Contains(a.Reason, "out of order") {
			h.Errorf("reason %q", a.Reason)
		}
		h.faults.reset()
		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, a.ID, false)
		h.must(err)
		h.drain()
		h.state(id.ID, provision.AccountReady)
	})
}

func TestDeskThatCannotDoAll(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.faults.fail("SetActive", desk.Unsupported("deactivate", "Team › ann › Remove"))
		h.suspend(id.ID)
		h.drain()
		a := h.state(id.ID, provision.AccountNeedsAttention)
		if !strings.Contains(a.Reason, "Team › ann › Remove") {
			h.Errorf("reason %q does not say where to click", a.Reason)
		}
		user := h.user(id.Profile.Email)
		if len(user.Teams) > 0 || user.Role != provision.RoleNone {
			h.Errorf("what the desk can do was not done: %+v", user)
		}
		if h.actions(id.ID)["account.deactivated"] != 0 {
			h.Error("the log tells of a deactivation that was not")
		}
		h.must(h.raw.SetActive(h.Context(), user.ID, false)) // the admin does it
		h.pass(11 * time.Minute)
		h.state(id.ID, provision.AccountEnded)
	})
}

func TestDeskThatDoesNotKeep(t *testing.T) {
	for _, call := range []string{"ChangeTeams", "Assign"} {
		t.Run(call, func(t *testing.T) {
			each(t, nil, func(h *harness) {
				h.agents()
				id := h.agent("ann")
				h.conversation(h.account(id.ID).DeskUser)
				h.faults.reset()
				h.faults.fail(call, errPretend)
				h.suspend(id.ID)
				h.drain()
				a := h.state(id.ID, provision.AccountWaiting)
				if !strings.Contains(a.Reason, "does not show them afterwards") {
					h.Errorf("reason %q", a.Reason)
				}
				if n := len(h.faults.wrote()); n > 10 {
					h.Errorf("%d writes in one run", n)
				}
				h.faults.reset()
				h.pass(time.Minute)
				h.state(id.ID, provision.AccountEnded)
			})
		})
	}
}

func TestSecondPushWritesNothing(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.faults.reset()
		a := h.account(id.ID)
		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, a.ID, false) // runs, whatever is the case
		h.must(err)
		h.drain()
		h.state(id.ID, provision.AccountReady)
		if wrote := h.faults.wrote(); len(wrote) > 0 {
			h.Errorf("wrote %v", wrote)
		}
		h.faults.reset()
		h.update(id.ID, func(i *provision.Identity) {}) // the same once more: not even a run
		h.drain()
		if h.faults.calls > 0 {
			h.Errorf("%d calls", h.faults.calls)
		}
	})
}

func TestUserRemovedByHand(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		stays, leaves := h.agent("ann"), h.agent("bob")
		for _, id := range []provision.Identity{stays, leaves} {
			h.must(h.raw.Delete(h.Context(), h.account(id.ID).DeskUser))
		}
		before := h.account(stays.ID).DeskUser
		h.update(stays.ID, func(i *provision.Identity) { i.Profile.Title = "Boss" })
		h.suspend(leaves.ID)
		h.drain()
		a := h.state(stays.ID, provision.AccountReady)
		if a.DeskUser == before || a.DeskUser == "" {
			h.Errorf("desk user %q, want a new one", a.DeskUser)
		}
		if h.actions(stays.ID)["account.profile_changed"] != 0 {
			h.Error("the log tells of a change to a user who was gone")
		}
		h.state(leaves.ID, provision.AccountEnded)
		if h.user(leaves.Profile.Email) != nil {
			h.Error("a leaver was made again")
		}
	})
}

// byHand makes a user on the desk as an admin would.
func (h *harness) byHand(name string, role provision.Role, teams ...string) *provision.DeskUser {
	h.Helper()
	u, err := h.raw.Create(h.Context(), provision.DeskUser{Email: name + "@" + domain, GivenName: "Hand", FamilyName: "Made", Active: true,
		Role: role, Teams: teams})
	h.must(err)
	return u
}

func TestHandMadeUserIsProposed(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		before := h.byHand("ann", provision.RoleLimited)
		id := h.agent("ann")
		a := h.state(id.ID, provision.AccountNeedsAttention)
		if !strings.Contains(a.Reason, "retry --adopt "+string(a.ID)) {
			h.Errorf("reason %q does not say what to do", a.Reason)
		}
		if diff := cmp.Diff(before, h.user(id.Profile.Email)); diff != "" {
			h.Errorf("hand-made user changed (-before +after):\n%s", diff)
		}
		h.suspend(id.ID) // never ours, so not ended by us, and not said to be
		h.drain()
		h.state(id.ID, provision.AccountNeedsAttention)
		if diff := cmp.Diff(before, h.user(id.Profile.Email)); diff != "" {
			h.Errorf("hand-made user changed when the person left (-before +after):\n%s", diff)
		}
		h.restore(id.ID)
		h.drain()
		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, a.ID, true)
		h.must(err)
		h.drain()
		a = h.state(id.ID, provision.AccountReady)
		if a.DeskUser != before.ID || a.Origin != provision.OriginAdopted {
			h.Errorf("account is on %q, %q", a.DeskUser, a.Origin)
		}
	})
}

func TestAdoptionByItself(t *testing.T) {
	each(t, func(s *settings) { s.desk.Adoption = provision.AdoptAutomatic }, func(h *harness) {
		h.agents()
		h.byHand("ann", provision.RoleAgent, "Choir")
		boss := h.byHand("bob", provision.RoleAdmin)
		ann, bob := h.agent("ann"), h.agent("bob")
		h.state(ann.ID, provision.AccountReady)
		h.state(bob.ID, provision.AccountNeedsAttention)
		if diff := cmp.Diff(boss, h.user(bob.Profile.Email)); diff != "" {
			h.Errorf("an admin was taken over (-before +after):\n%s", diff)
		}
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.Title = "Alto" })
		h.drain()
		if got := h.user(ann.Profile.Email).Teams; !cmp.Equal(got, []string{"Choir", "Tier 1"}) {
			h.Errorf("teams %v: a team that no rule governs was touched", got)
		}
		h.suspend(ann.ID)
		h.drain()
		if got := h.user(ann.Profile.Email).Teams; !cmp.Equal(got, []string{"Choir"}) {
			h.Errorf("teams %v after leaving: a team that no rule governs was touched", got)
		}
	})
}

func TestTakenAddress(t *testing.T) {
	each(t, func(s *settings) { s.desk.Adoption = provision.AdoptAutomatic }, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		twin := h.person("ann2", func(i *provision.Identity) { roles("agent")(i); i.Profile.Email = ann.Profile.Email })
		h.drain()
		a := h.state(twin.ID, provision.AccountNeedsAttention)
		if !strings.Contains(a.Reason, "another person in Deskbridge") {
			h.Errorf("reason %q", a.Reason)
		}
		h.update(twin.ID, func(i *provision.Identity) { i.Profile.Email = "ann2@" + domain })
		h.drain()
		h.state(twin.ID, provision.AccountReady)
		h.state(ann.ID, provision.AccountReady)
		if got := h.actions(twin.ID); got["account.adopted"] != 0 || got["account.created"] != 1 {
			h.Errorf("audit %v", got)
		}
	})
}

func TestGuards(t *testing.T) {
	each(t, func(s *settings) { s.desk.Adoption = provision.AdoptAutomatic }, func(h *harness) {
		h.rule("boss", provision.RoleAdmin, nil, nil)
		ann := h.person("ann", roles("boss"))
		h.drain()
		for _, u := range h.snapshot().Users {
			if u.Role == provision.RoleOwner || u.Service {
				p := h.person("x"+string(u.ID), func(i *provision.Identity) { roles("boss")(i); i.Profile.Email = u.Email })
				h.drain()
				h.state(p.ID, provision.AccountNeedsAttention)
				_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, h.account(p.ID).ID, true)
				h.must(err)
				h.drain()
				h.state(p.ID, provision.AccountNeedsAttention)
				if diff := cmp.Diff(u.DeskUser, *h.user(u.Email)); diff != "" {
					h.Errorf("a protected user changed:\n%s", diff)
				}
			}
		}
		h.suspend(ann.ID)
		h.drain()
		h.state(ann.ID, provision.AccountEnded)
	})
}

func TestLastAdminStays(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.rule("boss", provision.RoleAdmin, nil, nil)
		ann := h.person("ann", roles("boss"))
		h.drain()
		before := h.user(ann.Profile.Email)
		h.faults.admins = 1
		h.suspend(ann.ID)
		h.drain()
		a := h.state(ann.ID, provision.AccountNeedsAttention)
		if !strings.Contains(a.Reason, "last admin") {
			h.Errorf("reason %q", a.Reason)
		}
		if diff := cmp.Diff(before, h.user(ann.Profile.Email)); diff != "" {
			h.Errorf("the last admin changed:\n%s", diff)
		}
		h.faults.admins = 2
		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{Desk: h.desk.ID}, "", false)
		h.must(err)
		h.drain()
		h.state(ann.ID, provision.AccountEnded)
	})
}
