package redmine

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

func TestNew(t *testing.T) {
	for _, tt := range []struct {
		name     string
		url      string
		secret   string
		settings map[string]string
		mistakes []string // fields at fault; none: it works
	}{
		{"nothing but address and key", "https://redmine.example.test", fakeKey, nil, nil},
		{"Redmine below a path", "https://example.test/redmine/", fakeKey, nil, nil},
		{"http on loopback", "http://[::1]:3000", fakeKey, nil, nil},
		{"http by choice", "http://redmine:3000", fakeKey, map[string]string{"allow_http": "true"}, nil},
		{"every setting", "https://redmine.example.test", fakeKey, map[string]string{
			"external_id_field": "Mark", "agent_role": "Agent", "limited_role": "Reader", "limited_group": "Readers",
			"assign_to_teams": "true", "allow_http": "false"}, nil},
		{"one role for both, where nobody is limited", "https://redmine.example.test", fakeKey, map[string]string{"agent_role": "Reporter"}, nil},
		{"http elsewhere", "http://redmine.example.test", fakeKey, nil, []string{"url"}},
		{"no address", "", fakeKey, nil, []string{"url"}},
		{"a password in the address", "https://admin:secret@redmine.example.test", fakeKey, nil, []string{"url"}},
		{"an address of something else", "ftp://redmine.example.test", fakeKey, nil, []string{"url"}},
		{"a password for a key", "https://redmine.example.test", "hunter2", nil, []string{"secret"}},
		{"a key and a line break", "https://redmine.example.test", fakeKey + "\nX-Evil: 1", nil, []string{"secret"}},
		{"one role for two ranks", "https://redmine.example.test", fakeKey,
			map[string]string{"agent_role": "reporter", "limited_group": "Readers"}, []string{"settings"}},
		{"all mistakes at once", "redmine", "", map[string]string{
			"agent_role": " ", "assign_to_teams": "1", "external_id_field": "", "agents_role": "Agent"},
			[]string{"settings.agent_role", "settings.agents_role", "settings.assign_to_teams", "settings.external_id_field", "secret", "url"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := New(provision.Desk{URL: tt.url, Secret: tt.secret, Settings: tt.settings})
			if (d != nil) != (len(tt.mistakes) == 0) {
				t.Errorf("New = %v, %v", d, err)
			}
			var fields []string
			if e, ok := errors.AsType[*provision.Error](err); ok {
				fields = strings.Split(e.Field, ", ")
				for _, field := range fields {
					if !strings.Contains(e.Detail, field+": ") {
						t.Errorf("the detail says nothing of %s: %s", field, e.Detail)
					}
				}
				if strings.Contains(e.Error(), "hunter2") || strings.Contains(e.Error(), "admin:secret") {
					t.Errorf("the error holds a secret: %v", e)
				}
			}
			if diff := cmp.Diff(tt.mistakes, fields); diff != "" {
				t.Errorf("fields at fault (-want +got):\n%s", diff)
			}
		})
	}
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
		{"lines become one", provision.DeskUser{GivenName: " Ada\r\nAugusta\t", FamilyName: "Byron"}, "Ada  Augusta", "Byron", "Ada  Augusta Byron"},
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
// further the second time: else every visit would write again.
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
