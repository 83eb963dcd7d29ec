package libredesk

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

func TestNew(t *testing.T) {
	const home = "https://desk.example.test"
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "nothing but address and key", URL: home, Secret: fakeKey},
		{Name: "Libredesk below a path", URL: home + "/libredesk/", Secret: fakeKey},
		{Name: "http on loopback", URL: "http://127.0.0.1:9000", Secret: fakeKey},
		{Name: "http by choice", URL: "http://libredesk:9000", Secret: fakeKey, Settings: map[string]string{"allow_http": "true"}},
		{Name: "every setting", URL: home, Secret: fakeKey, Settings: map[string]string{
			"admin_role": "Boss", "agent_role": "Tier 1", "limited_role": "Reader", "welcome_email": "true", "allow_http": "false"}},
		{Name: "http elsewhere", URL: "http://desk.example.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "a password in the address", URL: "https://admin:hunter2@desk.example.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "a key without its secret", URL: home, Secret: "0123456789abcdef0123456789abcdef", Mistakes: []string{"secret"}},
		{Name: "a password for a key", URL: home, Secret: "hunter2", Mistakes: []string{"secret"}},
		{Name: "a key and a line break", URL: home, Secret: fakeKey + "\nX-Evil: 1", Mistakes: []string{"secret"}},
		{Name: "one role for two", URL: home, Secret: fakeKey, Settings: map[string]string{"limited_role": "agent"}, Mistakes: []string{"settings"}},
		{Name: "all mistakes at once", URL: "desk", Settings: map[string]string{"agent_role": " ", "welcome_email": "1", "agents_role": "Agent"},
			Mistakes: []string{"settings.agent_role", "settings.agents_role", "settings.welcome_email", "settings", "secret", "url"}},
	})
}

func TestFit(t *testing.T) {
	d := &libredesk{}
	for _, tt := range []struct {
		name        string
		want        provision.DeskUser
		first, last string
	}{
		{"both names", provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Countess"}, "Ada", "Byron"},
		{"only the one to be shown", provision.DeskUser{DisplayName: "Ada Augusta Byron"}, "Ada Augusta", "Byron"},
		{"one word", provision.DeskUser{GivenName: "Madonna", DisplayName: "Madonna"}, "Madonna", ""},
		{"a last name alone", provision.DeskUser{FamilyName: "Byron"}, "Byron", ""},
		{"characters are counted, not bytes", provision.DeskUser{GivenName: strings.Repeat("ä", 141), FamilyName: "B"}, strings.Repeat("ä", 140), "B"},
		{"lines become one", provision.DeskUser{GivenName: " Ada\r\nAugusta\t", FamilyName: "Byron"}, "Ada  Augusta", "Byron"},
		{"no name at all is no change", provision.DeskUser{Title: "Countess", Phone: "1", Timezone: "UTC"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := provision.DeskUser{GivenName: tt.first, FamilyName: tt.last, DisplayName: strings.TrimSpace(tt.first + " " + tt.last)}
			if diff := cmp.Diff(want, d.Fit(tt.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzFit checks that Libredesk takes what was fitted, and that it is fitted no
// further the second time: else every run would write again.
func FuzzFit(f *testing.F) {
	f.Add("Ada", "Byron", "Countess")
	f.Add("", "\xff\x00\n", " \u00a0 日本語 ")
	f.Add("a \u00a0b", "", "")
	f.Add("a", "", "a"+strings.Repeat(" b", 140))
	d := &libredesk{}
	f.Fuzz(func(t *testing.T, first, last, shown string) {
		got := d.Fit(provision.DeskUser{GivenName: first, FamilyName: last, DisplayName: shown})
		if again := d.Fit(got); !cmp.Equal(got, again) {
			t.Errorf("fitted once: %+v, twice: %+v", got, again)
		}
		if got.GivenName == "" && got.FamilyName != "" {
			t.Errorf("no first name: %+v", got)
		}
		for _, name := range []string{got.GivenName, got.FamilyName} {
			if utf8.RuneCountInString(name) > maxNameLength || !utf8.ValidString(name) || name != strings.TrimSpace(name) || strings.ContainsAny(name, "\r\n\x00") {
				t.Errorf("Libredesk would not keep %q", name)
			}
		}
	})
}
