package helpy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

func TestNew(t *testing.T) {
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "nothing but address and key", URL: "https://helpy.example.test", Secret: fakeKey},
		{Name: "Helpy below a path", URL: "https://example.test/helpy/", Secret: fakeKey},
		{Name: "http on loopback", URL: "http://[::1]:3000", Secret: fakeKey},
		{Name: "http by choice", URL: "http://helpy:3000", Secret: fakeKey, Settings: map[string]string{"allow_http": "true"}},
		{Name: "http elsewhere", URL: "http://helpy.example.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "no address", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "a password in the address", URL: "https://admin:hunter2@helpy.example.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "a password for a key", URL: "https://helpy.example.test", Secret: "hunter2", Mistakes: []string{"secret"}},
		{Name: "a key and a line break", URL: "https://helpy.example.test", Secret: fakeKey + "\nX-Evil: 1", Mistakes: []string{"secret"}},
		{Name: "all mistakes at once", URL: "helpy", Settings: map[string]string{"allow_http": "1", "team": "x"},
			Mistakes: []string{"settings.allow_http", "settings.team", "secret", "url"}},
	})
}

func TestFit(t *testing.T) {
	d := newFake(t).connect(t)
	for _, tt := range []struct {
		name string
		want provision.DeskUser
		show string
	}{
		{"the name to be shown", provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Countess"}, "Countess"},
		{"both names", provision.DeskUser{GivenName: "Ada", FamilyName: "Byron"}, "Ada Byron"},
		{"one name", provision.DeskUser{FamilyName: "Madonna"}, "Madonna"},
		{"digits are dropped", provision.DeskUser{DisplayName: "R2 D2 the 3rd"}, "R D the rd"},
		{"quotation marks at the ends, however many", provision.DeskUser{DisplayName: `""'Ada'1"`}, "Ada"},
		{"those within stay", provision.DeskUser{DisplayName: `Conan O'Brien`}, "Conan O'Brien"},
		{"nothing is left", provision.DeskUser{DisplayName: "007"}, "-"},
		{"digits of others stay", provision.DeskUser{DisplayName: "Ada ٣"}, "Ada ٣"},
		{"lines become one", provision.DeskUser{DisplayName: " Ada\r\nByron\t\x00"}, "Ada  Byron"},
		{"characters are counted, not bytes", provision.DeskUser{DisplayName: strings.Repeat("ä", 300)}, strings.Repeat("ä", 255)},
		{"no name at all is no change", provision.DeskUser{Timezone: "UTC"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(provision.DeskUser{DisplayName: tt.show}, d.Fit(tt.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzName: Helpy keeps a name that was fitted as it is, and fitting it once more
// changes nothing.
func FuzzName(f *testing.F) {
	for _, name := range []string{"Ada", `"'1"'`, "1'2'3", "' '", "\xff", strings.Repeat(`a"1 `, 100)} {
		f.Add(name)
	}
	d := &helpy{}
	f.Fuzz(func(t *testing.T, name string) {
		fit := d.Fit(provision.DeskUser{DisplayName: name}).DisplayName
		kept, _ := keep(map[string]any{"name": fit})
		if kept != fit || d.Fit(provision.DeskUser{DisplayName: fit}).DisplayName != fit || utf8.RuneCountInString(fit) > maxTextLength {
			t.Errorf("%q is fitted to %q, which Helpy keeps as %q", name, fit, kept)
		}
	})
}

func TestEmailIsChecked(t *testing.T) {
	for _, bad := range []string{"", "ada", "a b@example.test", "a@b@example.test", "@example.test", "ada@", "ada@example.test\n", "ada@example.test\x00", "ada\u00a0@example.test\u0085", strings.Repeat("a", 250) + "@example.test"} {
		if checkEmail(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
	for _, good := range []string{"ada@example.test", "Ada.O'Brien+desk@example.test", "ädä@exämple.test"} {
		if err := checkEmail(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

// TestCheckRule: what a rule can never do, or does besides, is said before.
func TestCheckRule(t *testing.T) {
	d, err := New(provision.Desk{Name: "helpy", URL: "http://127.0.0.1:1", Secret: fakeKey})
	if err != nil {
		t.Fatal(err)
	}
	check := d.(desk.RuleChecker).CheckRule
	if p := check(provision.Rule{Role: provision.RoleAgent, Teams: []string{"billing"}}); len(p) != 0 {
		t.Errorf("a rule with a group: %v", p)
	}
	if p := check(provision.Rule{Role: provision.RoleAgent}); len(p) != 1 || !p[0].Warning || !strings.Contains(p[0].Detail, "tickets of all groups") {
		t.Errorf("a rule without a group: %v", p)
	}
	if p := check(provision.Rule{Role: provision.RoleLimited, Mailboxes: []string{"Help"}}); len(p) != 1 || p[0].Warning || !strings.Contains(p[0].Detail, "as a team") {
		t.Errorf("a rule with a mailbox: %v", p)
	}
}
