package worker_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// eachReading runs test on desks that are read in bulk and on those that are
// not. How a desk is read and which database is behind do not meet, so that
// three of the four cases are enough.
func eachReading(t *testing.T, edit func(*settings), test func(h *harness)) {
	t.Helper()
	t.Run("one by one", func(t *testing.T) { test(build(t, storetest.SQLite(t), chosen(edit))) })
	t.Run("in bulk", func(t *testing.T) {
		each(t, edit, func(h *harness) {
			h.bulk = true
			test(h)
		})
	})
}

func withDrift(policy provision.DriftPolicy) func(*settings) {
	return func(s *settings) { s.desk.Drift = policy }
}

// sweep sweeps the desk as an admin does by hand.
func (h *harness) sweep(edit ...func(*worker.SweepOptions)) worker.SweepReport {
	h.Helper()
	report, err := h.trySweep(edit...)
	h.must(err)
	return report
}

func (h *harness) trySweep(edit ...func(*worker.SweepOptions)) (worker.SweepReport, error) {
	h.Helper()
	d, err := h.core.Settings.Desk(h.Context(), string(h.desk.ID))
	h.must(err)
	opts := worker.SweepOptions{ByHand: true, Cause: byTest}
	for _, e := range edit {
		e(&opts)
	}
	return h.worker.Sweep(h.Context(), d, opts)
}

// differences are the words of a report, each with the person's given name.
func (h *harness) differences(drifts []deskhealth.Drift) []string {
	h.Helper()
	words := []string{}
	for _, d := range drifts {
		a, err := h.store.Account(h.Context(), d.Account)
		h.must(err)
		for _, w := range d.Differences() {
			words = append(words, a.Profile.GivenName+": "+w)
		}
	}
	slices.Sort(words)
	return words
}

func (h *harness) same(what string, want, got any) {
	h.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		h.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// meddle changes a desk in every way in which people do, on people named in the
// keys, and returns what a sweep must say.
func (h *harness) meddle() (people map[string]provision.Identity, want []string) {
	h.Helper()
	ctx := h.Context()
	people = make(map[string]provision.Identity)
	user := func(name string) provision.DeskUserID {
		id := h.agent(name)
		people[name] = id
		return h.account(id.ID).DeskUser
	}
	h.agents()
	user("Untouched")
	h.must(h.raw.Delete(ctx, user("Deleted")))
	h.must(h.raw.SetActive(ctx, user("Off"), false))
	h.must(h.raw.SetRole(ctx, user("Promoted"), provision.RoleAdmin))
	h.must(h.raw.ChangeTeams(ctx, user("Moved"), []string{"Choir"}, []string{"Tier 1"}))
	h.must(h.raw.ChangeMailboxes(ctx, user("Deaf"), nil, []string{"Help"}))
	h.must(h.raw.SetProfile(ctx, user("Renamed"), provision.DeskUser{Email: "renamed@" + domain, GivenName: "Renamed", FamilyName: "Byhand"}))
	h.must(h.raw.ChangeTeams(ctx, user("Singer"), []string{"Choir"}, nil)) // which no rule governs
	for _, name := range []string{"Back", "Stays", "Vanished"} {
		id := user(name)
		h.suspend(people[name].ID)
		h.drain()
		switch name {
		case "Back":
			h.must(h.raw.SetActive(ctx, id, true))
		case "Vanished":
			h.must(h.raw.Delete(ctx, id))
		}
	}
	return people, []string{
		"Back: the user is active, although access has ended",
		"Deaf: without mailbox Help",
		"Deleted: the user is gone",
		"Moved: missing from team Tier 1",
		"Off: the user is deactivated",
		"Promoted: role admin instead of agent",
		"Renamed: other family_name, display_name",
	}
}

func TestSweepRepairs(t *testing.T) {
	eachReading(t, nil, func(h *harness) {
		people, want := h.meddle()
		checked := 0
		report := h.sweep(func(o *worker.SweepOptions) { o.Progress = func(n int) { checked += n } })
		h.same("differences", want, h.differences(report.Drifts))
		if !report.Repaired || report.Checked != len(people) || checked != len(people) {
			h.Errorf("repaired %v, checked %d, progress %d of %d", report.Repaired, report.Checked, checked, len(people))
		}
		h.drain()
		for name, id := range people {
			state := provision.AccountReady
			if name == "Back" || name == "Stays" || name == "Vanished" {
				state = provision.AccountEnded
			}
			h.state(id.ID, state)
			drifted := 0
			if slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(w, name+":") }) {
				drifted = 1
			}
			if n := h.actions(id.ID)["account.drifted"]; n != drifted {
				h.Errorf("%s: %d entries of drift, want %d", name, n, drifted)
			}
			u := h.user(strings.ToLower(name) + "@" + domain)
			if u == nil {
				u = h.user(name + "@" + domain)
			}
			switch {
			case name == "Vanished":
				if u != nil {
					h.Errorf("%s was made again: %+v", name, u)
				}
			case u == nil || u.Active != (state == provision.AccountReady):
				h.Errorf("%s: %+v", name, u)
			case u.Active && (u.Role != provision.RoleAgent || !slices.Contains(u.Teams, "Tier 1") || !slices.Contains(u.Mailboxes, "Help") || u.FamilyName != "Test"):
				h.Errorf("%s: %+v", name, u)
			case (name == "Singer" || name == "Moved") && !slices.Contains(u.Teams, "Choir"):
				h.Errorf("%s was taken out of a team that no rule governs", name)
			}
		}
		if again := h.sweep(); len(again.Drifts) != 0 {
			h.Errorf("a second sweep finds %v", h.differences(again.Drifts))
		}
		if len(h.faults.wrote()) == 0 {
			h.Error("the faults saw no writes: is the worker connected to the desk?")
		}
		h.faults.reset()
		h.drain()
		if w := h.faults.wrote(); len(w) != 0 {
			h.Errorf("written after a sweep that found nothing: %v", w)
		}
	})
}

// TestSweepReports: what is reported is told once, shown while it is there, and
// forgotten when it is put right, by whomever.
func TestSweepReports(t *testing.T) {
	eachReading(t, withDrift(provision.DriftReport), func(h *harness) {
		people, want := h.meddle()
		h.faults.reset()
		for range 3 {
			report := h.sweep()
			h.drain()
			if report.Repaired {
				h.Error("repaired")
			}
		}
		if w := h.faults.wrote(); len(w) != 0 {
			h.Errorf("written: %v", w)
		}
		known := func() []string {
			drifts, err := h.core.DeskHealth.Drifts(h.Context(), deskhealth.DriftFilter{Desk: h.desk.ID})
			h.must(err)
			return h.differences(drifts)
		}
		h.same("known", want, known())
		for name, id := range people {
			if n := h.actions(id.ID)["account.drifted"]; n > 1 {
				h.Errorf("%s: told %d times", name, n)
			}
		}

		off, moved := h.account(people["Off"].ID), h.account(people["Moved"].ID)
		h.must(h.raw.SetActive(h.Context(), off.DeskUser, true)) // put right by hand
		h.must(h.raw.SetActive(h.Context(), moved.DeskUser, false))
		h.sweep()
		want = slices.DeleteFunc(want, func(w string) bool { return strings.HasPrefix(w, "Off:") })
		want = append(want, "Moved: the user is deactivated")
		slices.Sort(want)
		h.same("known after a change", want, known())
		if n := h.actions(people["Moved"].ID)["account.drifted"]; n != 2 {
			h.Errorf("another difference: told %d times, want 2", n)
		}

		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, moved.ID, false) // an admin wants it repaired
		h.must(err)
		if slices.ContainsFunc(known(), func(w string) bool { return strings.HasPrefix(w, "Moved:") }) {
			h.Error("still known while a run is due")
		}
		h.drain()
		h.sweep()
		if u := h.user("Moved@" + domain); !u.Active || slices.ContainsFunc(known(), func(w string) bool { return strings.HasPrefix(w, "Moved:") }) {
			h.Errorf("after a retry: %+v, known %v", u, known())
		}
	})
}

func TestSweepOnlyLooks(t *testing.T) {
	eachReading(t, nil, func(h *harness) {
		people, want := h.meddle()
		report := h.sweep(func(o *worker.SweepOptions) { o.LookOnly = true })
		h.same("differences", want, h.differences(report.Drifts))
		for name, id := range people {
			if n := h.actions(id.ID)["account.drifted"]; n != 0 || h.due(id.ID) {
				h.Errorf("%s: noted %d times, due %v", name, n, h.due(id.ID))
			}
		}
		health, err := h.core.DeskHealth.All(h.Context())
		h.must(err)
		if sw := health[h.desk.ID].Sweep; sw != nil {
			h.Errorf("a look was noted as a sweep: %+v", sw)
		}
	})
}

// TestSweepBelievesNoList: what a list says wrongly has no effect but a second
// look.
func TestSweepBelievesNoList(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.bulk = true
		h.agents()
		ann, bob := h.agent("ann"), h.agent("bob")
		for name, lie := range map[string]func([]provision.DeskUser) []provision.DeskUser{
			"empty":  func([]provision.DeskUser) []provision.DeskUser { return nil },
			"no ann": func(l []provision.DeskUser) []provision.DeskUser { return l[:1] },
			"old": func(l []provision.DeskUser) []provision.DeskUser {
				for i := range l {
					l[i].Active, l[i].Teams = false, nil
				}
				return l
			},
			"doubled": func(l []provision.DeskUser) []provision.DeskUser { return slices.Concat(l, l) },
		} {
			h.faults.list = lie
			if report := h.sweep(); len(report.Drifts) != 0 || report.Checked != 2 {
				h.Errorf("%s: checked %d, found %v", name, report.Checked, h.differences(report.Drifts))
			}
		}
		if h.due(ann.ID) || h.due(bob.ID) {
			h.Error("somebody is reconciled for nothing")
		}
	})
}

// TestSweepOfAnotherDesk: where most users are gone, it is not the desk that it
// was, and nobody is made again before an admin says so.
func TestSweepOfAnotherDesk(t *testing.T) {
	eachReading(t, nil, func(h *harness) {
		h.agents()
		ids := h.crowd(8)
		for _, id := range ids[:6] {
			h.must(h.raw.Delete(h.Context(), h.account(id.ID).DeskUser))
		}
		if _, err := h.trySweep(); err == nil || !strings.Contains(err.Error(), "6 of 8 users are gone") {
			h.Errorf("sweep: %v", err)
		}
		h.drain()
		if n := h.activeUsers(); n != 2 {
			h.Errorf("%d active users, want 2", n)
		}
		health, err := h.core.DeskHealth.All(h.Context())
		h.must(err)
		if sw := health[h.desk.ID].Sweep; !strings.Contains(sw.Problem, "--force") || sw.FinishedAt != nil {
			h.Errorf("noted %+v", sw)
		}
		h.sweep(func(o *worker.SweepOptions) { o.Force = true })
		h.drain()
		if n := h.activeUsers(); n != 8 {
			h.Errorf("%d active users after --force, want 8", n)
		}
	})
}

// TestSweepAndRuns: accounts that a run is due for, or that wait for a
// person, are not a sweep's business.
func TestSweepAndRuns(t *testing.T) {
	eachReading(t, nil, func(h *harness) {
		h.agents()
		due, settled := h.agent("due"), h.agent("settled")
		stranger, err := h.raw.Create(h.Context(), provision.DeskUser{DisplayName: "A Stranger", Email: "stranger@" + domain, Active: true, Role: provision.RoleAgent})
		h.must(err)
		asked := h.agent("stranger") // waits for a yes to the adoption
		h.state(asked.ID, provision.AccountNeedsAttention)
		for _, id := range []provision.Identity{due, settled} {
			h.must(h.raw.SetRole(h.Context(), h.account(id.ID).DeskUser, provision.RoleAdmin))
		}
		h.update(due.ID, func(i *provision.Identity) { i.Profile.FamilyName = "Other" })
		before := h.snapshot()
		report := h.sweep()
		h.same("differences", []string{"settled: role admin instead of agent"}, h.differences(report.Drifts))
		h.same("the desk", before, h.snapshot())
		if h.user("stranger@"+domain).ID != stranger.ID {
			h.Error("the stranger was touched")
		}
	})
}

// TestSweepGuards: a repair is an ordinary run, under its guards.
func TestSweepGuards(t *testing.T) {
	eachReading(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.must(h.raw.SetRole(h.Context(), h.account(id.ID).DeskUser, provision.RoleAdmin))
		h.faults.admins = 1 // the last one
		report := h.sweep()
		if words := h.differences(report.Drifts); len(words) != 1 || !strings.Contains(words[0], "last admin") {
			h.Errorf("differences %v", words)
		}
		h.drain()
		h.state(id.ID, provision.AccountNeedsAttention)
		if again := h.sweep(); len(again.Drifts) != 0 {
			h.Errorf("what waits for a person is found again: %v", h.differences(again.Drifts))
		}
	})
}

// TestSweepFails: a desk that does not answer is not a desk without users.
func TestSweepFails(t *testing.T) {
	eachReading(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		for name, broken := range map[string]error{
			"down":         desk.Errorf(desk.Retryable, "it is down"),
			"unauthorized": desk.Errorf(desk.Unauthorized, "no such token"),
			"odd":          errors.New("half an answer"),
		} {
			h.faults.before = func(_ int, call string) error {
				if call == "Find" || call == "List" {
					return broken
				}
				return nil
			}
			if _, err := h.trySweep(); !errors.Is(err, broken) {
				h.Errorf("%s: %v", name, err)
			}
		}
		if h.due(id.ID) {
			h.Error("reconciled")
		}
		if h.bulk {
			return
		}
		h.faults.fail("Find", desk.Errorf(desk.Permanent, "this one has an odd role")) // no reason to stop
		if report := h.sweep(); len(report.Skipped) != 1 || len(report.Drifts) != 0 {
			h.Errorf("skipped %v, found %v", report.Skipped, report.Drifts)
		}
	})
}

// TestSweepCost counts what a sweep of a large desk asks for.
func TestSweepCost(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.bulk = true
		h.agents()
		h.crowd(20)
		h.faults.reset()
		h.sweep()
		if h.faults.calls > 3 {
			h.Errorf("%d calls for 20 people who are as they should be", h.faults.calls)
		}
	})
}

// TestDriftNamesNobody: differences go into the audit log and the log.
func TestDriftNamesNobody(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("annabel")
		h.must(h.raw.SetProfile(h.Context(), h.account(id.ID).DeskUser, provision.DeskUser{Email: "mallory@" + domain, GivenName: "Mallory", FamilyName: "Secret", Phone: "+44 1"}))
		h.sweep()
		for _, e := range h.audit(id.ID) {
			text := strings.ToLower(fmt.Sprintf("%+v", e))
			for _, secret := range []string{"annabel", "mallory", "secret", "+44", domain} {
				if strings.Contains(text, secret) {
					h.Errorf("entry %s holds %q: %s", e.Action, secret, text)
				}
			}
		}
	})
}

// TestSweepWithoutList: a desk of a kind that is read in bulk may be one that
// shows no list after all; it is asked for one at a time.
func TestSweepWithoutList(t *testing.T) {
	each(t, withDrift(provision.DriftReport), func(h *harness) {
		h.bulk = true
		_, want := h.meddle()
		h.faults.fail("List", desk.Unsupported("list users", "it shows no list"))
		h.same("found", want, h.differences(h.sweep().Drifts))
	})
}
