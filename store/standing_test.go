package store_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestStanding: what is asked of desks as a whole is told by desk, and what is
// done is not told any more.
func TestStanding(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		_, d := seeded(t, s)
		equal(t, "desks", []provision.DeskID{d.ID}, got(s.DeskIDs(ctx))(t))

		exactly(t, 0, len(got(s.Backlogs(ctx))(t)))
		early := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
		must(t, s.Enqueue(ctx,
			provision.Job{Kind: provision.JobReconcile, Account: "a1", Desk: d.ID, At: early},
			provision.Job{Kind: provision.JobReconcile, Account: "a2", Desk: d.ID},
			provision.Job{Kind: provision.JobReconcile, Account: "a3", Desk: d.ID, At: time.Now().Add(time.Hour)}, // not yet
			provision.Job{Kind: provision.JobEvaluate, Connection: "c1"}))
		must(t, s.Exec(ctx, `UPDATE river_job SET state = 'available' WHERE scheduled_at <= '`+time.Now().UTC().Format("2006-01-02 15:04:05")+`'`)) // as the queue does
		backlogs := got(s.Backlogs(ctx))(t)
		equal(t, "backlog", deskhealth.Backlog{Runs: 2, Since: early}, backlogs[d.ID.Queue()])

		p := deskhealth.HandOverProblem{Desk: d.ID, Rule: provision.HandOverRule{Agent: "gone@acme.example"}, Reason: "gone", FoundAt: noon}
		billing := deskhealth.HandOverProblem{Desk: d.ID, Mailbox: "Billing", Rule: provision.HandOverRule{Team: "Accounts"}, Reason: "no such team", FoundAt: noon}
		for range 2 {
			must(t, s.SaveHandOverProblem(ctx, p))
			must(t, s.SaveHandOverProblem(ctx, billing))
			equal(t, "hand-over problems", []deskhealth.HandOverProblem{p, billing}, got(s.HandOverProblems(ctx))(t))
		}
		back(t, billing, got(s.HandOverProblems(ctx))(t)[1])
		must(t, s.DeleteHandOverProblem(ctx, d.ID, ""))
		equal(t, "hand-over problems", []deskhealth.HandOverProblem{billing}, got(s.HandOverProblems(ctx))(t))
		must(t, s.DeleteHandOverProblem(ctx, d.ID, "Billing"))
		exactly(t, 0, len(got(s.HandOverProblems(ctx))(t)))
	})
}

// TestLeavers: whoever's access is to end counts until it has ended.
func TestLeavers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		var ids []provision.AccountID
		for i, person := range people(t, s, c.ID, "late", "later", "stays", "gone") {
			a := account(person, d.ID)
			a.EndingSince, a.State = new(noon.Add(time.Duration(i)*time.Minute)), provision.AccountOnHold
			switch person.UserName {
			case "stays":
				a.EndingSince = nil
			case "gone":
				a.State = provision.AccountEnded
			default:
				ids = append(ids, a.ID)
			}
			must(t, s.SaveAccounts(ctx, []provision.Account{a}))
		}
		var leaving []provision.AccountID
		var of []provision.IdentityID
		for _, a := range got(s.LeavingAccounts(ctx, "", 0))(t) {
			leaving, of = append(leaving, a.ID), append(of, a.Identity)
		}
		equal(t, "leaving, the first to end first", ids, leaving)
		equal(t, "by desk", map[provision.DeskID]deskhealth.Leavers{d.ID: {Count: 2, Since: noon}}, got(s.Leavers(ctx))(t))
		names := map[string]bool{}
		for _, p := range got(s.PeopleNames(ctx, of))(t) {
			names[p.String()] = true
		}
		equal(t, "by name", map[string]bool{"Display late (late@example.test)": true, "Display later (later@example.test)": true}, names)
	})
}
