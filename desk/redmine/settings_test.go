package redmine

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

func TestNew(t *testing.T) {
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "nothing but address and key", URL: "https://redmine.example.test", Secret: fakeKey},
		{Name: "Redmine below a path", URL: "https://example.test/redmine/", Secret: fakeKey},
		{Name: "http on loopback", URL: "http://[::1]:3000", Secret: fakeKey},
		{Name: "http by choice", URL: "http://redmine:3000", Secret: fakeKey, Settings: map[string]string{"allow_http": "true"}},
		{Name: "every setting", URL: "https://redmine.example.test", Secret: fakeKey, Settings: map[string]string{
			"external_id_field": "ExternalID", "agent_role": "Agent", "limited_role": "Reader", "limited_group": "Readers",
			"assign_to_teams": "true", "allow_http": "false"}},
		{Name: "one role for both, where nobody is limited", URL: "https://redmine.example.test", Secret: fakeKey, Settings: map[string]string{"agent_role": "Reporter"}},
		{Name: "http elsewhere", URL: "http://redmine.example.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "no address", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "a password in the address", URL: "https://admin:hunter2@redmine.example.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "an address of something else", URL: "ftp://redmine.example.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "a password for a key", URL: "https://redmine.example.test", Secret: "hunter2", Mistakes: []string{"secret"}},
		{Name: "a key and a line break", URL: "https://redmine.example.test", Secret: fakeKey + "\nX-Evil: 1", Mistakes: []string{"secret"}},
		{Name: "one role for two roles", URL: "https://redmine.example.test", Secret: fakeKey,
			Settings: map[string]string{"agent_role": "reporter", "limited_group": "Readers"}, Mistakes: []string{"settings"}},
		{Name: "all mistakes at once", URL: "redmine", Settings: map[string]string{
			"agent_role": " ", "assign_to_teams": "1", "external_id_field": "", "agents_role": "Agent"},
			Mistakes: []string{"settings.agent_role", "settings.agents_role", "settings.assign_to_teams", "settings.external_id_field", "secret", "url"}},
	})
}

func TestFit(t *testing.T) {
	d := connect(t, "http://127.0.0.1:1", nil)
	for _, tt := range []struct {
		name       string
		want       provision.DeskUser
		first      string
		last, show string
	}{
		{"both names", provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Countess"}, "Ada", "Byron", "Ada Byron"},
		{"only the one to be shown", provision.DeskUser{DisplayName: "Ada Augusta Byron"}, "Ada Augusta", "Byron", "Ada Augusta Byron"},
		{"one word to be shown", provision.DeskUser{DisplayName: "Madonna"}, "Madonna", "-", "Madonna -"},
		{"the first name alone", provision.DeskUser{GivenName: "Madonna", DisplayName: "Madonna"}, "Madonna", "-", "Madonna -"},
		{"the first name, and the last in the one to be shown", provision.DeskUser{GivenName: "Ada", DisplayName: "Ada Byron"}, "Ada", "Byron", "Ada Byron"},
		{"the last name, and the first in the one to be shown", provision.DeskUser{FamilyName: "Byron", DisplayName: "Ada Byron"}, "Ada", "Byron", "Ada Byron"},
		{"the last name, and something else", provision.DeskUser{FamilyName: "Byron", DisplayName: "Countess"}, "-", "Byron", "- Byron"},
		{"characters are counted, not bytes", provision.DeskUser{GivenName: strings.Repeat("ä", 31), FamilyName: "B"},
			strings.Repeat("ä", 30), "B", strings.Repeat("ä", 30) + " B"},
		{"lines become one", provision.DeskUser{GivenName: " Ada\r\nAugusta\t", FamilyName: "Byron"}, "Ada Augusta", "Byron", "Ada Augusta Byron"},
		{"no name at all is no change", provision.DeskUser{Title: "Countess", Phone: "1", Timezone: "UTC"}, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := provision.DeskUser{GivenName: tt.first, FamilyName: tt.last, DisplayName: tt.show}
			if diff := cmp.Diff(want, d.Fit(tt.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzFit checks that Redmine takes what was fitted, and that it is fitted no
// further the second time: else every run would write again.
func FuzzFit(f *testing.F) {
	f.Add("Ada", "Byron", "Countess")
	f.Add("", "\xff\x00\n", " \u00a0 日本語 ")
	f.Add("-", "", "- -")
	f.Add("a", "", "a"+strings.Repeat(" b", 40))
	d := &redmine{}
	f.Fuzz(func(t *testing.T, first, last, shown string) {
		got := d.Fit(provision.DeskUser{GivenName: first, FamilyName: last, DisplayName: shown})
		if again := d.Fit(got); !cmp.Equal(got, again) {
			t.Errorf("fitted once: %+v, twice: %+v", got, again)
		}
		if (got.GivenName == "") != (got.FamilyName == "") {
			t.Errorf("half a name: %+v", got)
		}
		for _, name := range []string{got.GivenName, got.FamilyName} {
			if utf8.RuneCountInString(name) > maxNameLength || !utf8.ValidString(name) || name != strings.TrimSpace(name) || strings.ContainsAny(name, "\r\n\x00") {
				t.Errorf("Redmine would not keep %q", name)
			}
		}
	})
}

func TestLoginFor(t *testing.T) {
	long := strings.Repeat("a", 60) + "@example.test"
	for email, want := range map[string]string{
		"Ada@Example.TEST":       "ada@example.test",
		"ada_b-c.d@example.test": "ada_b-c.d@example.test",
		"ada+rt@example.test":    "ada-rt@example.test-e2abb1b4",
		"jörg@example.test":      "j-rg@example.test-c1dd28e1",
		long:                     strings.Repeat("a", 51) + "-48a9e378",
	} {
		if got := loginFor(email); got != want {
			t.Errorf("loginFor(%q) = %q, want %q", email, got, want)
		}
	}
}

// FuzzLoginFor checks that Redmine takes every login, and that it depends on
// nothing but the address.
func FuzzLoginFor(f *testing.F) {
	f.Add("ada@example.test")
	f.Add("İ+\xff@例え.test")
	f.Fuzz(func(t *testing.T, email string) {
		got := loginFor(email)
		if len(got) > maxLoginLength || notInLogin.MatchString(got) {
			t.Errorf("loginFor(%q) = %q", email, got)
		}
		if again := loginFor(provision.Fold(email)); again != got {
			t.Errorf("loginFor(%q) = %q, folded %q", email, got, again)
		}
	})
}
