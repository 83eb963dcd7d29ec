package adoption_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// staff pushes people whom the desk has already, and lists it.
func (o *office) staff(group string, names ...string) map[string]provision.Identity {
	o.Helper()
	people := make(map[string]provision.Identity)
	var members []provision.MemberID
	for _, name := range names {
		people[name] = o.Person(name)
		members = append(members, provision.MemberID(people[name].ID))
		o.user(name, provision.DeskUser{Teams: []string{"A"}})
	}
	o.Rule("Agents", provision.RoleAgent, "A")
	if group != "" {
		o.Group(group, members...)
	}
	o.Evaluate()
	o.ReconcileAll()
	o.sweep()
	return people
}

// named selects all of these users.
func (o *office) named(names ...string) adoption.Selection {
	sel := adoption.Selection{Named: map[provision.DeskUserID]provision.IdentityID{}}
	for _, name := range names {
		sel.Named[o.ids[name]] = ""
	}
	return sel
}

// TestAWaveSurvivesAKill stops a wave each time that it looks at the clock, one later each
// time: every account is as it was or adopted, and a wave that is begun again does the rest.
func TestAWaveSurvivesAKill(t *testing.T) {
	names := []string{"ann", "bob", "cyd"}
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		o := newOffice(h)
		people := o.staff("Agents", names...)
		var looks, last atomic.Int64
		var kill context.CancelFunc
		mortal := core.New(h.Store, core.Policy{Brake: reconcile.Brake{Off: true}, Now: func() time.Time {
			if looks.Add(1) == last.Load() {
				kill()
			}
			return h.Now()
		}}, slog.New(slog.DiscardHandler))
		kills := 0
		last.Store(1)
		for done := false; !done; last.Add(1) {
			steps, err := h.Core.Adoption.Plan(h.Context(), h.Desk, adoption.Selection{Confidence: adoption.Strong, Limit: 10}, o.on)
			h.Must(err)
			var ctx context.Context
			ctx, kill = context.WithCancel(h.Context())
			looks.Store(0)
			_, err = mortal.Adoption.Accept(ctx, provisiontest.ByTest, h.Desk, steps)
			if done = err == nil && ctx.Err() == nil; !done {
				kills++
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				h.Fatal(err)
			}
			kill()
			o.isWhole(people)
		}
		if kills < 6 {
			h.Errorf("killed only %d times", kills)
		}
		h.ReconcileAll()
		for name, who := range people {
			if a := h.Account(who.ID); a.State != provision.AccountReady || a.DeskUser != o.ids[name] {
				h.Errorf("%s at last: %s %s, user %s", name, a.State, a.Reason, a.DeskUser)
			}
		}
	})
}

// isWhole fails the test unless each account asks as before, or has its user, a place in
// one wave and one entry in the audit log.
func (o *office) isWhole(people map[string]provision.Identity) {
	o.Helper()
	entries, places := make(map[provision.AccountID]int), make(map[provision.AccountID]int)
	o.Must(o.Core.Audit.EachEntry(o.Context(), func(e provision.Entry) error {
		if e.Action == audit.AccountAdopted {
			entries[e.Account]++
		}
		return nil
	}))
	waves, err := o.Core.Adoption.Waves(o.Context(), o.Desk.ID, 100)
	o.Must(err)
	for _, w := range waves {
		_, users, err := o.Core.Adoption.Wave(o.Context(), w.ID)
		o.Must(err)
		for _, u := range users {
			places[u.Account]++
		}
	}
	for name, who := range people {
		a := o.Account(who.ID)
		got := fmt.Sprintf("user %q, origin %q, %s, due %v, %d places, %d entries", a.DeskUser, a.Origin, a.State, a.Due(), places[a.ID], entries[a.ID])
		before := fmt.Sprintf("user %q, origin %q, %s, due %v, %d places, %d entries", "", "", provision.AccountNeedsAttention, true, 0, 0)
		adopted := fmt.Sprintf("user %q, origin %q, %s, due %v, %d places, %d entries", o.ids[name], provision.OriginAdopted, provision.AccountWaiting, true, 1, 1)
		if got != before && got != adopted {
			o.Errorf("%s is neither as before nor adopted: %s", name, got)
		}
	}
}

// TestAWaveThatTakesAccess: of more people than mass-change protection lets it takes
// nothing; of fewer it does, and they count.
func TestAWaveThatTakesAccess(t *testing.T) {
	names := []string{"ann", "bob", "cyd", "dee"}
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Core = core.New(h.Store, core.Policy{Brake: reconcile.Brake{People: 2, Percent: 10, Window: 10 * time.Minute}, Now: h.Now}, slog.New(slog.DiscardHandler))
		o := newOffice(h)
		people := o.staff("", names...)
		refused := func(when, why string, sel adoption.Selection) []adoption.Step {
			h.Helper()
			steps, err := h.Core.Adoption.Plan(h.Context(), h.Desk, sel, o.on)
			h.Must(err)
			for _, s := range steps {
				if !s.Ends || (why == "") != (s.Refused == "") || !strings.Contains(s.Refused, why) {
					h.Errorf("%s: %s ends %v, refused %q, want %q", when, s.User.Email, s.Ends, s.Refused, why)
				}
			}
			return steps
		}
		w, err := h.Core.Adoption.Accept(h.Context(), provisiontest.ByTest, h.Desk, refused("all", "mass-change protection lets 2 lose it within 10m0s, 0 of whom have", o.named(names...)))
		h.Must(err)
		h.ReconcileAll()
		for _, name := range names {
			if u := o.read(name); w.Users != 0 || !u.Active {
				h.Errorf("%s lost access by a wave of %d that is held", name, w.Users)
			}
		}
		_, err = h.Core.Adoption.Accept(h.Context(), provisiontest.ByTest, h.Desk, refused("two", "", o.named("ann", "bob")))
		h.Must(err)
		refused("one more", "2 of whom have", o.named("cyd"))
		h.ReconcileAll()
		for _, name := range names[:2] {
			if a := h.Account(people[name].ID); a.State != provision.AccountEnded || o.read(name).Active {
				h.Errorf("%s: %s %s", name, a.State, a.Reason)
			}
		}
		h.Offset.Add(int64(time.Hour))
		refused("later", "", o.named("cyd", "dee"))
	})
}
