package terms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/session"
)

// entries returns the actions about a subject that begin with a prefix, in order.
func entries(h *provisiontest.Harness, subject, prefix string) (actions []provision.Action) {
	h.Helper()
	h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Subject == subject && strings.HasPrefix(string(e.Action), prefix) {
			actions = append(actions, e.Action)
		}
		return nil
	}))
	return actions
}

func stands(h *provisiontest.Harness, when string, id provision.IdentityID, want provision.AccessStatus) {
	h.Helper()
	if got := h.Desired(id); got.Status != want {
		h.Errorf("%s: desired is %q, want %q", when, got.Status, want)
	}
}

// pass sees to dates, of which so many have passed.
func pass(h *provisiontest.Harness, want int) {
	h.Helper()
	n, err := h.Core.Terms.Pass(h.Context())
	h.Must(err)
	if n != want {
		h.Errorf("%d dates were seen to, want %d", n, want)
	}
}

func update(h *provisiontest.Harness, id provision.IdentityID, change func(*provision.Identity)) {
	h.Helper()
	_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, id, provisiontest.ByTest, func(i *provision.Identity) error { change(i); return nil })
	h.Must(err)
}

func remove(h *provisiontest.Harness, id provision.IdentityID) {
	h.Helper()
	h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, id, provisiontest.ByTest, nil))
}

// TestBlockStays blocks somebody, and has the identity provider say all that it can.
func TestBlockStays(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		h.ByRoles()
		ann, bob := h.Person("ann", "agent"), h.Person("bob", "agent")
		h.ReconcileAll()
		_, opened, secret, err := h.Core.SignIn.SignIn(h.Context(), h.Conn.ID, provisiontest.ByTest, signInOf("ann"))
		h.Must(err)

		_, err = h.Core.Terms.Block(h.Context(), provisiontest.ByTest, ann.ID, " ")
		h.Code(err, provision.Invalid)
		blocked, err := h.Core.Terms.Block(h.Context(), provisiontest.ByTest, ann.ID, "dismissed")
		h.Must(err)
		if !blocked.Active() || blocked.Version != ann.Version || blocked.Standing(h.Now()) != provision.StatusSuspended {
			h.Errorf("the identity provider's word has changed: %+v", blocked)
		}
		stands(h, "blocked", ann.ID, provision.AccessSuspended)
		left, err := h.Core.Sessions.Sessions(h.Context(), provision.SessionFilter{ID: opened.ID}, 0)
		h.Must(err)
		if _, _, _, err := h.Core.Sessions.Session(h.Context(), secret); !errors.Is(err, session.ErrNone) || len(left) > 0 {
			h.Errorf("the session lives on: %v, %d left", err, len(left))
		}
		if l := h.Account(ann.ID).Loss; l.Verdict != provision.VerdictReleased || l.By != "test" || l.Person != provision.StatusSuspended || l.Cause != "block by test" {
			h.Errorf("the loss: %+v", l)
		}
		h.Refused(provisiontest.LoginOf("ann"), provision.RefusedBlocked)
		h.ReconcileAll()
		if a := h.Account(ann.ID); a.State != provision.AccountEnded {
			h.Errorf("on the desk: %s %q", a.State, a.Reason)
		}
		_, err = h.Core.Terms.Block(h.Context(), provisiontest.ByTest, ann.ID, "once more")
		h.Code(err, provision.Conflict)

		update(h, ann.ID, func(i *provision.Identity) { i.Status = provision.StatusSuspended })
		update(h, ann.ID, func(i *provision.Identity) { i.Status = provision.StatusActive })
		update(h, ann.ID, func(i *provision.Identity) { i.UserName, i.Terms = "ann.new@example.test", provision.Terms{} })
		stands(h, "renamed", ann.ID, provision.AccessSuspended)

		back := ann
		for _, name := range []string{"ann", "ann.again"} { // of this kind of connection the externalId may be reused: the name tells
			update(h, back.ID, func(i *provision.Identity) { i.UserName = name + "@example.test" })
			remove(h, back.ID)
			h.ReconcileAll()
			pushed := provisiontest.Someone(name, "agent")
			pushed.ExternalID = "ext-ann"
			again, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, pushed)
			h.Must(err)
			if again.ID == back.ID || again.Terms.Block == nil {
				h.Errorf("%s is back without the block: %+v", name, again.Terms)
			}
			back = again
			stands(h, "pushed again", back.ID, provision.AccessSuspended)
			h.ReconcileAll()
			if a := h.Account(back.ID); a.State != provision.AccountEnded {
				h.Errorf("%s on the desk: %s", name, a.State)
			}
		}
		stranger := provisiontest.Someone("ann.new", "agent")
		other, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, stranger)
		h.Must(err)
		stands(h, "whoever has the name next", other.ID, provision.AccessActive)
		stands(h, "a colleague", bob.ID, provision.AccessActive)

		_, err = h.Core.Terms.Unblock(h.Context(), provisiontest.ByTest, back.ID)
		h.Must(err)
		stands(h, "unblocked", back.ID, provision.AccessActive)
		_, err = h.Core.Terms.Unblock(h.Context(), provisiontest.ByTest, back.ID)
		h.Code(err, provision.Invalid)
		want := []provision.Action{audit.PersonBlocked}
		if diff := cmp.Diff(want, entries(h, string(ann.ID), "person.")); diff != "" {
			h.Errorf("entries (-want +got):\n%s", diff)
		}
	})
}

// TestBlockOfWhoSignsIn blocks people whom SCIM has never described.
func TestBlockOfWhoSignsIn(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		h.ByRoles()
		in, err := h.SignIn(provisiontest.LoginOf("ann"))
		h.Must(err)
		_, err = h.Core.Terms.Block(h.Context(), provisiontest.ByTest, in.Person.ID, "dismissed")
		h.Must(err)
		h.Refused(provisiontest.LoginOf("ann"), provision.RefusedBlocked)

		remove(h, in.Person.ID)
		h.Refused(provisiontest.LoginOf("ann"), provision.RefusedRemoved)
		anew := provisiontest.LoginOf("ann")
		anew.Subject = "another subject"          // made anew at the identity provider
		h.Refused(anew, provision.RefusedRemoved) // a sign-in brings nobody back

		pushed, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, provisiontest.Someone("ann", "agent"))
		h.Must(err)
		if pushed.Terms.Block == nil || h.Desired(pushed.ID).Status == provision.AccessActive {
			h.Errorf("who is pushed then has %+v", h.Desired(pushed.ID))
		}
		_, err = h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, in.Person.ID)
		h.Code(err, provision.Denied)
	})
}

// TestBlockOfWhoIsKept blocks somebody whose access an admin has had stay.
func TestBlockOfWhoIsKept(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Core = core.New(h.Store, core.Policy{Brake: reconcile.Brake{People: 1, Percent: 1, Window: 10 * time.Minute}, Now: h.Now, Grace: -1}, nil)
		h.ByRoles()
		people := []provision.Identity{h.Person("ann", "agent"), h.Person("bob", "agent"), h.Person("cid", "agent")}
		h.ReconcileAll()
		for _, p := range people {
			h.SetStatus(p.ID, provision.StatusSuspended)
		}
		h.ReconcileAll()
		kept := people[2]
		if a := h.Account(kept.ID); a.State != provision.AccountOnHold {
			h.Fatalf("the third is %s", a.State)
		}
		_, err := h.Core.Reconcile.Reject(h.Context(), provisiontest.ByTest, "acme", reconcile.Whom{People: []string{string(kept.ID)}})
		h.Must(err)
		_, err = h.Core.Terms.Block(h.Context(), provisiontest.ByTest, kept.ID, "dismissed")
		h.Must(err)
		h.ReconcileAll()
		if a := h.Account(kept.ID); a.State != provision.AccountEnded {
			h.Errorf("whom an admin blocks is %s: %s", a.State, a.Reason)
		}
	})
}

// TestBlockWhileMade blocks somebody while a run makes their user, of whom the desk has
// confirmed nothing: the run that follows finds their access, which an admin has ended.
func TestBlockWhileMade(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		ann := h.Person("ann", "agent")
		run, err := h.Core.Reconcile.Begin(h.Context(), h.Account(ann.ID).ID)
		h.Must(err)
		writes, err := run.Journal(h.Context(), []reconcile.Write{{Account: run.Account.ID, Kind: reconcile.WriteCreate}})
		h.Must(err)
		_, err = h.Core.Terms.Block(h.Context(), provisiontest.ByTest, ann.ID, "dismissed")
		h.Must(err)
		h.Must(run.Accepted(h.Context(), writes[0], "u1"))
		_, err = run.Fail(h.Context(), provision.ReasonNone, "cut short", 0)
		h.Must(err)
		_, err = h.Core.Reconcile.Begin(h.Context(), run.Account.ID)
		h.Must(err)
		if l := h.Account(ann.ID).Loss; l.Verdict != provision.VerdictReleased || l.By != "test" || l.Person != provision.StatusSuspended || l.Cause != "block by test" {
			h.Errorf("the loss: %+v", l)
		}
	})
}

// TestEndPasses has ends of people pass, many on one day.
func TestEndPasses(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Core = core.New(h.Store, core.Policy{Brake: reconcile.Brake{People: 1, Percent: 1, Window: 10 * time.Minute}, Now: h.Now, Grace: -1}, nil)
		h.Open(&provision.JIT{Create: true}, "example.test")
		h.ByRoles()
		ann, bob, cid := h.Person("ann", "agent"), h.Person("bob", "agent"), h.Person("cid", "agent")
		h.ReconcileAll()
		_, err := h.Core.Terms.SetEnd(h.Context(), provisiontest.ByTest, ann.ID, new(h.Now().Add(-time.Second)))
		h.Code(err, provision.Invalid)
		end := h.Now().Add(10 * 24 * time.Hour)
		for _, p := range []provision.Identity{ann, bob, cid} {
			_, err := h.Core.Terms.SetEnd(h.Context(), provisiontest.ByTest, p.ID, &end)
			h.Must(err)
		}
		stands(h, "before the end", ann.ID, provision.AccessActive)
		_, _, secret, err := h.Core.SignIn.SignIn(h.Context(), h.Conn.ID, provisiontest.ByTest, signInOf("ann"))
		h.Must(err)
		pass(h, 0)
		finding := func() string {
			o, err := h.Core.Plan.Glance(h.Context())
			h.Must(err)
			for _, f := range o.Findings {
				if f.Code == "ends" {
					return f.Text
				}
			}
			return ""
		}
		if got := finding(); !strings.Contains(got, "3 people's access ends within 14 days") || !strings.Contains(got, "ann@example.test") {
			h.Errorf("found: %q", got)
		}

		h.Offset.Add(int64(10 * 24 * time.Hour))
		h.Refused(provisiontest.LoginOf("ann"), provision.RefusedExpired) // whether the timer has come or not
		if _, _, _, err := h.Core.Sessions.Session(h.Context(), secret); !errors.Is(err, session.ErrNone) {
			h.Errorf("the session lives on: %v", err)
		}
		pass(h, 3)
		pass(h, 0)
		h.ReconcileAll()
		for _, p := range []provision.Identity{ann, bob, cid} {
			if a := h.Account(p.ID); a.State != provision.AccountEnded || a.Loss.By != "test" {
				h.Errorf("%s is %s: %s (%+v)", p.UserName, a.State, a.Reason, a.Loss)
			}
		}
		if got := finding(); got != "" {
			h.Errorf("found after the end: %q", got)
		}
		why, err := h.Core.Explanation.WhyNot(h.Context(), person(h, ann.ID), questionOfAccess)
		h.Must(err)
		if len(why) != 1 || len(why[0].Why) != 1 || why[0].Why[0].Code != "ended" {
			h.Errorf("why not: %+v", why)
		}

		_, err = h.Core.Terms.SetEnd(h.Context(), provisiontest.ByTest, ann.ID, new(h.Now().Add(24*time.Hour)))
		h.Must(err)
		stands(h, "prolonged", ann.ID, provision.AccessActive)
		_, err = h.Core.Terms.SetEnd(h.Context(), provisiontest.ByTest, bob.ID, nil)
		h.Must(err)
		stands(h, "for ever", bob.ID, provision.AccessActive)
		want := []provision.Action{audit.PersonEndSet, audit.PersonEnded, audit.PersonEndSet}
		if diff := cmp.Diff(want, entries(h, string(ann.ID), "person.")); diff != "" {
			h.Errorf("entries (-want +got):\n%s", diff)
		}
	})
}

// TestRuleEnds has rules end, on a group and on an attribute.
func TestRuleEnds(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Core = core.New(h.Store, core.Policy{Brake: reconcile.Brake{People: 1, Percent: 1, Window: 10 * time.Minute}, Now: h.Now, Grace: -1}, nil)
		end := h.Now().Add(10 * 24 * time.Hour)
		rule := func(r provision.Rule) provision.Rule {
			r.Connection, r.Desk, r.Role = h.Conn.ID, h.Desk.ID, provision.RoleAgent
			made, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, r)
			h.Must(err)
			return made
		}
		group := rule(provision.Rule{Group: "Contractors", Until: &end})
		rule(provision.Rule{Attribute: "roles", Equals: "temp", Until: &end})
		rule(provision.Rule{Attribute: "roles", Equals: "staff"})
		people := []provision.Identity{h.Person("ann"), h.Person("bob"), h.Person("cid"), h.Person("dot", "temp"), h.Person("eve", "temp", "staff")}
		g := h.Group("Contractors", provision.MemberID(people[0].ID), provision.MemberID(people[1].ID), provision.MemberID(people[2].ID))
		h.Evaluate()
		h.ReconcileAll()
		for _, p := range people {
			stands(h, "before the end", p.ID, provision.AccessActive)
		}
		h.Offset.Add(int64(10 * 24 * time.Hour))
		pass(h, 2)
		pass(h, 0)
		h.Evaluate()
		h.ReconcileAll()
		for _, p := range people[:4] {
			if a := h.Account(p.ID); a.State != provision.AccountEnded {
				h.Errorf("%s is %s: %s (%+v)", p.UserName, a.State, a.Reason, a.Loss)
			}
		}
		stands(h, "whom another rule gives it", people[4].ID, provision.AccessActive)
		h.Must(h.Change(g.ID, renamed("Externals"))) // binds the rule anew: its end stays seen to
		pass(h, 0)
		if n := len(entries(h, string(group.ID), "rule.ended")); n != 1 {
			h.Errorf("%d entries say that the rule has ended", n)
		}
		_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Group: "X", Role: provision.RoleAgent, Until: &end})
		h.Code(err, provision.Invalid)
	})
}

func TestParseUntil(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"2027-01-31", "2027-01-31"}, {"2027-01-31T17:00:00+01:00", "2027-01-31T16:00:00Z"}, {" 2028-02-29 ", "2028-02-29"},
		{"2027-02-01T00:00:00Z", "2027-01-31"}, // the same moment
	} {
		at, err := provision.ParseUntil("until", tt.text)
		if got := provision.FormatUntil(&at); err != nil || got != tt.want {
			t.Errorf("%q is %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "31.01.2027", "2027-02-30", "tomorrow", "2027-01-31 17:00"} {
		if at, err := provision.ParseUntil("until", text); err == nil {
			t.Errorf("%q is %s", text, at)
		}
	}
}
