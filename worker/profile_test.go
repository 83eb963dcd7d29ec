package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/profile"
)

// keptBy has who keeps what said of the desk.
func keptBy(p keeping.Policy) func(*settings) {
	return func(s *settings) { s.desk.Profile = p }
}

// shows fails the test unless the desk shows this name, title and phone of somebody.
func (h *harness) shows(email string, want ...string) {
	h.Helper()
	u := h.user(email)
	if u == nil {
		h.Fatal("the desk shows nobody")
	}
	h.same("what the desk shows", want, []string{u.DisplayName, u.Title, u.Phone})
}

// TestProfileKeptByOthers: what is set once is sent when the user is made, and what is
// left to the person is not; what either changes there stays, and is no drift, also when
// the identity provider says something else and when the address moves.
func TestProfileKeptByOthers(t *testing.T) {
	each(t, keptBy(keeping.Policy{keeping.Name: keeping.Person, keeping.Title: keeping.Once, keeping.Phone: keeping.Person}), func(h *harness) {
		h.agents()
		ann := h.person("ann", func(id *provision.Identity) {
			roles("agent")(id)
			id.Profile.Title, id.Profile.Phone = "Agent", "1"
		})
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		h.shows(ann.Profile.Email, "ann Test", "Agent", "") // nobody is made without a name

		have := h.user(ann.Profile.Email)
		own := *have
		own.GivenName, own.FamilyName, own.Title, own.Phone = "Anna", "T.", "Poet", "999"
		h.must(h.raw.SetProfile(h.Context(), have.ID, own))
		h.update(ann.ID, func(i *provision.Identity) {
			i.Profile.GivenName, i.Profile.Title, i.Profile.Phone = "Ann-Marie", "Lead", "2"
		})
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		h.shows(ann.Profile.Email, "Anna T.", "Poet", "999")
		if report := h.sweep(); len(report.Drifts) > 0 || h.actions(ann.ID)["account.drifted"] != 0 {
			h.Errorf("a sweep takes what the person keeps for drift: %+v", report)
		}

		moved := "ann.new@" + domain
		h.update(ann.ID, func(i *provision.Identity) {
			i.UserName, i.Profile.Email, i.Emails = moved, moved, []provision.Email{{Value: moved, Primary: true}}
		})
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		h.shows(moved, "Anna T.", "Poet", "999")

		own = *h.user(moved)
		_, err := h.store.DB().ExecContext(h.Context(), `UPDATE builtin_users SET job_title = '' WHERE id = `+string(own.ID))
		h.must(err)
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.Title = "Chief" })
		h.drain()
		h.shows(moved, "Anna T.", "Chief", "999") // the desk had none
	})
}

// TestProfileKeptAgain: applying that a field is kept in step again has everybody looked
// at whose desk user may differ, and nobody else; the other way round nothing is written.
func TestProfileKeptAgain(t *testing.T) {
	each(t, keptBy(keeping.Policy{keeping.Title: keeping.Person}), func(h *harness) {
		h.agents()
		ann := h.person("ann", func(id *provision.Identity) { roles("agent")(id); id.Profile.Title = "Agent" })
		bob := h.agent("bob")
		h.drain()
		h.shows(ann.Profile.Email, "ann Test", "", "")
		revision := h.account(ann.ID).Revision

		draft := func(p keeping.Policy) plan.Draft {
			d := h.desk
			d.Profile = p
			return plan.Draft{Desks: []provision.Desk{d}, Rules: []plan.DraftRule{{Connection: h.conn.Name, Desk: h.desk.Name,
				Rule: provision.Rule{Attribute: "roles", Equals: "agent", Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}}}}}
		}
		reviewed, err := h.core.Plan.Plan(h.Context(), draft(nil))
		h.must(err)
		if diff := cmp.Diff([]plan.Change{{Action: "change", Kind: "desk", Name: h.desk.Name, Fields: []string{"profile"}}}, reviewed.Changes); diff != "" {
			h.Errorf("changes (-want +got):\n%s", diff)
		}
		_, err = h.core.Plan.Apply(h.Context(), byTest, draft(keeping.Policy{keeping.Title: keeping.Once}), reviewed.Hash)
		h.wantCode(err, provision.Stale) // another policy under the hash of this one
		_, err = h.core.Plan.Apply(h.Context(), byTest, draft(nil), reviewed.Hash)
		h.must(err)
		h.drain()
		h.state(ann.ID, provision.AccountReady)
		h.state(bob.ID, provision.AccountReady)
		h.shows(ann.Profile.Email, "ann Test", "Agent", "")
		if now := h.account(ann.ID).Revision; now != revision+1 {
			h.Errorf("the account was looked at %d times", now-revision)
		}

		h.faults.reset()
		_, err = h.core.Plan.Apply(h.Context(), byTest, draft(keeping.Policy{keeping.Title: keeping.Person}), "")
		h.must(err)
		h.drain()
		if wrote := h.faults.wrote(); len(wrote) > 0 || h.account(ann.ID).Revision != revision+1 {
			h.Errorf("leaving a field alone has written %v", wrote)
		}

		_, err = h.core.Plan.Plan(h.Context(), draft(keeping.Policy{"email": keeping.Person}))
		h.wantCode(err, provision.Invalid)
		other := h.desk
		other.Name, other.Profile = "other", keeping.Policy{"email": keeping.Person}
		_, err = h.core.Settings.AddDesk(h.Context(), byTest, other)
		h.wantCode(err, provision.Invalid)
	})
}

// TestProfileSetOnceLate: a desk that shows a title only some time after it was set has it
// set once, and the person keeps what they make of it meanwhile.
func TestProfileSetOnceLate(t *testing.T) {
	each(t, keptBy(keeping.Policy{keeping.Title: keeping.Once}), func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		h.behind(lies.Plan{Script: []lies.Fault{{Kind: lies.Late, Method: lies.SetProfile, For: 3 * time.Second}}})
		h.update(ann.ID, func(i *provision.Identity) { i.Profile.Title = "Agent" })
		h.drain()
		own := *h.user(ann.Profile.Email)
		own.Title = "Poet"
		h.must(h.raw.SetProfile(h.Context(), own.ID, own))
		h.pass(time.Minute)
		h.state(ann.ID, provision.AccountReady)
		h.shows(ann.Profile.Email, "ann Test", "Poet", "")
		if n := h.actions(ann.ID)["account.profile_changed"]; n != 1 {
			h.Errorf("the title was set %d times", n)
		}
	})
}

// TestProfileExplained: of each text it is told what the identity provider says, what the
// desk makes of it, and who keeps it; that is what the desk shows of who was made.
func TestProfileExplained(t *testing.T) {
	var h *harness
	edit := func(s *settings) {
		keptBy(keeping.Policy{keeping.Title: keeping.Once, keeping.Phone: keeping.Person})(s)
		s.policy.Checks.Fit = func(_ provision.Desk, want provision.DeskUser) (provision.DeskUser, bool) {
			return h.raw.Fit(want), true
		}
	}
	each(t, edit, func(built *harness) {
		h = built
		h.agents()
		long := strings.Repeat("Agent ", 40)
		ann := h.person("ann", func(id *provision.Identity) {
			roles("agent")(id)
			id.Profile.Title, id.Profile.Phone, id.Profile.Timezone = long, "1", "Moon/Sea"
		})
		h.drain()
		u := h.user(ann.Profile.Email)
		all, err := h.core.Explanation.Explain(h.Context(), ann)
		h.must(err)
		h.same("told", []profile.Told{
			{Text: "email", Said: ann.Profile.Email, Kept: u.Email, By: keeping.InStep},
			{Text: "given_name", Said: "ann", Kept: u.GivenName, By: keeping.InStep},
			{Text: "family_name", Said: "Test", Kept: u.FamilyName, By: keeping.InStep},
			{Text: "display_name", Kept: u.DisplayName, Change: profile.ChangeDerived, By: keeping.InStep},
			{Text: "title", Said: long, Kept: u.Title, Change: profile.ChangeCut, By: keeping.Once},
			{Text: "phone", Said: "1", Kept: "1", By: keeping.Person},
			{Text: "timezone", Said: "Moon/Sea", Change: profile.ChangeDropped, By: keeping.InStep},
		}, all[0].Profile)
		if u.Phone != "" || u.Title == "" || len(u.Title) >= len(long) {
			h.Errorf("the desk shows title %q and phone %q", u.Title, u.Phone)
		}
	})
}
