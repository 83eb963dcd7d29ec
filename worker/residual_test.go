package worker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/worker"
)

// forgetful is a desk that keeps no external id.
func (h *harness) forgetful() {
	h.faults.user = func(u *provision.DeskUser) { u.ExternalID = "" }
}

// residual fails the test unless the account waits for a person because of a
// user who is still there.
func (h *harness) residual(id provision.IdentityID, code provision.ReasonCode, words ...string) provision.Account {
	h.Helper()
	a := h.state(id, provision.AccountNeedsAttention)
	if a.ReasonCode != code {
		h.Errorf("reason code %q, want %q", a.ReasonCode, code)
	}
	for _, word := range words {
		if !strings.Contains(a.Reason, word) {
			h.Errorf("reason %q says nothing of %q", a.Reason, word)
		}
	}
	if n := h.actions(id)["account.ended"]; n != 0 {
		h.Errorf("%d entries say that access ended", n)
	}
	for _, e := range h.audit(id) {
		if reason, _ := e.Detail["reason"].(string); strings.Contains(reason, domain) {
			h.Errorf("an entry names somebody: %q", reason)
		}
	}
	if got := h.measured("deskbridge_residual_access"); got != 1 {
		h.Errorf("deskbridge_residual_access is %v, want 1", got)
	}
	return a
}

// measured returns what a gauge says of the desk.
func (h *harness) measured(name string) float64 {
	h.Helper()
	return gauge(h.T, h.worker, name)
}

func TestLeaverWhoseAdoptionWasOpen(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		before := h.byHand("ann", provision.RoleAgent, "Choir")
		h.must(h.raw.ChangeMailboxes(h.Context(), before.ID, []string{"Help"}, nil))
		before = h.user("ann@" + domain)
		id := h.agent("ann")
		h.state(id.ID, provision.AccountNeedsAttention)
		h.suspend(id.ID)
		h.drain()
		a := h.residual(id.ID, provision.ReasonResidual, string(before.ID), before.Email, "agent", "retry --adopt "+string(h.account(id.ID).ID))
		if diff := cmp.Diff(before, h.user(id.Profile.Email)); diff != "" {
			h.Errorf("a user whom nobody agreed to adopt changed:\n%s", diff)
		}
		conversation := h.conversation(before.ID)

		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, a.ID, true)
		h.must(err)
		h.drain()
		h.state(id.ID, provision.AccountEnded)
		if u := h.user(id.Profile.Email); u.Active {
			h.Errorf("agreed to, and still active: %+v", u)
		}
		got := h.actions(id.ID)
		if got["account.adopted"] != 1 || got["account.deactivated"] != 1 || got["conversation.handed_over"] != 1 {
			h.Errorf("entries %v", got)
		}
		if left := h.openOf(before.ID); len(left) != 0 {
			h.Errorf("conversation %s is still theirs: %v", conversation, left)
		}
		if got := h.measured("deskbridge_residual_access"); got != 0 {
			h.Errorf("deskbridge_residual_access is %v, want 0", got)
		}
	})
}

// TestLeaverWhoWasRemade: somebody deleted the user by hand and made one with
// more rights.
func TestLeaverWhoWasRemade(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.must(h.raw.Delete(h.Context(), h.account(id.ID).DeskUser))
		again := h.byHand("ann", provision.RoleAdmin)
		h.suspend(id.ID)
		h.drain()
		h.residual(id.ID, provision.ReasonResidual, string(again.ID), again.Email, "admin")
		h.must(h.raw.SetActive(h.Context(), again.ID, false)) // an admin does it
		h.pass(11 * time.Minute)
		h.state(id.ID, provision.AccountEnded)
	})
}

// TestRenamedLeaver: a leaver whose address changed before they left, on a desk
// that keeps no external id and has lost the known id, is found by the address
// that the desk had confirmed: before access is called ended, and by a sweep after.
func TestRenamedLeaver(t *testing.T) {
	renamed := func(i *provision.Identity) { i.Profile.Email = "new@" + domain }
	for _, tt := range []struct {
		name  string
		newer bool // somebody else, who has no access, is at the new address
	}{{"nobody at the new address", false}, {"a deactivated stranger at the new address", true}} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, nil, func(h *harness) {
				h.agents()
				h.forgetful()
				id := h.agent("ann")
				h.must(h.raw.Delete(h.Context(), h.account(id.ID).DeskUser))
				again := h.byHand("ann", provision.RoleAgent)
				if tt.newer {
					h.must(h.raw.SetActive(h.Context(), h.byHand("new", provision.RoleAgent).ID, false))
				}
				h.update(id.ID, renamed)
				h.suspend(id.ID)
				h.drain()
				h.residual(id.ID, provision.ReasonResidual, string(again.ID), again.Email)
				if !h.user(again.Email).Active {
					h.Error("a user who is not ours was written to")
				}
				h.must(h.raw.SetActive(h.Context(), again.ID, false)) // an admin does it
				h.pass(11 * time.Minute)
				h.state(id.ID, provision.AccountEnded)
			})
		})
	}
	t.Run("one wrong answer", func(t *testing.T) {
		each(t, nil, func(h *harness) {
			h.agents()
			h.forgetful()
			id := h.agent("ann")
			known := h.account(id.ID).DeskUser
			h.update(id.ID, renamed)
			h.suspend(id.ID)
			h.faults.missing = map[provision.DeskUserID]int{known: 1}
			h.drain()
			h.pass(time.Minute)
			h.state(id.ID, provision.AccountEnded)
			if u := h.user("ann@" + domain); u.ID != known || u.Active {
				h.Errorf("the desk shows %+v", u)
			}
		})
	})
	t.Run("a colleague who has the old address by now", func(t *testing.T) {
		each(t, nil, func(h *harness) {
			h.agents()
			h.forgetful()
			id := h.agent("ann")
			h.must(h.raw.Delete(h.Context(), h.account(id.ID).DeskUser))
			h.update(id.ID, renamed)
			h.suspend(id.ID)
			h.drain()
			h.state(id.ID, provision.AccountEnded)
			next := h.person("ann2", func(i *provision.Identity) { roles("agent")(i); i.Profile.Email = "ann@" + domain })
			h.drain()
			h.state(next.ID, provision.AccountReady)
			h.sweep()
			h.state(id.ID, provision.AccountEnded)
		})
	})
	t.Run("by a sweep", func(t *testing.T) {
		eachReading(t, nil, func(h *harness) {
			h.agents()
			h.forgetful()
			id := h.agent("ann")
			h.update(id.ID, renamed)
			h.suspend(id.ID)
			h.drain()
			h.state(id.ID, provision.AccountEnded)
			h.must(h.raw.Delete(h.Context(), h.account(id.ID).DeskUser))
			again := h.byHand("ann", provision.RoleAgent)
			h.sweep()
			h.drain()
			if a := h.state(id.ID, provision.AccountNeedsAttention); a.ReasonCode != provision.ReasonResidual || !strings.Contains(a.Reason, string(again.ID)) {
				h.Errorf("%s %q", a.ReasonCode, a.Reason)
			}
		})
	})
}

// TestOneWrongNotFound: a desk that says once of a user that there is no such
// user, and still has one with the same id at the same address.
func TestOneWrongNotFound(t *testing.T) {
	for name, mark := range map[string]bool{"with an external id": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			each(t, nil, func(h *harness) {
				if !mark {
					h.forgetful()
				}
				h.agents()
				leaves, stays := h.agent("ann"), h.agent("bob")
				users := []provision.DeskUserID{h.account(leaves.ID).DeskUser, h.account(stays.ID).DeskUser}
				h.faults.missing = map[provision.DeskUserID]int{users[0]: 1, users[1]: 1}
				h.suspend(leaves.ID)
				h.update(stays.ID, func(i *provision.Identity) { i.Profile.Title = "Alto" })
				h.drain()
				for _, id := range []provision.Identity{leaves, stays} {
					a := h.state(id.ID, provision.AccountWaiting)
					if a.ReasonCode != provision.ReasonFailed || !strings.Contains(a.Reason, "says that there is no user") {
						h.Errorf("%s: %q", a.ReasonCode, a.Reason)
					}
				}
				h.pass(time.Minute)
				h.state(leaves.ID, provision.AccountEnded)
				if u := h.user(leaves.Profile.Email); u.Active {
					h.Errorf("still active: %+v", u)
				}
				if a := h.state(stays.ID, provision.AccountReady); a.DeskUser != users[1] {
					h.Errorf("user %s, want %s", a.DeskUser, users[1])
				}
			})
		})
	}
}

// TestWrongNotFoundBesideAnother: the known user has another address by now, and
// somebody else has the person's. One wrong answer must not make us forget who
// is to be ended.
func TestWrongNotFoundBesideAnother(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.forgetful()
		h.agents()
		id := h.agent("ann")
		user := h.account(id.ID).DeskUser
		h.must(h.raw.SetProfile(h.Context(), user, provision.DeskUser{Email: "old@" + domain, GivenName: "ann", FamilyName: "Test"}))
		other := h.byHand("ann", provision.RoleAgent)
		h.faults.missing = map[provision.DeskUserID]int{user: 1}
		h.suspend(id.ID)
		h.drain()
		h.pass(time.Minute)
		if u := h.user("old@" + domain); u.Active {
			h.Error("the known user is still active")
		}
		h.residual(id.ID, provision.ReasonResidual, string(other.ID))
	})
}

func TestOwnerWhoLeaves(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		var owner provision.DeskUser
		for _, u := range h.snapshot().Users {
			if u.Role == provision.RoleOwner {
				owner = u.DeskUser
			}
		}
		id := h.person("ann", func(i *provision.Identity) { roles("agent")(i); i.Profile.Email = owner.Email })
		h.drain()
		if a := h.state(id.ID, provision.AccountNeedsAttention); strings.Contains(a.Reason, "--adopt") || a.ReasonCode != provision.ReasonOwner {
			h.Errorf("an owner is never adopted, but: %s %q", a.ReasonCode, a.Reason)
		}
		h.suspend(id.ID)
		h.drain()
		a := h.residual(id.ID, provision.ReasonOwner, string(owner.ID), "transfer the ownership")
		if strings.Contains(a.Reason, "--adopt") {
			h.Errorf("reason %q", a.Reason)
		}
	})
}

// TestUserOfAnother: what is somebody else's for sure keeps no leaver open.
func TestUserOfAnother(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		twin := h.person("ann2", func(i *provision.Identity) { roles("agent")(i); i.Profile.Email = ann.Profile.Email })
		h.drain()
		a := h.state(twin.ID, provision.AccountNeedsAttention)
		if a.ReasonCode != provision.ReasonUserTaken || strings.Contains(a.Reason, "--adopt") || !strings.Contains(a.Reason, string(h.account(ann.ID).ID)) {
			h.Errorf("%s %q", a.ReasonCode, a.Reason)
		}
		h.suspend(twin.ID)
		h.drain()
		h.state(twin.ID, provision.AccountEnded)
		h.state(ann.ID, provision.AccountReady)
		if u := h.user(ann.Profile.Email); !u.Active {
			h.Error("ann lost access with her twin")
		}
	})
}

// TestDeactivatedStranger: who has no access needs nobody.
func TestDeactivatedStranger(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		u := h.byHand("ann", provision.RoleAgent)
		h.must(h.raw.SetActive(h.Context(), u.ID, false))
		id := h.agent("ann")
		h.suspend(id.ID)
		h.drain()
		h.state(id.ID, provision.AccountEnded)
	})
}

// TestSecondUserOfLeaver: the known user is deactivated and has another address
// by now; a second one has the person's.
func TestSecondUserOfLeaver(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.must(h.raw.SetProfile(h.Context(), h.account(id.ID).DeskUser, provision.DeskUser{Email: "old@" + domain, GivenName: "ann", FamilyName: "Test"}))
		second := h.byHand("ann", provision.RoleAgent)
		h.suspend(id.ID)
		h.drain()
		a := h.residual(id.ID, provision.ReasonResidual, string(second.ID), second.Email)
		if strings.Contains(a.Reason, "--adopt") {
			h.Errorf("reason %q", a.Reason)
		}
		if u := h.user("old@" + domain); u.Active {
			h.Error("the known user is still active")
		}
	})
}

// TestSweepFindsResidualAccess: who comes back to a desk past us after access
// had ended is found, whatever there is of the account.
func TestSweepFindsResidualAccess(t *testing.T) {
	for _, policy := range []provision.DriftPolicy{provision.DriftRepair, provision.DriftReport} {
		t.Run(string(policy), func(t *testing.T) {
			eachReading(t, func(s *settings) { s.desk.Drift, s.desk.OnLeave = policy, provision.LeaveDelete }, func(h *harness) {
				h.agents()
				ann, bob, cid := h.agent("ann"), h.agent("bob"), h.agent("cid")
				for _, id := range []provision.Identity{ann, bob, cid} {
					h.suspend(id.ID)
				}
				h.drain()
				for _, id := range []provision.Identity{ann, bob, cid} {
					h.state(id.ID, provision.AccountEnded)
				}
				back := h.byHand("ann", provision.RoleAgent)
				gone := h.agent("dan") // removed by hand after he was ended, and made anew
				h.desk.OnLeave = provision.LeaveDeactivate
				h.must(h.store.SaveDesk(h.Context(), h.desk))
				h.suspend(gone.ID)
				h.drain()
				h.state(gone.ID, provision.AccountEnded)
				h.must(h.raw.Delete(h.Context(), h.account(gone.ID).DeskUser))
				h.byHand("dan", provision.RoleAgent)
				h.person("bob2", func(i *provision.Identity) { roles("agent")(i); i.Profile.Email = bob.Profile.Email }) // somebody else, by right
				h.drain()
				h.sweep(func(o *worker.SweepOptions) { o.LookOnly = true })
				h.drain()
				h.state(ann.ID, provision.AccountEnded)
				report := h.sweep()
				found := []provision.AccountID{}
				for _, d := range report.Drifts {
					found = append(found, d.Account)
				}
				slices.Sort(found)
				h.same("found", []provision.AccountID{h.account(ann.ID).ID, h.account(gone.ID).ID}, found)
				h.drain()
				if a := h.state(gone.ID, provision.AccountNeedsAttention); a.ReasonCode != provision.ReasonResidual {
					h.Errorf("%s %q", a.ReasonCode, a.Reason)
				}
				a := h.state(ann.ID, provision.AccountNeedsAttention)
				if a.ReasonCode != provision.ReasonResidual || !strings.Contains(a.Reason, string(back.ID)) {
					h.Errorf("%s %q", a.ReasonCode, a.Reason)
				}
				h.state(bob.ID, provision.AccountEnded)
				h.state(cid.ID, provision.AccountEnded)
				if !h.user(ann.Profile.Email).Active {
					h.Error("a user who is not ours was written to")
				}
			})
		})
	}
}

// gauge returns the value of a gauge of the built-in desk.
func gauge(t *testing.T, w *worker.Worker, name string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.Collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}
