package plan_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// BenchmarkLongestPush measures how long one push has to wait, at most, while
// something large is done at the same connection, which has 30,000 people, or
// 100,000: a rule for all of them is applied, half of them join a group, a group
// of all is deleted, and people are evaluated after each.
func BenchmarkLongestPush(b *testing.B) {
	for _, people := range []int{30_000, 100_000} {
		size := fmt.Sprint("people=", people)
		b.Run("sqlite/"+size, func(b *testing.B) { longestPush(b, storetest.SQLite(b), people) })
		if servicetest.Wanted {
			b.Run("postgres/"+size, func(b *testing.B) { _, s := storetest.Postgres(b); longestPush(b, s, people) })
		}
	}
}

func longestPush(b *testing.B, s *store.Store, people int) {
	ctx, by := b.Context(), provisiontest.ByTest
	c := core.New(s, core.Policy{Brake: reconcile.Brake{Off: true}}, slog.New(slog.DiscardHandler))
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	conn, _, err := c.Settings.AddConnection(ctx, by, provision.Connection{Name: "acme", IdP: provision.IdPGeneric})
	must(err)
	desk, err := c.Settings.AddDesk(ctx, by, provision.Desk{Name: "support", Kind: builtin.Kind, Settings: map[string]string{builtin.SettingTeams: "A"}})
	must(err)
	first, _, err := c.Directory.CreateIdentity(ctx, conn.ID, by, provisiontest.Someone("first"))
	must(err)
	all, err := c.Directory.CreateGroup(ctx, conn.ID, by, provision.Group{DisplayName: "All"}, nil)
	must(err)
	half, err := c.Directory.CreateGroup(ctx, conn.ID, by, provision.Group{DisplayName: "Half"}, nil)
	must(err)
	members := provisiontest.InsertClones(b, s, first, all.ID, people)

	beside := func(name string, do func() error) {
		ending, stop := context.WithCancel(ctx)
		var pushes sync.WaitGroup
		var longest time.Duration
		n := 0
		pushes.Go(func() {
			for ending.Err() == nil {
				began := time.Now()
				_, err := c.Directory.UpdatePerson(ctx, conn.ID, first.ID, by, func(i *provision.Identity) error { n++; i.Profile.Title = time.Duration(n).String(); return nil })
				if err != nil {
					b.Error(err)
					return
				}
				longest = max(longest, time.Since(began))
			}
		})
		began := time.Now()
		err := do()
		if err == nil {
			err = c.Entitlement.EvaluateDirty(ctx, conn.ID)
		}
		took := time.Since(began)
		stop()
		pushes.Wait()
		must(err)
		b.ReportMetric(float64(longest.Milliseconds()), "ms-longest-push/"+name)
		b.ReportMetric(took.Seconds(), "s/"+name)
	}
	draft := plan.Draft{Connections: []provision.Connection{conn}, Desks: []provision.Desk{desk}, Rules: []plan.DraftRule{
		{Connection: conn.Name, Desk: desk.Name, Rule: provision.Rule{Group: "All", Role: provision.RoleAgent, Teams: []string{"A"}}},
		{Connection: conn.Name, Desk: desk.Name, Rule: provision.Rule{Group: "Half", Role: provision.RoleAdmin}},
	}}
	for b.Loop() {
		beside("apply", func() error { _, err := c.Plan.Apply(ctx, by, draft, ""); return err })
		beside("join", func() error {
			_, err := c.Directory.UpdateGroup(ctx, conn.ID, half.ID, by, func(g *directory.GroupChange) error { g.Add(members[:people/2]...); return nil })
			return err
		})
		beside("delete", func() error { return c.Directory.RemoveGroup(ctx, conn.ID, all.ID, by, nil) })
	}
}
