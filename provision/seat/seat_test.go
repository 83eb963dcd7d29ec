package seat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/provision/settings"
)

const day = 24 * time.Hour

// play is a desk with a policy on a clock that stands.
type play struct {
	*provisiontest.Harness
	support provision.Group
}

func each(t *testing.T, test func(p *play)) {
	t.Helper()
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.StopClock()
		h.Desk.Price = seating.Price{Amount: "30.00", Limited: "0.00", Currency: "EUR"}
		h.Desk.Idle = seating.Policy{After: 60 * day}
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		h.Must(settings.NotePrice(h.Context(), h.Store, h.Core.Audit, provisiontest.ByTest, seating.Price{}, h.Desk))
		h.Rule("Support", provision.RoleAgent, "A")
		test(&play{h, h.Group("Support")})
	})
}

// join pushes people who get a seat.
func (p *play) join(names ...string) (people []provision.Identity) {
	p.Helper()
	for _, name := range names {
		people = append(people, p.Person(name))
		p.Must(p.Add(p.support.ID, provision.MemberID(people[len(people)-1].ID))())
	}
	p.settle()
	return people
}

func (p *play) settle() {
	p.Helper()
	p.Evaluate()
	p.ReconcileAll()
}

func (p *play) later(d time.Duration) { p.Offset.Add(int64(d)) }

// told has the desk tell when somebody was there, so long ago; 0: never.
func (p *play) told(id provision.IdentityID, ago time.Duration) {
	p.Helper()
	a := seat.Activity{Account: p.Account(id).ID}
	if ago > 0 {
		a.Last = p.Core.Now().Add(-ago)
	}
	p.Must(p.Core.Seats.Told(p.Context(), p.Desk.ID, []seat.Activity{a}))
}

// states returns how people use their seats, by the name before the @.
func (p *play) states() map[string]seat.State {
	p.Helper()
	idle, err := p.Core.Seats.Idle(p.Context(), p.Desk, seat.Question{})
	p.Must(err)
	out := make(map[string]seat.State)
	for _, h := range idle.Holders {
		name, _, _ := strings.Cut(h.Person.UserName, "@")
		out[name] = h.State
	}
	return out
}

func (p *play) take(id provision.IdentityID, do seating.Do) error {
	_, err := p.Core.Seats.Take(p.Context(), provisiontest.ByTest, seat.Taking{Desk: p.Desk.ID, Person: id, Do: do})
	return err
}

func (p *play) has(when string, id provision.IdentityID, status provision.AccessStatus, role provision.Role) {
	p.Helper()
	if a := p.Account(id); a.Confirmed.Status != status || a.Confirmed.Role != role {
		p.Errorf("%s: the desk shows %s %s, want %s %s (%s %s)", when, a.Confirmed.Status, a.Confirmed.Role, status, role, a.State, a.Reason)
	}
}

// lines returns the ledger in a few words.
func (p *play) lines() (out []string) {
	p.Helper()
	ledger, err := p.Core.Seats.Ledger(p.Context(), seat.LedgerFilter{})
	p.Must(err)
	for _, l := range ledger.Lines {
		person, err := p.Store.AnyIdentity(p.Context(), l.Person)
		p.Must(err)
		name, _, _ := strings.Cut(person.UserName, "@")
		out = append(out, fmt.Sprintf("%s %s %s %s", name, l.What, l.Why, l.Monthly))
	}
	return out
}

func TestWhoIsIdle(t *testing.T) {
	each(t, func(p *play) {
		people := p.join("ann", "bo", "cy", "dee", "eve", "flo")
		p.later(100 * day)
		new := p.join("gil")
		p.told(people[0].ID, 10*day)
		p.told(people[1].ID, 90*day)
		p.told(people[2].ID, 0)
		p.told(people[4].ID, 90*day)
		_, err := p.Core.Terms.SetAway(p.Context(), provisiontest.ByTest, people[4].ID, p.Core.Now().Add(30*day), false)
		p.Must(err)
		p.told(new[0].ID, 0)
		p.told(people[5].ID, 40*day)
		p.later(25 * day) // since then the desk has told nothing: who was not idle by then may be working
		p.told(people[0].ID, 10*day)
		p.told(people[1].ID, 90*day)
		want := map[string]seat.State{"ann": seat.Active, "bo": seat.Idle, "cy": seat.Never, "dee": seat.Unknown, "eve": seat.Away, "flo": seat.Unknown, "gil": seat.Joined}
		if diff := cmp.Diff(want, p.states()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, i := range []int{0, 3, 4, 5} {
			p.Code(p.take(people[i].ID, seating.Free), provision.Conflict)
		}
		p.Code(p.take(new[0].ID, seating.Free), provision.Conflict)
		if proposed, err := p.Core.Seats.Propose(p.Context(), p.Desk); err != nil || len(proposed) != 2 {
			t.Errorf("%d are proposed, %v", len(proposed), err)
		}
	})
}

// TestIdleInPages: pages hold everybody once, in the order of the whole, and say how many
// come behind them; and who has used the seat is left out where that is asked for.
func TestIdleInPages(t *testing.T) {
	each(t, func(p *play) {
		people := p.join("ann", "bo", "cy", "dee", "eve", "flo", "gus")
		p.later(100 * day)
		for i, ago := range []time.Duration{10 * day, 90 * day, 0, 80 * day, 0, 0} { // of the last nobody can tell
			p.told(people[i].ID, ago)
		}
		_, err := p.Core.Terms.SetAway(p.Context(), provisiontest.ByTest, people[5].ID, p.Core.Now().Add(30*day), false)
		p.Must(err)
		ask := func(q seat.Question) (names []string, page seat.Page) {
			p.Helper()
			page, err := p.Core.Seats.Idle(p.Context(), p.Desk, q)
			p.Must(err)
			for _, h := range page.Holders {
				name, _, _ := strings.Cut(h.Person.UserName, "@")
				names = append(names, name)
			}
			return names, page
		}
		whole, page := ask(seat.Question{})
		if page.More != 0 || page.Unknown != 1 {
			t.Errorf("behind all of them come %d, and of %d nobody can tell, want 0 and 1", page.More, page.Unknown)
		}
		// cy and eve were never there and came at the same moment, so that their ids decide.
		if diff := cmp.Diff([]string{"cy", "eve", "bo", "dee", "flo", "ann", "gus"}, whole); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		unused, page := ask(seat.Question{Unused: true, Limit: 3})
		if diff := cmp.Diff(whole[:3], unused); diff != "" || page.More != 1 || page.Unknown != 1 {
			t.Errorf("who does not use it, %d more and %d unknown (-want +got):\n%s", page.More, page.Unknown, diff)
		}
		for size := 1; size <= len(whole); size++ {
			var all []string
			q := seat.Question{Limit: size}
			for {
				some, page := ask(q)
				all = append(all, some...)
				if want := len(whole) - len(all); page.More != want {
					t.Fatalf("pages of %d: behind %v come %d, want %d", size, some, page.More, want)
				}
				if page.More == 0 {
					break
				}
				q.Begin = page.Next
			}
			if diff := cmp.Diff(whole, all); diff != "" {
				t.Errorf("pages of %d (-want +got):\n%s", size, diff)
			}
		}
	})
}

// TestIdleAndBack: proposed, accepted, downgraded or freed, given back; and what the
// ledger makes of it.
func TestIdleAndBack(t *testing.T) {
	each(t, func(p *play) {
		people := p.join("ann", "bo", "cy")
		p.later(70 * day)
		for _, who := range people {
			p.told(who.ID, 0)
		}
		p.Must(p.take(people[0].ID, seating.Downgrade))
		p.Must(p.take(people[1].ID, seating.Free))
		p.Code(p.take(people[1].ID, seating.Free), provision.Conflict)
		if got := p.lines(); len(got) != 3 {
			t.Errorf("the desk has shown nothing yet, and the ledger says %q", got)
		}
		p.settle()
		p.has("downgraded", people[0].ID, provision.AccessActive, provision.RoleLimited)
		p.has("freed", people[1].ID, provision.AccessSuspended, provision.RoleNone)
		why, err := p.Core.Explanation.WhyNot(p.Context(), p.person(people[1].ID), explanation.Question{})
		p.Must(err)
		if len(why) != 1 || len(why[0].Why) != 1 || why[0].Why[0].Code != explanation.WhyIdle {
			t.Errorf("why not: %+v", why)
		}
		p.Must(p.Change(p.support.ID, func(c *directory.GroupChange) { c.DisplayName = "Helpers" })) // whatever is pushed, it stays
		p.settle()
		p.has("still freed", people[1].ID, provision.AccessSuspended, provision.RoleNone)
		for _, who := range people[:2] {
			given, err := p.Core.Seats.GiveBack(p.Context(), provisiontest.ByTest, who.ID, p.Desk.ID)
			p.Must(err)
			again, err := p.Core.Seats.GiveBack(p.Context(), provisiontest.ByTest, who.ID, p.Desk.ID)
			p.Must(err)
			if !given || again {
				t.Errorf("given back: %v, and again: %v", given, again)
			}
		}
		p.settle()
		for _, who := range people[:2] {
			p.has("back", who.ID, provision.AccessActive, provision.RoleAgent)
		}
		if got := p.states(); got["ann"] != seat.Joined || got["bo"] != seat.Joined || got["cy"] != seat.Never {
			t.Errorf("after they are back: %v", got)
		}
		// A leaver gets nothing back by it.
		p.Must(p.take(people[2].ID, seating.Free))
		p.settle()
		p.SetStatus(people[2].ID, provision.StatusSuspended)
		p.settle()
		_, err = p.Core.Seats.GiveBack(p.Context(), provisiontest.ByTest, people[2].ID, p.Desk.ID)
		p.Must(err)
		p.settle()
		p.has("a leaver", people[2].ID, provision.AccessSuspended, provision.RoleNone)
		want := []string{"ann taken rules 30.00", "bo taken rules 30.00", "cy taken rules 30.00", "ann downgraded idle 30.00", "bo freed idle 30.00",
			"ann upgraded came-back 30.00", "bo taken came-back 30.00", "cy freed idle 30.00"}
		slices.Sort(want)
		got := p.lines()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the ledger (-want +got):\n%s", diff)
		}
	})
}

// TestSavedByMonth: by the price of each moment, whoever left, until they are back.
func TestSavedByMonth(t *testing.T) {
	each(t, func(p *play) {
		at := func(text string) { // moves the clock on
			want, err := time.Parse(time.RFC3339, text)
			p.Must(err)
			p.later(want.Sub(p.Core.Now()))
		}
		at("2098-12-31T12:00:00Z")
		people := p.join("ann", "bo")
		at("2099-01-15T23:59:00Z") // a run comes a minute later
		p.SetStatus(people[0].ID, provision.StatusSuspended)
		p.settle()
		at("2099-02-15T00:00:00Z")
		before := p.Desk.Price
		p.Desk.Price.Amount = "60.00"
		p.Must(p.Store.SaveDesk(p.Context(), p.Desk))
		p.Must(settings.NotePrice(p.Context(), p.Store, p.Core.Audit, provisiontest.ByTest, before, p.Desk))
		at("2099-03-31T23:59:00Z")
		p.SetStatus(people[0].ID, provision.StatusActive)
		p.settle()
		at("2099-05-01T00:00:00Z")
		ledger, err := p.Core.Seats.Ledger(p.Context(), seat.LedgerFilter{Since: p.Core.Now().AddDate(0, -4, 0)})
		p.Must(err)
		var got []string
		for _, m := range ledger.Months {
			got = append(got, fmt.Sprintf("%s freed %d taken %d saved %s %s", m.Month.Format("2006-01"), m.Freed, m.Taken, m.Saved, m.Saved.Currency))
		}
		want := []string{
			"2099-01 freed 1 taken 0 saved 15.48 EUR", // 16 of 31 days at 30
			"2099-02 freed 0 taken 0 saved 45.00 EUR", // 14 days at 30, 14 at 60
			"2099-03 freed 0 taken 0 saved 60.00 EUR",
			"2099-04 freed 0 taken 1 saved 0.00 EUR",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if l := ledger.Lines[0]; l.Why != seat.ByLeaving || l.Monthly.String() != "30.00" {
			t.Errorf("first line: %+v", l)
		}
	})
}

// TestPolicyActs: by itself, within mass-change protection, and never on whom the desk
// does not tell of.
func TestPolicyActs(t *testing.T) {
	each(t, func(p *play) {
		p.Core = core.New(p.Store, core.Policy{Brake: reconcile.Brake{People: 2, Percent: 10, Window: 10 * time.Minute}, Now: p.Now}, nil)
		people := p.join("ann", "bo", "cy", "dee", "eve")
		p.later(70 * day)
		act := func(when string, want, proposed int, held bool) {
			p.Helper()
			n, err := p.Core.Seats.Act(p.Context(), p.Desk)
			p.Must(err)
			note, err := p.Store.ProposedIdle(p.Context())
			p.Must(err)
			if got := note[p.Desk.ID]; n != want || got.Count != proposed || got.Held != held {
				t.Errorf("%s: %d taken, %+v, want %d, %d, held %v", when, n, got, want, proposed, held)
			}
		}
		for _, who := range people[:3] {
			p.told(who.ID, 0)
		}
		act("only proposed", 0, 3, false)
		p.Desk.Idle.Do = seating.Free
		act("more than protection lets", 0, 3, true)
		p.told(people[0].ID, day)
		p.Desk.Idle.Except = []string{"Board"}
		act("an exception that is not known: of nobody is it said that they are not in it", 0, 0, false)
		p.Group("Board", provision.MemberID(people[1].ID))
		p.Must(p.Store.SaveDesk(p.Context(), p.Desk))
		act("but the board", 1, 0, false)
		act("again", 0, 0, false)
		p.settle()
		p.has("freed", people[2].ID, provision.AccessSuspended, provision.RoleNone)
		p.has("the board", people[1].ID, provision.AccessActive, provision.RoleAgent)
		p.told(people[3].ID, 0)
		p.told(people[4].ID, 0)
		act("with those of today more than protection lets", 0, 2, true)
		p.later(2 * day)
		act("tomorrow", 2, 0, false)
	})
}

func (p *play) person(id provision.IdentityID) provision.Identity {
	p.Helper()
	who, err := p.Store.AnyIdentity(p.Context(), id)
	p.Must(err)
	return who
}
