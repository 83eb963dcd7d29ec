package adoption_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/worker"
	"github.com/deskbridge/deskbridge/worker/giveback"
)

// office is a desk with users of before, and the worker that lists it.
type office struct {
	*provisiontest.Harness
	worker *worker.Worker
	on     giveback.Desk
	ids    map[string]provision.DeskUserID
}

func newOffice(h *provisiontest.Harness) *office {
	h.ReconcileAll() // makes the desk
	h.Conn.Domains = []string{"example.test"}
	h.Must(h.Store.SaveConnection(h.Context(), h.Conn))
	c := h.Core
	w := worker.New(worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings, Adoption: c.Adoption},
		func(d provision.Desk) (desk.Desk, error) { return h.Desks.Connector(d) }, slog.New(slog.DiscardHandler))
	session, err := w.Session(h.Desk)
	h.Must(err)
	return &office{h, w, giveback.Desk{Session: session}, map[string]provision.DeskUserID{}}
}

// user makes a desk user by hand.
func (o *office) user(name string, u provision.DeskUser) {
	o.Helper()
	if u.Email == "" {
		u.Email = name + "@example.test"
	}
	if u.DisplayName == "" {
		u.DisplayName, u.GivenName, u.FamilyName = name+" Old", name, "Old"
	}
	if u.Role == "" {
		u.Role = provision.RoleAgent
	}
	u.Active = true
	made, err := o.on.Session.Create(o.Context(), u)
	o.Must(err)
	o.ids[name] = made.ID
}

func (o *office) sweep() adoption.Roster {
	o.Helper()
	_, err := o.worker.Sweep(o.Context(), o.Desk, worker.SweepOptions{Cause: provisiontest.ByTest, ByHand: true})
	o.Must(err)
	r, err := o.Core.Adoption.Roster(o.Context(), o.Desk)
	o.Must(err)
	return r
}

// read returns a desk user as the desk shows it.
func (o *office) read(name string) provision.DeskUser {
	o.Helper()
	u, err := o.on.Find(o.Context(), o.ids[name])
	o.Must(err)
	if u == nil {
		o.Fatalf("%s is gone", name)
	}
	return *u
}

// found returns the candidates by address, in words.
func (o *office) found(r adoption.Roster, which adoption.Which) map[string]string {
	o.Helper()
	out := make(map[string]string)
	for after := provision.DeskUserID(""); ; {
		page, next, err := o.Core.Adoption.Candidates(o.Context(), o.Desk, r, which, after, 3)
		o.Must(err)
		for _, c := range page {
			words := string(c.Confidence())
			for _, m := range c.Matches[:min(1, len(c.Matches))] {
				words += " " + strings.TrimSuffix(m.Person.UserName, "@example.test") + ": " + m.Why
			}
			if c.Conflict != "" {
				words = "conflict: " + c.Conflict
			}
			if c.Aside != "" {
				words = "left alone: " + c.Aside
			}
			out[strings.TrimSuffix(c.User.Email, "@example.test")] = strings.TrimSpace(words)
		}
		if after = next; next == "" {
			return out
		}
	}
}

// TestOrphans: whoever no account stands behind is found with who it may be and why;
// who is nobody is left alone, and told why.
func TestOrphans(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		o := newOffice(h)
		beta, _, err := h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest, provision.Connection{Name: "beta", IdP: provision.IdPGeneric})
		h.Must(err)
		beta.Domains = []string{"beta.test"}
		h.Must(h.Store.SaveConnection(h.Context(), beta))
		h.Desk.AdoptIgnore = []string{"ci-*@example.test", "id:4711"}
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		if _, err := h.Core.Adoption.Roster(h.Context(), h.Desk); !provision.IsNotFound(err) || !strings.Contains(err.Error(), "desk sweep support") {
			t.Errorf("without a list: %v", err)
		}
		for _, name := range []string{"exact", "strong", "alias", "two", "name"} {
			p := provisiontest.Someone(name)
			p.Profile.DisplayName = name + " Test"
			switch name {
			case "alias":
				p.Emails = []provision.Email{{Value: "alias@example.test", Primary: true}, {Value: "other@elsewhere.test"}}
			case "name":
				p.Profile.DisplayName = "Only A. Name"
			}
			_, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, p)
			h.Must(err)
		}
		foreign := provisiontest.Someone("foreign")
		foreign.Profile.Email, foreign.Emails = "foreign@beta.test", []provision.Email{{Value: "foreign@beta.test"}}
		_, _, err = h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, foreign)
		h.Must(err)
		h.Rule("Agents", provision.RoleAgent)
		held := h.Person("held")
		h.Group("Agents", provision.MemberID(held.ID))
		h.Evaluate()
		h.ReconcileAll()

		o.user("exact", provision.DeskUser{Email: "somebody@else.test", ExternalID: "ext-exact"})
		o.user("strong", provision.DeskUser{Teams: []string{"A"}})
		o.user("alias", provision.DeskUser{Email: "other@elsewhere.test"})
		o.user("two", provision.DeskUser{})
		o.user("two too", provision.DeskUser{Email: "two-too@example.test", ExternalID: "ext-two"})
		o.user("name", provision.DeskUser{Email: "n@example.test", DisplayName: "Only A. Name", GivenName: "Only A.", FamilyName: "Name"})
		o.user("foreign", provision.DeskUser{Email: "foreign@beta.test"})
		o.user("support", provision.DeskUser{})
		o.user("ci-7", provision.DeskUser{})
		o.user("stranger", provision.DeskUser{})
		o.user("gone", provision.DeskUser{})
		h.Must(o.on.Session.SetActive(h.Context(), o.ids["gone"], false))
		o.user("customer", provision.DeskUser{})
		h.Must(o.on.Session.SetRole(h.Context(), o.ids["customer"], provision.RoleNone))
		r := o.sweep()

		got := o.found(r, adoption.Which{All: true})
		two := "conflict: two users for one person: user " + string(o.ids["two too"]) + " of the desk may be theirs, too"
		for address, want := range map[string]string{
			"somebody@else.test": "exact exact: has the same external id", "strong": "strong strong: has the same primary address, at a domain that acme has proven",
			"other@elsewhere.test": "weak alias: has another address of this person", "two": two, "n": "weak name: has the same name",
			"foreign@beta.test": "conflict: the address is at a domain of connection beta, and the person is of acme",
			"support":           "left alone: support@ is the address of a role or a program, and not of a person", "ci-7": "left alone: adopt_ignore: ci-*@example.test",
			"stranger": "", "gone": "left alone: deactivated there",
		} {
			if have, ok := got[address]; !ok || have != want {
				t.Errorf("%s: %q, want %q", address, have, want)
			}
		}
		var service, owner bool
		for _, words := range got {
			service, owner = service || strings.HasPrefix(words, "left alone: Deskbridge's own user"), owner || words == "left alone: the owner of the desk"
		}
		if _, ok := got["held"]; ok || !service || !owner || got["customer"] != "" || len(got) != 13 {
			t.Errorf("%d found, own user %t, owner %t: %q", len(got), service, owner, got)
		}
		if some := o.found(r, adoption.Which{}); len(some) != 8 {
			t.Errorf("without who is left alone: %q", some)
		}
		if some := o.found(r, adoption.Which{Matched: true, Confidence: adoption.Strong}); len(some) != 1 || some["strong"] == "" {
			t.Errorf("strong ones: %q", some)
		}
		if some := o.found(r, adoption.Which{Conflicts: true}); len(some) != 2 {
			t.Errorf("conflicts: %q", some)
		}
	})
}

// TestWave: a wave adopts whom it may, says what would change, and what it has done is
// undone: each user has what it had, and what others changed since stays.
func TestWave(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		o := newOffice(h)
		h.Rule("Agents", provision.RoleAgent, "A")
		people := map[string]provision.Identity{}
		var members []provision.MemberID
		for _, name := range []string{"ann", "bob", "cyd", "boss", "lost"} {
			people[name] = h.Person(name)
			if name != "lost" {
				members = append(members, provision.MemberID(people[name].ID))
			}
		}
		o.user("ann", provision.DeskUser{Role: provision.RoleLimited})
		o.user("bob", provision.DeskUser{Teams: []string{"A", "C"}})
		o.user("cyd", provision.DeskUser{})
		o.user("boss", provision.DeskUser{Role: provision.RoleAdmin})
		o.user("lost", provision.DeskUser{Teams: []string{"A"}})
		o.user("nick", provision.DeskUser{Email: "nick@example.test", DisplayName: "bob Test", GivenName: "bob", FamilyName: "Test"})
		h.Group("Agents", members...)
		h.Evaluate()
		h.ReconcileAll() // asks about each
		o.sweep()
		before := map[string]provision.DeskUser{}
		for name := range o.ids {
			before[name] = o.read(name)
		}
		plan := func(sel adoption.Selection) (steps []adoption.Step, words map[string]string) {
			h.Helper()
			steps, err := h.Core.Adoption.Plan(h.Context(), h.Desk, sel, o.on)
			h.Must(err)
			words = map[string]string{}
			for _, s := range steps {
				name, _, _ := strings.Cut(s.User.Email, "@")
				words[name] = strings.Join(s.Changes, "; ")
				if s.Refused != "" {
					words[name] = "refused: " + s.Refused
				}
			}
			return steps, words
		}
		for _, bad := range []adoption.Selection{{}, {Confidence: adoption.Weak}, {Confidence: adoption.Strong, Limit: 1000}, {Named: map[provision.DeskUserID]provision.IdentityID{o.ids["nick"]: people["ann"].ID}}} {
			if _, err := h.Core.Adoption.Plan(h.Context(), h.Desk, bad, o.on); err == nil {
				t.Errorf("%+v is planned", bad)
			}
		}
		h.Unchanged("a plan", func() {
			_, words := plan(adoption.Selection{Confidence: adoption.Strong, Limit: 10})
			if !strings.HasPrefix(words["ann"], "role limited to agent; +team A; profile: ") || strings.Contains(words["bob"], "team") || !strings.HasPrefix(words["boss"], "refused: is admin there") ||
				!strings.HasPrefix(words["lost"], "refused: no rule gives") || len(words) != 5 {
				t.Errorf("plan: %q", words)
			}
		})
		if _, words := plan(adoption.Selection{Confidence: adoption.Exact, Limit: 10}); len(words) != 0 {
			t.Errorf("exact ones: %q", words)
		}
		if steps, _ := plan(adoption.Selection{Confidence: adoption.Strong, Limit: 1}); slices.IndexFunc(steps, func(s adoption.Step) bool { return s.Refused == "" }) != len(steps)-1 {
			t.Errorf("one: %d", len(steps))
		}
		steps, _ := plan(adoption.Selection{Confidence: adoption.Strong, Limit: 10, Named: map[provision.DeskUserID]provision.IdentityID{o.ids["lost"]: ""}})
		w, err := h.Core.Adoption.Accept(h.Context(), provisiontest.ByTest, h.Desk, steps)
		h.Must(err)
		if w.Users != 4 {
			t.Errorf("%d users adopted, want ann, bob, cyd and lost", w.Users)
		}
		for i := range steps { // again: everything is taken by now
			steps[i].Refused = ""
		}
		if again, err := h.Core.Adoption.Accept(h.Context(), provisiontest.ByTest, h.Desk, slices.DeleteFunc(steps, func(s adoption.Step) bool { return s.User.ID == o.ids["boss"] })); err != nil || again.Users != 0 {
			t.Errorf("once more: %+v, %v", again, err)
		}
		if a := h.Account(people["lost"].ID); a.Loss.Since == nil || a.DeskUser != o.ids["lost"] {
			t.Errorf("whose access is to end: %+v: no loss that mass-change protection counts", a.Loss)
		}
		h.ReconcileAll()
		for name, state := range map[string]provision.AccountState{"ann": provision.AccountReady, "bob": provision.AccountReady, "cyd": provision.AccountReady, "lost": provision.AccountEnded, "boss": provision.AccountNeedsAttention} {
			if a := h.Account(people[name].ID); a.State != state {
				t.Errorf("%s: %s %s", name, a.State, a.Reason)
			}
		}
		if u := o.read("ann"); u.Role != provision.RoleAgent || fmt.Sprint(u.Teams) != "[A]" {
			t.Errorf("ann has %s %v", u.Role, u.Teams)
		}
		h.Must(o.on.Session.ChangeTeams(h.Context(), o.ids["cyd"], []string{"C"}, nil)) // by somebody else

		w, back, err := h.Core.Adoption.Undo(h.Context(), provisiontest.ByTest, w.ID, o.on)
		h.Must(err)
		if w.Undone != 3 || len(back) != 4 {
			t.Errorf("undone: %+v, %+v", w, back)
		}
		for _, b := range back {
			if (b.User == o.ids["cyd"]) != strings.Contains(b.Refused, "it has team C") {
				t.Errorf("user %s: %q", b.User, b.Refused)
			}
		}
		for _, name := range []string{"ann", "bob", "lost"} {
			u, was := o.read(name), before[name]
			if u.Role != was.Role || u.Active != was.Active || fmt.Sprint(u.Teams, u.Mailboxes) != fmt.Sprint(was.Teams, was.Mailboxes) {
				t.Errorf("%s has %s %v %t, and had %s %v %t", name, u.Role, u.Teams, u.Active, was.Role, was.Teams, was.Active)
			}
		}
		h.ReconcileAll()
		if a := h.Account(people["ann"].ID); a.State != provision.AccountNeedsAttention || a.ReasonCode != provision.ReasonAdoption || a.DeskUser != "" {
			t.Errorf("ann's account: %s %s, user %q", a.State, a.ReasonCode, a.DeskUser)
		}
		if accounts, err := h.Store.AccountsOf(h.Context(), []provision.IdentityID{people["lost"].ID}); err != nil || len(accounts) != 0 {
			t.Errorf("whoever had no account has one: %+v, %v", accounts, err)
		}
		n := map[provision.Action]int{}
		h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
			if e.Detail["wave"] == w.ID {
				n[e.Action]++
			}
			return nil
		}))
		if n[audit.AccountAdopted] != 4 || n[audit.AccountAdoptionUndone] != 3 {
			t.Errorf("entries: %v", n)
		}
	})
}

func TestIgnores(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		want    bool
	}{
		{"ann@example.test", true}, {"ANN@EXAMPLE.TEST", true}, {"*@example.test", true}, {"a*@*.test", true}, {"*", true}, {"id:7", true},
		{"ann@example", false}, {"nn@example.test", false}, {"*@example.tes", false}, {"b*", false}, {"id:8", false}, {"7", false}, {"*x*", true}, {"*xx*", false},
	} {
		if got := adoption.Ignores(tt.pattern, &provision.DeskUser{ID: "7", Email: "Ann@example.test"}); got != tt.want {
			t.Errorf("%s: %t", tt.pattern, got)
		}
	}
}
