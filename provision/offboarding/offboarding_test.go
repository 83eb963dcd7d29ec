package offboarding_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// house is a harness with a rule on a group that everybody is in.
type house struct {
	*provisiontest.Harness
	group provision.Group
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	provisiontest.Each(t, build(test))
}

// once runs test on SQLite alone: what it asks of a database others ask of both.
func once(t *testing.T, test func(h *house)) {
	t.Helper()
	build(test)(provisiontest.New(t, storetest.SQLite(t)))
}

func build(test func(h *house)) func(h *provisiontest.Harness) {
	return func(h *provisiontest.Harness) {
		_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Group: "Support",
			Role: provision.RoleAgent, Teams: []string{"A"}, Mailboxes: []string{"Help"}})
		h.Must(err)
		test(&house{h, h.Group("Support")})
	}
}

// agent adds somebody who works on the desk.
func (h *house) agent(name string) provision.Identity {
	h.Helper()
	id := h.Person(name)
	h.Must(h.Add(h.group.ID, provision.MemberID(id.ID))())
	h.ReconcileAll()
	return id
}

// leave takes somebody out of the group.
func (h *house) leave(id provision.IdentityID) {
	h.Helper()
	h.Must(h.Change(h.group.ID, func(c *directory.GroupChange) { c.Remove(provision.MemberID(id)) }))
}

// records returns the records of somebody, of whom there are so many.
func (h *house) records(id provision.IdentityID, want int) []offboarding.Record {
	h.Helper()
	all, err := h.Core.Offboarding.Records(h.Context(), id)
	h.Must(err)
	if len(all) != want {
		h.Fatalf("%d records, want %d: %+v", len(all), want, all)
	}
	return all
}

// is fails the test unless a record has one desk with this outcome, and this status.
func (h *house) is(r offboarding.Record, status offboarding.Status, outcome offboarding.Outcome) offboarding.Desk {
	h.Helper()
	if len(r.Desks) != 1 || r.Status != status || r.Desks[0].Outcome != outcome {
		h.Fatalf("the record is %s, want %s, %s: %+v", r.Status, status, outcome, r)
	}
	if outcome == offboarding.Out != (r.NoAccessAt != nil) {
		h.Errorf("%s, and no access at %v", outcome, r.NoAccessAt)
	}
	return r.Desks[0]
}

// TestRecordOfASuspension has somebody suspended who has sessions and conversations.
func TestRecordOfASuspension(t *testing.T) {
	each(t, func(h *house) {
		ann, bob := h.agent("ann"), h.agent("bob")
		h.Desk.HandOver = provision.HandOver{To: provision.HandOverRoundRobin}
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		for range 3 {
			_, err := h.Desks.AddConversation(h.Context(), h.Desk.ID, builtin.NewConversation{Mailbox: "Help", Subject: "It is broken", Text: "Please help",
				Customer: builtin.Customer{Email: "customer@shop.test"}, Assignee: desk.Assignee{User: h.Account(ann.ID).DeskUser}})
			h.Must(err)
		}
		session := provision.Session{Identity: ann.ID, Connection: h.Conn.ID, Protocol: provision.ProtocolOIDC, Issuer: "https://idp.test", Subject: "ann"}
		session, _, err := h.Core.Sessions.StartSession(h.Context(), provisiontest.ByTest, session, time.Time{}, "")
		h.Must(err)
		_, _, err = h.Core.DeskSessions.Enter(h.Context(), provisiontest.ByTest, h.Desk, session, provision.ProtocolSAML, nil)
		h.Must(err)
		if all := h.records(ann.ID, 0); all != nil {
			t.Errorf("nobody has left: %+v", all)
		}
		h.SetStatus(ann.ID, provision.StatusSuspended)

		r := h.records(ann.ID, 1)[0]
		d := h.is(r, offboarding.StillOpen, offboarding.Unconfirmed)
		if r.Sessions.Ended != 1 || r.Sessions.Left != 0 || d.Sessions.Waiting != 1 || len(r.Open) != 2 {
			t.Errorf("before the desk was read back: %+v", r)
		}
		if s := r.Signals; len(s) != 1 || s[0].By != "test" || s[0].Entry == 0 || !strings.Contains(s[0].What, "active: false") {
			t.Errorf("signals %+v", s)
		}

		h.ReconcileAll()
		_, err = h.Core.DeskSessions.End(h.Context(), true)
		h.Must(err)
		notices, err := h.Core.DeskSessions.ClaimLogoutNotices(h.Context(), h.Desk.ID, 10)
		h.Must(err)
		for _, n := range notices {
			h.Must(h.Core.DeskSessions.NoticeDelivered(h.Context(), n, "test"))
		}
		r = h.records(ann.ID, 1)[0]
		d = h.is(r, offboarding.Closed, offboarding.Out)
		if d.Shown == nil || d.Shown.Status != provision.AccessSuspended || !d.SeatFreed || len(d.Awaited) != 0 || len(r.Open) != 0 || *r.ToNoAccess <= 0 || *d.ToNoAccess != *r.ToNoAccess {
			t.Errorf("closed: %+v", r)
		}
		c := d.Conversations
		if c == nil || c.Before != 3 || c.Moved != 3 || c.Left != 0 || !c.Done || len(c.To) != 1 || c.To[0].Count != 3 || c.To[0].Name != "bob Test" || c.To[0].DeskUser != h.Account(bob.ID).DeskUser {
			t.Errorf("conversations: %+v", c)
		}
		if d.Sessions.Ended != 1 || d.Sessions.Notified != 1 || d.Sessions.Waiting != 0 || d.Sessions.CutOnDesk == nil {
			t.Errorf("desk sessions: %+v", d.Sessions)
		}
		if p := r.Person; p.Name != "ann Test" || p.Address != "ann@example.test" || p.ExternalID != "ext-ann" || p.Source != "acme" || p.Status != provision.StatusSuspended {
			t.Errorf("person: %+v", p)
		}
		if len(d.Stays) == 0 || !strings.Contains(d.Stays[0], "deactivated, with name") {
			t.Errorf("stays: %v", d.Stays)
		}
	})
}

// TestRecordOfLostAccess: whoever loses the last group has left, and is told of by
// the group that gave it.
func TestRecordOfLostAccess(t *testing.T) {
	once(t, func(h *house) {
		ann := h.agent("ann")
		h.leave(ann.ID)
		h.is(h.records(ann.ID, 1)[0], offboarding.StillOpen, offboarding.Unconfirmed)
		h.ReconcileAll()
		r := h.records(ann.ID, 1)[0]
		h.is(r, offboarding.Closed, offboarding.Out)
		if s := r.Signals[0]; s.By != "test" || !strings.Contains(s.What, "lost the last") || !strings.Contains(s.What, "group Support") {
			t.Errorf("signal %+v", s)
		}

		// Suspended later, it is the same leaving.
		h.SetStatus(ann.ID, provision.StatusSuspended)
		h.ReconcileAll()
		if r := h.records(ann.ID, 1)[0]; len(r.Signals) != 2 || r.Status != offboarding.Closed || r.Returned != nil {
			t.Errorf("suspended after that: %+v", r)
		}

		// An admin's rule tells of the admin.
		bob := h.agent("bob")
		rules, err := h.Core.Settings.Rules(h.Context(), h.Conn.ID)
		h.Must(err)
		h.Must(h.Core.Settings.RemoveRule(h.Context(), provision.Cause{Actor: "cli:ada@bridge", Action: "deskbridge rule remove"}, rules[0].ID))
		h.Evaluate()
		h.ReconcileAll()
		if s := h.records(bob.ID, 1)[0].Signals[0]; s.By != "system" || !strings.Contains(s.What, "rules changed by ada@bridge") {
			t.Errorf("signal %+v", s)
		}
	})
}

// TestRecordOfTwoDesks: it is closed when both have shown it, and the later one
// counts.
func TestRecordOfTwoDesks(t *testing.T) {
	each(t, func(h *house) {
		second, err := h.Core.Settings.AddDesk(h.Context(), provisiontest.ByTest, provision.Desk{Name: "billing", Kind: builtin.Kind, OnLeave: provision.LeaveDelete})
		h.Must(err)
		_, err = h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: second.ID, Group: "Support", Role: provision.RoleAgent})
		h.Must(err)
		ann := h.agent("ann")
		h.SetStatus(ann.ID, provision.StatusSuspended)
		accounts, err := h.Store.AccountsOf(h.Context(), []provision.IdentityID{ann.ID})
		h.Must(err)
		held := time.Now().Add(time.Hour)
		for _, a := range accounts {
			if a.Desk == second.ID { // somebody is at it
				a.LeaseUntil = &held
				h.Must(h.Store.SaveAccounts(h.Context(), []provision.Account{a}))
			}
		}
		h.ReconcileAll()
		r := h.records(ann.ID, 1)[0]
		if len(r.Desks) != 2 || r.Desks[0].Name != "billing" || r.Desks[0].Outcome != offboarding.Unconfirmed || r.Desks[1].Outcome != offboarding.Out ||
			r.Status != offboarding.StillOpen || r.NoAccessAt != nil || len(r.Open) != 1 || !strings.HasPrefix(r.Open[0], "billing: ") {
			t.Errorf("one of two: %+v", r)
		}
		h.Offset.Add(int64(2 * time.Hour))
		h.ReconcileAll()
		r = h.records(ann.ID, 1)[0]
		if r.Status != offboarding.Closed || r.Desks[0].Shown.Status != provision.AccessAbsent || !r.NoAccessAt.Equal(*r.Desks[0].NoAccessAt) || !r.Desks[1].NoAccessAt.Before(*r.NoAccessAt) {
			t.Errorf("both: %+v", r)
		}
		figures, err := h.Core.Offboarding.Times(h.Context())
		h.Must(err)
		week := figures[0]
		if week.All.Count != 2 || week.Desks[second.ID].Count != 1 || week.Desks[second.ID].P95 < 2*time.Hour || week.Desks[h.Desk.ID].P50 >= 2*time.Hour || week.All.P95 != week.Desks[second.ID].P95 {
			t.Errorf("times: %+v", week)
		}
	})
}

// TestRecordOfEachLeaving: whoever is hired again and leaves again has two records,
// and what came after the return is not in the first.
func TestRecordOfEachLeaving(t *testing.T) {
	once(t, func(h *house) {
		ann := h.agent("ann")
		h.SetStatus(ann.ID, provision.StatusSuspended)
		h.ReconcileAll()
		h.SetStatus(ann.ID, provision.StatusActive)
		first := h.records(ann.ID, 1)[0]
		h.is(first, offboarding.Closed, offboarding.Out)
		if first.Returned == nil {
			t.Errorf("not bounded: %+v", first)
		}
		h.ReconcileAll()
		h.SetStatus(ann.ID, provision.StatusSuspended) // and back before the desk has shown anything
		h.SetStatus(ann.ID, provision.StatusActive)
		h.ReconcileAll()
		h.leave(ann.ID)
		h.ReconcileAll()
		all := h.records(ann.ID, 3)
		h.is(all[0], offboarding.Closed, offboarding.Out)
		h.is(all[1], offboarding.CutShort, offboarding.Unconfirmed)
		h.is(all[2], offboarding.Closed, offboarding.Out)
		if len(all[0].Desks[0].Events) != len(first.Desks[0].Events) || all[2].Number != 3 || all[2].Of != 3 || all[2].Began.Before(*all[1].Returned) {
			t.Errorf("records: %+v", all)
		}
	})
}

// TestRecordOfABlock: it lasts until an admin takes it back, whatever the identity
// provider says meanwhile; so does an end that has passed.
func TestRecordOfABlock(t *testing.T) {
	once(t, func(h *house) {
		byAda := provision.Cause{Actor: "cli:ada@bridge", Action: "deskbridge person block"}
		ann := h.agent("ann")
		_, err := h.Core.Terms.Block(h.Context(), byAda, ann.ID, "dismissed")
		h.Must(err)
		h.SetStatus(ann.ID, provision.StatusSuspended)
		h.SetStatus(ann.ID, provision.StatusActive)
		r := h.records(ann.ID, 1)[0]
		h.is(r, offboarding.StillOpen, offboarding.Unconfirmed)
		if s := r.Signals[0]; r.Returned != nil || s.By != "cli:ada@bridge" || !strings.Contains(s.What, "blocked") || strings.Contains(r.Signals[1].What, "Support") {
			t.Errorf("blocked: %v, %+v", r.Returned, r.Signals)
		}
		h.ReconcileAll()
		h.is(h.records(ann.ID, 1)[0], offboarding.Closed, offboarding.Out)
		_, err = h.Core.Terms.Unblock(h.Context(), byAda, ann.ID)
		h.Must(err)
		if r := h.records(ann.ID, 1)[0]; r.Returned == nil {
			t.Errorf("unblocked: %+v", r)
		}
		h.ReconcileAll()

		_, err = h.Core.Terms.SetEnd(h.Context(), byAda, ann.ID, new(h.Now().Add(time.Hour)))
		h.Must(err)
		h.records(ann.ID, 1)
		h.Offset.Add(int64(2 * time.Hour))
		_, err = h.Core.Terms.Pass(h.Context())
		h.Must(err)
		h.ReconcileAll()
		r = h.records(ann.ID, 2)[1]
		h.is(r, offboarding.Closed, offboarding.Out)
		if !strings.Contains(r.Signals[0].What, "end") || r.Returned != nil {
			t.Errorf("past the end: %v, %+v", r.Returned, r.Signals)
		}
		_, err = h.Core.Terms.SetEnd(h.Context(), byAda, ann.ID, nil)
		h.Must(err)
		if r := h.records(ann.ID, 2)[1]; r.Returned == nil {
			t.Errorf("for ever: %+v", r)
		}
	})
}

// TestRecordOfAMove: whoever loses the last group and is in another a moment later has
// come back, though the desk has shown nothing else; a leaving after that begins anew.
func TestRecordOfAMove(t *testing.T) {
	once(t, func(h *house) {
		ann := h.agent("ann")
		h.leave(ann.ID)
		h.Must(h.Add(h.group.ID, provision.MemberID(ann.ID))())
		h.ReconcileAll()
		if r := h.records(ann.ID, 1)[0]; r.Returned == nil || r.Status == offboarding.StillOpen {
			t.Errorf("moved: %+v", r)
		}
		h.Offset.Add(int64(48 * time.Hour))
		h.leave(ann.ID)
		h.ReconcileAll()
		r := h.records(ann.ID, 2)[1]
		h.is(r, offboarding.Closed, offboarding.Out)
		if time.Duration(*r.ToNoAccess)*time.Millisecond > time.Hour {
			t.Errorf("the end took %d ms", *r.ToNoAccess)
		}
	})
}

// TestRecordOfARemoval: DELETE, and the return under another id that takes the
// account along.
func TestRecordOfARemoval(t *testing.T) {
	each(t, func(h *house) {
		ann := h.agent("ann")
		byToken := provision.Cause{Actor: "scim:okta-2027", Action: "DELETE /Users", Request: "r-1"}
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ann.ID, byToken, nil))
		h.ReconcileAll()
		r := h.records(ann.ID, 1)[0]
		h.is(r, offboarding.Closed, offboarding.Out)
		if s := r.Signals[0]; s.By != "scim:okta-2027" || s.Operation != "DELETE /Users" || s.Request != "r-1" || !strings.Contains(s.What, "removed") {
			t.Errorf("signal %+v", s)
		}
		back := h.Person("ann")
		if back.ID == ann.ID {
			t.Fatal("the same id")
		}
		r = h.records(ann.ID, 1)[0]
		h.is(r, offboarding.Closed, offboarding.Out)
		if r.Returned == nil || r.Returned.Sub(back.CreatedAt).Abs() > time.Second {
			t.Errorf("back at %v: %v", back.CreatedAt, r.Returned)
		}
		h.records(back.ID, 0)
		h.Must(h.Add(h.group.ID, provision.MemberID(back.ID))())
		h.ReconcileAll()
		h.SetStatus(back.ID, provision.StatusSuspended)
		h.is(h.records(back.ID, 1)[0], offboarding.StillOpen, offboarding.Unconfirmed)
		h.is(h.records(ann.ID, 1)[0], offboarding.Closed, offboarding.Out)
	})
}

// TestRecordOfSomebodyForgotten has ids and times, and no name.
func TestRecordOfSomebodyForgotten(t *testing.T) {
	once(t, func(h *house) {
		ann := h.agent("annabel")
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, nil))
		h.ReconcileAll()
		before := h.records(ann.ID, 1)[0]
		_, err := h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, ann.ID)
		h.Must(err)
		r := h.records(ann.ID, 1)[0]
		d := h.is(r, offboarding.Closed, offboarding.Out)
		if !r.Person.Forgotten || r.Person.Name+r.Person.UserName+r.Person.Address+r.Person.ExternalID != "" || !r.NoAccessAt.Equal(*before.NoAccessAt) || d.DeskUser != before.Desks[0].DeskUser {
			t.Errorf("the record: %+v", r)
		}
		if text := keep(h, r); strings.Contains(strings.ToLower(string(text)), "annabel") {
			t.Errorf("it names them: %s", text)
		}
	})
}

// TestList lists who has left and had access, and those who are still in whenever
// it began.
func TestList(t *testing.T) {
	each(t, func(h *house) {
		ann, bob, eve := h.agent("ann"), h.agent("bob"), h.Person("eve")
		h.SetStatus(ann.ID, provision.StatusSuspended)
		h.ReconcileAll()
		h.Offset.Add(int64(48 * time.Hour))
		h.SetStatus(bob.ID, provision.StatusSuspended)
		h.SetStatus(eve.ID, provision.StatusSuspended) // who has no account
		list := func(which offboarding.Which, others int, want ...provision.IdentityID) {
			h.Helper()
			var got []provision.IdentityID
			n, err := h.Core.Offboarding.List(h.Context(), which, func(r offboarding.Record) error { got = append(got, r.Person.ID); return nil })
			h.Must(err)
			if len(got) != len(want) || n != others {
				h.Fatalf("%+v: %v and %d others, want %v and %d", which, got, n, want, others)
			}
			for i := range want {
				if got[i] != want[i] {
					h.Errorf("%+v: %v, want %v", which, got, want)
				}
			}
		}
		list(offboarding.Which{}, 1, bob.ID, ann.ID)
		list(offboarding.Which{Since: h.Now().Add(-time.Hour)}, 1, bob.ID)
		list(offboarding.Which{Open: true}, 0, bob.ID)
		h.Offset.Add(int64(48 * time.Hour))
		list(offboarding.Which{Since: h.Now().Add(-time.Hour)}, 0, bob.ID)
		h.ReconcileAll()
		list(offboarding.Which{Since: h.Now().Add(-time.Hour)}, 0)
	})
}

// TestRecordOfStepsToCome: a later step of on_leave stands in the record until it is done,
// and keeps it from being closed no more than it has; without one nothing is said.
func TestRecordOfStepsToCome(t *testing.T) {
	once(t, func(h *house) {
		ann := h.agent("ann")
		h.SetStatus(ann.ID, provision.StatusSuspended)
		h.ReconcileAll()
		if d := h.is(h.records(ann.ID, 1)[0], offboarding.Closed, offboarding.Out); d.ToCome != nil {
			t.Errorf("without steps: %+v", d.ToCome)
		}
		h.Desk.OnLeave, h.Desk.Approve = "deactivate, delete after 30d", provision.Approve{Of: provision.ApproveDeletes}
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		bob := h.agent("bob")
		h.SetStatus(bob.ID, provision.StatusSuspended)
		h.ReconcileAll()
		c := h.is(h.records(bob.ID, 1)[0], offboarding.Closed, offboarding.Out).ToCome
		if c == nil || c.Step != "delete after 30d" || c.Approval != "needed" || !strings.HasPrefix(c.Says, "delete after 30d, due "+c.Due.Format(time.RFC3339)+"; an admin") {
			t.Fatalf("to come: %+v", c)
		}
		if in := c.Due.Sub(h.Now()); in < 29*24*time.Hour || in > 30*24*time.Hour {
			t.Errorf("due in %s", in)
		}
		h.Offset.Add(int64(31 * 24 * time.Hour))
		_, err := h.Core.LeaveSteps.Pass(h.Context())
		h.Must(err)
		h.ReconcileAll()
		if c := h.is(h.records(bob.ID, 1)[0], offboarding.Closed, offboarding.Out).ToCome; c == nil || c.Approval != "asked" {
			t.Errorf("once an admin is asked: %+v", c)
		}
		_, err = h.Core.Approval.Approve(h.Context(), provisiontest.ByTest, h.Account(bob.ID).ID)
		h.Must(err)
		h.ReconcileAll()
		d := h.is(h.records(bob.ID, 1)[0], offboarding.Closed, offboarding.Out)
		if d.ToCome != nil || d.Events[len(d.Events)-1].What == "" || d.Shown == nil || d.Shown.Status != provision.AccessAbsent {
			t.Errorf("once it is done: %+v", d)
		}
	})
}
