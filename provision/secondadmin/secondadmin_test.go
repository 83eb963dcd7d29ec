package secondadmin_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

var (
	ada = provision.Cause{Actor: "cli:root(ada)@bridge-1", Action: "test"}
	bob = provision.Cause{Actor: "cli:bob@bridge-1", Action: "test"}
	all = reconcile.Whom{All: true}
)

// needing gives h a core that needs two admins, or not.
func needing(h *provisiontest.Harness, on bool) {
	h.Core = core.New(h.Store, core.Policy{Now: h.Now, SecondAdmin: secondadmin.Policy{On: on}}, slog.New(slog.DiscardHandler))
}

// atWork has so many agents be at work, by the group Support.
func atWork(h *provisiontest.Harness, n int) (people []provision.Identity, rule provision.Rule) {
	h.Helper()
	needing(h, true)
	people = h.People(n)
	ids := make([]provision.MemberID, n)
	for i, p := range people {
		ids[i] = provision.MemberID(p.ID)
	}
	h.Group("Support", ids...)
	rule = h.Rule("Support", provision.RoleAgent, "A")
	h.Evaluate()
	h.ReconcileAll()
	return people, rule
}

// onHold has all of them lose access, which mass-change protection holds.
func onHold(h *provisiontest.Harness, n int) []provision.Identity {
	h.Helper()
	people, rule := atWork(h, n)
	h.Must(h.Core.Settings.RemoveRule(h.Context(), ada, rule.ID))
	h.Evaluate()
	h.ReconcileAll()
	in(h, "held", people, n)
	return people
}

// in fails the test unless so many of people have access on the desk.
func in(h *provisiontest.Harness, when string, people []provision.Identity, want int) {
	h.Helper()
	h.ReconcileAll()
	n := 0
	for _, p := range people {
		if a := h.Account(p.ID); a.Confirmed.Status == provision.AccessActive {
			n++
		}
	}
	if n != want {
		h.Errorf("%s: %d have access, want %d", when, n, want)
	}
}

// waits fails the test unless err says that a second admin is needed, in these words.
func waits(h *provisiontest.Harness, when string, err error, words ...string) {
	h.Helper()
	h.Code(err, provision.Denied)
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			h.Errorf("%s: %v lacks %q", when, err, w)
		}
	}
	if err != nil && !strings.Contains(err.Error(), secondadmin.Reason) {
		h.Errorf("%s: no reason in %v", when, err)
	}
}

// did returns how many entries there are of an action.
func did(h *provisiontest.Harness, action provision.Action) (n int) {
	h.Helper()
	h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Action == action {
			n++
		}
		return nil
	}))
	return n
}

// TestReleaseNeedsTwo: nothing of a hold is released until somebody else asks for the same.
func TestReleaseNeedsTwo(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := onHold(h, 8)
		release := func(c provision.Cause) (int, error) { return h.Core.Reconcile.Release(h.Context(), c, "acme", all) }
		_, err := release(ada)
		waits(h, "asked", err, "release 8 accounts of connection acme", "Another admin than root(ada)@bridge-1")
		in(h, "asked", people, 8)
		again := ada
		again.Actor = "cli:ada@laptop"
		_, err = release(again)
		waits(h, "asked by the same", err, "that is you")
		in(h, "asked by the same", people, 8)
		if open, err := h.Core.SecondAdmin.List(h.Context()); err != nil || len(open) != 1 || open[0].Kind != secondadmin.KindRelease || open[0].Accounts != 8 || open[0].By != ada.Actor {
			h.Errorf("open: %+v, %v", open, err)
		}
		n, err := release(bob)
		h.Must(err)
		if n != 8 {
			h.Errorf("%d released", n)
		}
		in(h, "confirmed", people, 0)
		if open, err := h.Core.SecondAdmin.List(h.Context()); err != nil || len(open) != 0 {
			h.Errorf("still open: %+v, %v", open, err)
		}
		if asked, confirmed := did(h, audit.SecondAdminAsked), did(h, audit.SecondAdminConfirmed); asked != 1 || confirmed != 1 {
			h.Errorf("%d asked, %d confirmed", asked, confirmed)
		}
	})
}

// TestReleaseOfManyNeedsTwo: what is released in many transactions is what two are agreed on.
func TestReleaseOfManyNeedsTwo(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := onHold(h, 120)
		_, err := h.Core.Reconcile.Release(h.Context(), ada, "acme", all)
		waits(h, "asked", err)
		n, err := h.Core.Reconcile.Release(h.Context(), bob, "acme", all)
		h.Must(err)
		if n != 120 {
			h.Errorf("%d released", n)
		}
		in(h, "confirmed", people, 0)
	})
}

// TestEachOfAHoldNeedsTwo: one by one is no way around, and neither is asking for one and
// confirming all.
func TestEachOfAHoldNeedsTwo(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := onHold(h, 7)
		one := func(c provision.Cause, who provision.Identity) error {
			_, err := h.Core.Reconcile.Release(h.Context(), c, "acme", reconcile.Whom{People: []string{string(who.ID)}})
			return err
		}
		for _, p := range people {
			waits(h, "one by one", one(ada, p), "release 1 account ")
		}
		in(h, "one by one", people, 7)
		_, err := h.Core.Reconcile.Release(h.Context(), bob, "acme", all)
		waits(h, "all", err)
		in(h, "one asked each, another all", people, 7)
		h.Must(one(bob, people[3]))
		in(h, "one confirmed", people, 6)
	})
}

// TestWhatChangedIsAskedAnew: a request is about what was to be seen when it was made.
func TestWhatChangedIsAskedAnew(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := onHold(h, 8)
		release := func(c provision.Cause) error {
			_, err := h.Core.Reconcile.Release(h.Context(), c, "acme", all)
			return err
		}
		waits(h, "asked", release(ada))
		_, err := h.Core.Reconcile.Reject(h.Context(), ada, "acme", reconcile.Whom{People: []string{string(people[0].ID)}})
		h.Must(err)
		waits(h, "one fewer", release(bob), "is void", "something else", "release 7 accounts")
		in(h, "one fewer", people, 8)
		if n := did(h, audit.SecondAdminVoid); n != 1 {
			h.Errorf("%d void", n)
		}
		h.Offset.Add(int64(secondadmin.DefaultWait))
		waits(h, "too late", release(ada), "was not confirmed until", "is void")
		in(h, "too late", people, 8)
		h.Must(release(bob))
		in(h, "confirmed", people, 1)
	})
}

// TestNothingUnseenIsReleased: a release by two is no release of what is not on hold yet:
// losses of before count on.
func TestNothingUnseenIsReleased(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		onHold(h, 8)
		_, err := h.Core.Reconcile.Release(h.Context(), ada, "acme", all)
		waits(h, "asked", err)
		_, err = h.Core.Reconcile.Release(h.Context(), bob, "acme", all)
		h.Must(err)
		conn, err := h.Core.Settings.Connection(h.Context(), "acme")
		h.Must(err)
		if conn.ReleasedAt != nil || conn.HeldAt != nil {
			h.Errorf("held at %v, and what was not seen is released until %v", conn.HeldAt, conn.ReleasedAt)
		}
		// Nothing is on hold: nobody is asked, and nothing is passed over.
		n, err := h.Core.Reconcile.Release(h.Context(), ada, "acme", all)
		h.Must(err)
		conn, err = h.Core.Settings.Connection(h.Context(), "acme")
		h.Must(err)
		if n != 0 || conn.ReleasedAt != nil {
			h.Errorf("%d released, until %v", n, conn.ReleasedAt)
		}
	})
}

// TestPlanNeedsTwo: a plan by which more lose access than mass-change protection lets,
// whether somebody expects that or not.
func TestPlanNeedsTwo(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people, _ := atWork(h, 8)
		d := h.Draft(provisiontest.OnGroup("Nobody", provision.RoleAgent))
		p := h.Plan(d)
		expecting := func(c provision.Cause, hash string) error {
			_, err := h.Core.Plan.ApplyExpecting(h.Context(), c, d, hash, 8)
			return err
		}
		waits(h, "asked", expecting(ada, p.Hash), "apply the plan "+p.Hash[:12]+", by which 8 people lose access at once")
		waits(h, "asked by the same", expecting(ada, p.Hash), "that is you")
		_, err := h.Core.Plan.Apply(h.Context(), bob, d, p.Hash)
		waits(h, "otherwise", err, "is void")
		if rules, err := h.Store.Rules(h.Context(), h.Conn.ID); err != nil || len(rules) != 1 || rules[0].Group != "Support" {
			h.Errorf("rules: %+v, %v", rules, err)
		}
		waits(h, "asked anew", expecting(ada, ""), "is void")
		h.Must(expecting(bob, p.Hash))
		h.Evaluate()
		in(h, "confirmed", people, 0)

		d = h.Draft(provisiontest.OnGroup("Others", provision.RoleAgent))
		_, err = h.Core.Plan.Apply(h.Context(), ada, d, "")
		h.Must(err) // nobody loses anything
	})
}

// TestChangedPlanIsAskedAnew: another plan for the same desk voids what was asked before.
func TestChangedPlanIsAskedAnew(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		atWork(h, 8)
		d := h.Draft(provisiontest.OnGroup("Nobody", provision.RoleAgent))
		p := h.Plan(d)
		_, err := h.Core.Plan.Apply(h.Context(), ada, d, p.Hash)
		waits(h, "asked", err)
		h.Must(h.Add(h.GroupByName("Support").ID, provision.MemberID(h.Person("late").ID))())
		h.Evaluate()
		_, err = h.Core.Plan.Apply(h.Context(), bob, d, p.Hash)
		h.Code(err, provision.Stale)
		_, err = h.Core.Plan.Apply(h.Context(), bob, d, "")
		waits(h, "changed", err, "something else", "is void")
		_, err = h.Core.Plan.Apply(h.Context(), ada, d, "")
		h.Must(err)
	})
}

// TestSmallPlansAddUp: what one admin alone expects to be lost counts for mass-change
// protection like all else.
func TestSmallPlansAddUp(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		needing(h, true)
		var people []provision.Identity
		rules := make([]provision.Rule, 4)
		for i := range rules {
			role := fmt.Sprintf("r%d", i)
			for j := range 3 {
				people = append(people, h.Person(fmt.Sprintf("%s-%d", role, j), role))
			}
			rules[i] = provision.Rule{Attribute: "roles", Equals: role, Role: provision.RoleAgent}
		}
		_, err := h.Core.Plan.Apply(h.Context(), ada, h.Draft(rules...), "")
		h.Must(err)
		h.Evaluate()
		in(h, "at work", people, 12)
		for i := range 3 {
			_, err = h.Core.Plan.ApplyExpecting(h.Context(), ada, h.Draft(rules[i+1:]...), "", 3)
			if i == 0 {
				h.Must(err)
			} else if err != nil {
				break
			}
			h.Evaluate()
			in(h, "lost", people, 12-3*(i+1))
		}
		waits(h, "the second three", err, "by which 3 people lose access")
		in(h, "in the end", people, 9)
	})
}

// TestRemovalNeedsTwo: with a connection or a desk goes the access of all of its people.
func TestRemovalNeedsTwo(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people, _ := atWork(h, 3)
		desk := func(c provision.Cause) error {
			_, err := h.Core.Removal.RemoveDesk(h.Context(), c, h.Desk.ID, false)
			return err
		}
		conn := func(c provision.Cause, keep bool) error {
			_, err := h.Core.Removal.RemoveConnection(h.Context(), c, h.Conn.ID, keep)
			return err
		}
		waits(h, "desk", desk(ada), "remove desk support, by which 3 accounts lose access")
		waits(h, "desk, by the same", desk(ada), "that is you")
		waits(h, "connection", conn(bob, false), "remove connection acme, by which 3 accounts lose access")
		in(h, "asked", people, 3)
		h.Must(conn(ada, false))
		h.Evaluate()
		in(h, "confirmed", people, 0)
		h.Must(desk(bob))
	})
}

func TestKeptAccessNeedsOne(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		atWork(h, 3)
		_, err := h.Core.Removal.RemoveConnection(h.Context(), ada, h.Conn.ID, true)
		h.Must(err)
	})
}

// TestWhoIsWho: the second is another person than the first, and who may be the same is.
func TestWhoIsWho(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		onHold(h, 6)
		console := func(name string) string { return "person:" + string(h.Person(name).ID) }
		person := map[string]string{"ada": console("ada"), "bob": console("bob")}
		token := func(name string, c provision.Cause, of string) string {
			by := administration.Maker{Standing: administration.Standing{Role: administration.Owner}, Person: provision.IdentityID(strings.TrimPrefix(of, "person:"))}
			if of != "" {
				by.Connection = h.Conn.ID
			}
			_, _, err := h.Core.Administration.CreateToken(h.Context(), c, by, administration.TokenDraft{Name: name, Role: administration.Admin})
			h.Must(err)
			return "api:" + name
		}
		adasToken, bobsToken := token("ci", ada, person["ada"]), token("cd", ada, person["bob"])
		madeByAda, madeByToken := token("cli", ada, ""), token("child", provision.Cause{Actor: "api:ci"}, "")
		for _, tt := range []struct {
			first, second string
			same          bool
		}{
			{"cli:root(ada)@a", "cli:ada@b", true},
			{"cli:deskbridge(ada)@a", "cli:root(Ada)@b", true},
			{"cli:ada@a", "cli:bob@a", false},
			{"cli:root(ada)@a", "cli:root(bob)@a", false},
			{"cli:ada@a", person["ada"], true},
			{"cli:ada@a", person["bob"], false},
			{person["ada"], person["ada"], true},
			{person["ada"], person["bob"], false},
			{person["ada"], adasToken, true},
			{adasToken, person["ada"], true},
			{adasToken, bobsToken, false},
			{bobsToken, "cli:root(bob)@a", true},
			{"cli:root(ada)@b", madeByAda, true},
			{"cli:bob@b", madeByAda, false},
			{"break-glass:ada", "cli:ada@a", true},
			{"break-glass:ada", person["ada"], true},
			{"break-glass:ada", "break-glass:bob", false},
			{"cli:ada@a", "cli:root@a", true},                         // who is root?
			{"cli:ada@a", "cli:uid-1000@a", true},                     // who is that?
			{"cli:ada@a", madeByToken, true},                          // whose is that?
			{"cli:ada@a", "api:nothing", true},                        // likewise
			{"cli:ada@a", "person:" + string(h.Desk.ID), true},        // nobody
			{"cli:ada@a", "scim:okta", true},                          // no admin
			{"break-glass:ada@acme.example", "cli:root(ada)@a", true}, // one calls them so, the other so
		} {
			_, err := h.Core.Reconcile.Release(h.Context(), provision.Cause{Actor: tt.first}, "acme", all)
			waits(h, tt.first, err)
			open, err := h.Core.SecondAdmin.List(h.Context())
			h.Must(err)
			if len(open) != 1 {
				h.Fatalf("%s then %s: %+v", tt.first, tt.second, open)
			}
			may, err := h.Core.SecondAdmin.MayConfirm(h.Context(), provision.Cause{Actor: tt.second}, &open[0])
			h.Must(err)
			if may == tt.same {
				h.Errorf("%s then %s: may confirm %t", tt.first, tt.second, may)
			}
			_, err = h.Core.SecondAdmin.Withdraw(h.Context(), provision.Cause{Actor: tt.first}, open[0].ID)
			h.Must(err)
		}
		// Who cannot be told from others asks for nothing, and a token is its owner's after it ended.
		_, err := h.Core.Reconcile.Release(h.Context(), provision.Cause{Actor: "cli:root@a"}, "acme", all)
		waits(h, "root", err, "cannot be told who root@a is")
		_, err = h.Core.Reconcile.Release(h.Context(), provision.Cause{Actor: adasToken}, "acme", all)
		waits(h, "token", err, "api:ci (of "+person["ada"]+")")
		_, err = h.Core.Administration.RevokeToken(h.Context(), ada, "ci")
		h.Must(err)
		_, err = h.Core.Reconcile.Release(h.Context(), provision.Cause{Actor: person["ada"]}, "acme", all)
		waits(h, "whose token it was", err, "that is you")
		h.SetStatus(provision.IdentityID(strings.TrimPrefix(person["ada"], "person:")), provision.StatusSuspended)
		_, err = h.Core.Reconcile.Release(h.Context(), bob, "acme", all)
		waits(h, "who has left has asked for nothing", err, "they have left", "is void")
	})
}

// TestWithdrawnAndExpired: what is not wanted any more, or by nobody in time, is not done.
func TestWithdrawnAndExpired(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := onHold(h, 6)
		ask := func(c provision.Cause) secondadmin.Request {
			_, err := h.Core.Reconcile.Release(h.Context(), c, "acme", all)
			waits(h, "asked", err)
			open, err := h.Core.SecondAdmin.List(h.Context())
			h.Must(err)
			return open[0]
		}
		r := ask(ada)
		_, err := h.Core.SecondAdmin.Withdraw(h.Context(), ada, r.ID)
		h.Must(err)
		_, err = h.Core.SecondAdmin.Withdraw(h.Context(), ada, r.ID)
		h.Code(err, provision.NotFound)
		ask(bob)
		in(h, "withdrawn", people, 6)
		h.Must(h.Core.SecondAdmin.Pass(h.Context()))
		if n := did(h, audit.SecondAdminExpired); n != 0 {
			h.Errorf("%d expired too early", n)
		}
		h.Offset.Add(int64(secondadmin.DefaultWait))
		if open, err := h.Core.SecondAdmin.List(h.Context()); err != nil || len(open) != 0 {
			h.Errorf("expired, and still to be seen: %+v, %v", open, err)
		}
		h.Must(h.Core.SecondAdmin.Pass(h.Context()))
		h.Must(h.Core.SecondAdmin.Pass(h.Context()))
		if expired, withdrawn := did(h, audit.SecondAdminExpired), did(h, audit.SecondAdminWithdrawn); expired != 1 || withdrawn != 1 {
			h.Errorf("%d expired, %d withdrawn", expired, withdrawn)
		}
		in(h, "expired", people, 6)
	})
}

// TestSwitchedOff: one admin alone can have it be off, and that is seen.
func TestSwitchedOff(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := onHold(h, 6)
		h.Must(h.Core.SecondAdmin.Pass(h.Context()))
		if n := did(h, audit.SecondAdminSwitchedOn); n != 1 {
			h.Errorf("switched on %d times", n)
		}
		needing(h, false)
		_, err := h.Core.Reconcile.Release(h.Context(), ada, "acme", all)
		h.Must(err)
		in(h, "switched off", people, 0)
		by := ""
		h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
			if e.Action == audit.SecondAdminSwitchedOff {
				by += e.Cause.Actor
			}
			return nil
		}))
		if by != ada.Actor {
			h.Errorf("switched off by %q", by)
		}
	})
}

// TestSecondsAtOnce: however many confirm at the same time, it is done once; and of many who
// ask first, one does.
func TestSecondsAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := onHold(h, 6)
		var released, refused atomic.Int64
		admins := make([]func() error, 20)
		for i := range admins {
			c := provision.Cause{Actor: fmt.Sprintf("cli:admin%d@a", i), Action: "test"}
			admins[i] = func() error {
				n, err := h.Core.Reconcile.Release(h.Context(), c, "acme", all)
				released.Add(int64(n))
				if err != nil {
					refused.Add(1)
				}
				return nil
			}
		}
		h.AtOnce(admins...)
		in(h, "all at once", people, 0)
		if released.Load() != 6 || refused.Load() != 1 {
			h.Errorf("%d released, %d refused", released.Load(), refused.Load())
		}
		if asked, confirmed := did(h, audit.SecondAdminAsked), did(h, audit.SecondAdminConfirmed); asked != 1 || confirmed != 1 {
			h.Errorf("%d asked, %d confirmed", asked, confirmed)
		}
	})
}

// TestPlansAtOnce: the same of a plan, which is applied once.
func TestPlansAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		atWork(h, 6)
		d := h.Draft(provisiontest.OnGroup("Nobody", provision.RoleAgent))
		p := h.Plan(d)
		_, err := h.Core.Plan.ApplyExpecting(h.Context(), ada, d, p.Hash, 6)
		waits(h, "asked", err)
		applies := make([]func() error, 5)
		for i := range applies {
			c := provision.Cause{Actor: fmt.Sprintf("cli:admin%d@a", i), Action: "test"}
			applies[i] = func() error { _, _ = h.Core.Plan.ApplyExpecting(h.Context(), c, d, p.Hash, 6); return nil }
		}
		h.AtOnce(applies...)
		if applied, confirmed := did(h, audit.PlanApplied), did(h, audit.SecondAdminConfirmed); applied != 1 || confirmed != 1 {
			h.Errorf("%d applied, %d confirmed", applied, confirmed)
		}
	})
}

// TestDefaultsOfThePolicy: the zero policy needs one admin, and writes nothing.
func TestDefaultsOfThePolicy(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Unchanged("looking", func() { h.Must(h.Core.SecondAdmin.Pass(h.Context())) })
		if secondadmin.DefaultWait != 24*time.Hour {
			h.Errorf("a request waits %s, and docs/operations.md says a day", secondadmin.DefaultWait)
		}
	})
}
