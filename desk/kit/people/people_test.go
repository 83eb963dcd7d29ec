package people

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

type user struct{ ID, Email string }

// book is one of users as the desk shows them now.
func book(now map[string]string) *Book[user] {
	return &Book[user]{Vendor: kit.Vendor{Name: "Desk"}, What: "agent", At: "People", ID: func(u *user) provision.DeskUserID { return provision.DeskUserID(u.ID) },
		Read: func(_ context.Context, id provision.DeskUserID) (*user, error) {
			email, ok := now[string(id)]
			if !ok {
				return nil, desk.Errorf(desk.NotFound, "no agent %s", id)
			}
			return &user{string(id), email}, nil
		}}
}

func TestOnly(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shown []user
		now   map[string]string
		want  string // "": nobody; "?": one too many
	}{
		{"one", []user{{"7", "ada@x.test"}, {"8", "bob@x.test"}}, map[string]string{"7": "ADA@x.test", "8": "bob@x.test"}, "7"},
		{"shown twice", []user{{"7", "ada@x.test"}, {"7", "ada@x.test"}}, map[string]string{"7": "ada@x.test"}, "7"},
		{"a desk that shows everybody", []user{{"8", "bob@x.test"}}, map[string]string{"8": "bob@x.test"}, ""},
		{"deleted since", []user{{"7", "ada@x.test"}}, nil, ""},
		{"changed since", []user{{"7", "ada@x.test"}}, map[string]string{"7": "augusta@x.test"}, ""},
		{"two", []user{{"7", "ada@x.test"}, {"8", "ada@x.test"}}, map[string]string{"7": "ada@x.test", "8": "ada@x.test"}, "?"},
		{"two, of whom one has changed", []user{{"7", "ada@x.test"}, {"8", "ada@x.test"}}, map[string]string{"7": "ada@x.test", "8": "bob@x.test"}, "7"},
	} {
		got, err := book(tt.now).Only(t.Context(), tt.shown, "have the same e-mail address", func(u *user) bool { return SameText(u.Email, "ada@x.test") })
		switch {
		case tt.want == "?" && (err == nil || desk.KindOf(err) != desk.Permanent || !strings.Contains(err.Error(), "7, 8")):
			t.Errorf("%s: %v", tt.name, err)
		case tt.want == "" && (got != nil || err != nil), len(tt.want) == 1 && tt.want != "?" && (err != nil || got.ID != tt.want):
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}

func TestRemove(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stays  bool
		answer error
		ok     bool
	}{
		{"removed", false, nil, true},
		{"gone already", false, desk.Errorf(desk.NotFound, "none"), true},
		{"said, and not done", true, nil, false},
		{"said to be gone, and still there", true, desk.Errorf(desk.NotFound, "none"), false},
		{"refused", true, desk.Errorf(desk.Permanent, "no"), false},
	} {
		now := map[string]string{}
		if tt.stays {
			now["7"] = "ada@x.test"
		}
		if err := book(now).Remove(t.Context(), "7", func() error { return tt.answer }); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := book(nil).Remove(t.Context(), "../7", func() error { t.Error("no number gets into a path"); return nil }); err != nil {
		t.Errorf("nobody: %v", err)
	}
}

func TestNewAndAssignee(t *testing.T) {
	b := book(map[string]string{"9": "i@x.test", "10": "j@x.test"})
	once := kit.Patience{Looks: 1}
	if u, err := b.New(t.Context(), once, "9"); err != nil || u.ID != "9" {
		t.Errorf("%v, %v", u, err)
	}
	for _, id := range []provision.DeskUserID{"", "0", "11"} {
		if _, err := b.New(t.Context(), once, id); err == nil || desk.KindOf(err) != desk.Retryable {
			t.Errorf("the new agent %q: %v", id, err)
		}
	}
	if _, err := b.Assignee(t.Context(), "11"); err == nil || desk.KindOf(err) != desk.Permanent {
		t.Errorf("%v", err)
	}
	ids, err := b.Those([]user{{ID: "10"}, {ID: "8"}, {ID: "9"}}, func(u *user) (bool, error) { return u.ID != "8", nil })
	if err != nil || !slices.Equal(ids, []provision.DeskUserID{"9", "10"}) {
		t.Errorf("%v, %v", ids, err)
	}
}

// TestTaken: an address is free for whoever has it; a failed write is taken for a conflict only
// where somebody else has it.
func TestTaken(t *testing.T) {
	b := book(nil)
	failure := desk.Errorf(desk.Permanent, "refused")
	for _, tt := range []struct {
		name   string
		holder *user
		self   provision.DeskUserID
		looks  error // what looking ends with
		kind   desk.Kind
		free   bool
	}{
		{"nobody", nil, "", nil, desk.Permanent, true},
		{"another", &user{ID: "7"}, "", nil, desk.Conflict, false},
		{"another than who has it", &user{ID: "7"}, "8", nil, desk.Conflict, false},
		{"oneself", &user{ID: "7"}, "7", nil, desk.Permanent, true},
		{"nobody knows", nil, "", desk.Errorf(desk.Retryable, "busy"), desk.Permanent, false},
	} {
		b.ByEmail = func(context.Context, string) (*user, error) { return tt.holder, tt.looks }
		if err := b.Taken(t.Context(), failure, "ada@x.test", tt.self); desk.KindOf(err) != tt.kind || !errors.Is(err, failure) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := b.Free(t.Context(), "ada@x.test", tt.self); (err == nil) != tt.free {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for address, want := range map[string]string{"": "agent 7 of Desk has this e-mail address already", "login": "agent 7 of Desk has this login already"} {
		b.Address = address
		if got := b.HasAddress(&user{ID: "7"}, nil); got.Detail != want {
			t.Errorf("%q: %s, want %s", address, got.Detail, want)
		}
	}
}

func TestMade(t *testing.T) {
	want := provision.DeskUser{ExternalID: "a7", Email: "ada@x.test", Role: provision.RoleAgent, Active: true}
	good := want
	good.ID = "7"
	for _, tt := range []struct {
		name   string
		marked bool
		change func(*provision.DeskUser)
		says   string // "": all is well
		shown  bool   // the user is returned
	}{
		{"as wanted", true, func(*provision.DeskUser) {}, "", true},
		{"without our mark it may be anybody", true, func(u *provision.DeskUser) { u.ExternalID = "" }, "external id", false},
		{"another address of a marked one", true, func(u *provision.DeskUser) { u.Email = "" }, "e-mail", true},
		{"another address without marks may be anybody", false, func(u *provision.DeskUser) { u.Email = "bob@x.test" }, "e-mail", false},
		{"another role", false, func(u *provision.DeskUser) { u.Role = provision.RoleAdmin }, "the role Agent", true},
		{"switched off", false, func(u *provision.DeskUser) { u.Active = false }, "active", true},
	} {
		u := good
		tt.change(&u)
		m := Made{Vendor: kit.Vendor{Name: "Desk"}, What: "agent", Marked: tt.marked, SameEmail: SameText, RoleNames: map[provision.Role]string{provision.RoleAgent: "Agent"}}
		got, err := m.Check(&u, want)
		if (err == nil) != (tt.says == "") || err != nil && (desk.AcceptedOnly(err) == nil || !strings.Contains(err.Error(), tt.says)) || (got != nil) != tt.shown {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}

// TestYield: of two users with one address the younger goes, whoever made it.
func TestYield(t *testing.T) {
	broken := errors.New("broke off")
	for _, tt := range []struct {
		name    string
		shown   []user
		answer  error // of the removal
		removed bool
		says    string // "": the new one stays
	}{
		{"to an older one", []user{{"12", "ada@x.test"}, {"9", "ADA@x.test"}}, nil, true, "agent 9 of Desk has this e-mail address already"},
		{"not to a younger one", []user{{"13", "ada@x.test"}, {"12", "ada@x.test"}}, nil, false, ""},
		{"not to one with another address", []user{{"9", "bob@x.test"}}, nil, false, ""},
		{"and is gone already", []user{{"9", "ada@x.test"}}, desk.Errorf(desk.NotFound, "none"), true, "agent 9 of Desk has"},
		{"and says so when the double stays", []user{{"9", "ada@x.test"}}, broken, true, "remove agent 12, a double of agent 9: broke off"},
	} {
		removed := false
		err := book(nil).Yield(&user{"12", "ada@x.test"}, tt.shown, func(u *user) bool { return SameText(u.Email, "ada@x.test") }, func() error {
			removed = true
			return tt.answer
		})
		if removed != tt.removed || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: removed %v, %v", tt.name, removed, err)
		}
		if conflict := err != nil && desk.KindOf(err) == desk.Conflict; conflict != (tt.says != "" && !errors.Is(err, broken)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestMadeHidden: a desk that may not show our external id is said how to.
func TestMadeHidden(t *testing.T) {
	m := Made{Vendor: kit.Vendor{Name: "Desk"}, What: "agent", Marked: true, Hidden: "tick Visible", SameEmail: SameText}
	got, err := m.Check(&provision.DeskUser{ID: "7"}, provision.DeskUser{ExternalID: "a7"})
	if got != nil || desk.DetailOf(err) != "Desk accepted to give the new agent 7 our external id and did not do it; tick Visible" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestOneName(t *testing.T) {
	got := OneName(provision.DeskUser{GivenName: "Ada", FamilyName: "Byron\n", Title: "Countess", Timezone: "Europe/London", Phone: "1"}, 6)
	if diff := cmp.Diff(provision.DeskUser{DisplayName: "Ada By", Phone: "1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProblem(t *testing.T) {
	var p desk.Profile
	busy := desk.Errorf(desk.Retryable, "busy")
	if err := Problem(&p, busy); err != error(busy) {
		t.Errorf("%v", err)
	}
	if err := Problem(&p, desk.Errorf(desk.Permanent, "make the role")); err != nil || !slices.Equal(p.Problems, []string{"make the role"}) {
		t.Errorf("%v, %v", p.Problems, err)
	}
	if err := CheckEmail(kit.Vendor{Name: "Desk"}, "nobody", 99, ", and wants one"); err == nil || !strings.Contains(err.Error(), "Desk takes, and wants one") {
		t.Errorf("%v", err)
	}
}

func TestIDs(t *testing.T) {
	if diff := cmp.Diff([]provision.DeskUserID{"12", "7"}, IDs([]int64{12, 7})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if ids := IDs(nil); ids != nil {
		t.Errorf("of nobody: %v", ids)
	}
}

func TestTwoNames(t *testing.T) {
	for name, tt := range map[string]struct{ want, fit provision.DeskUser }{
		"both":                   {provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Countess"}, provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Ada Byron"}},
		"the name to be shown":   {provision.DeskUser{GivenName: "Ada", DisplayName: "Ada King Byron"}, provision.DeskUser{GivenName: "Ada King", FamilyName: "Byron", DisplayName: "Ada King Byron"}},
		"one alone":              {provision.DeskUser{FamilyName: "Madonna"}, provision.DeskUser{GivenName: "Madonna", DisplayName: "Madonna"}},
		"long ones, in one line": {provision.DeskUser{GivenName: "Augusta\nAda", FamilyName: "Byron"}, provision.DeskUser{GivenName: "Augusta", FamilyName: "Byron", DisplayName: "Augusta Byron"}},
		"none":                   {},
	} {
		got := TwoNames(tt.want, func(name string) string { return kit.CutRunes(name, 8) })
		if diff := cmp.Diff(tt.fit, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestTakenByCause: only what may mean so is looked into.
func TestTakenByCause(t *testing.T) {
	refused, broke, looked := errors.New("refused"), errors.New("broke off"), 0
	b := &Book[user]{Vendor: kit.Vendor{Name: "Desk"}, What: "agent", Causes: []error{refused}, ID: func(u *user) provision.DeskUserID { return provision.DeskUserID(u.ID) },
		ByEmail: func(context.Context, string) (*user, error) {
			looked++
			return &user{ID: "7"}, nil
		}}
	if err := b.Taken(t.Context(), broke, "ada@x.test", ""); err != broke || looked > 0 {
		t.Errorf("%v, after %d looks", err, looked)
	}
	if err := b.Taken(t.Context(), &desk.Error{Kind: desk.Permanent, Err: refused}, "ada@x.test", ""); desk.KindOf(err) != desk.Conflict || looked != 1 {
		t.Errorf("%v, after %d looks", err, looked)
	}
}
