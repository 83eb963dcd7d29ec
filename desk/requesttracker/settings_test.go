package requesttracker

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

func TestNew(t *testing.T) {
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "nothing but address and token", URL: "https://rt.example.test", Secret: fakeToken},
		{Name: "RT below a path", URL: "https://example.test/rt/", Secret: fakeToken},
		{Name: "the address of the API itself", URL: "https://example.test/rt/REST/2.0/", Secret: fakeToken},
		{Name: "http on loopback", URL: "http://[::1]:8088", Secret: fakeToken},
		{Name: "http by choice", URL: "http://rt:8080", Secret: fakeToken, Settings: map[string]string{"allow_http": "true"}},
		{Name: "every setting", URL: "https://rt.example.test", Secret: fakeToken, Settings: map[string]string{
			"external_id_field": "ExternalID", "admin_group": "Admins", "agent_group": "Agents", "limited_group": "Readers", "allow_http": "false",
			"team_queues": "Support Agents: Support, Returns; Billing Agents: Billing;"}},
		{Name: "http elsewhere", URL: "http://rt.example.test", Secret: fakeToken, Mistakes: []string{"url"}},
		{Name: "no address", Secret: fakeToken, Mistakes: []string{"url"}},
		{Name: "a password in the address", URL: "https://root:hunter2@rt.example.test", Secret: fakeToken, Mistakes: []string{"url"}},
		{Name: "an address of something else", URL: "ftp://rt.example.test", Secret: fakeToken, Mistakes: []string{"url"}},
		{Name: "a password for a token", URL: "https://rt.example.test", Secret: "hunter2", Mistakes: []string{"secret"}},
		{Name: "one group for two roles", URL: "https://rt.example.test", Secret: fakeToken, Settings: map[string]string{"agent_group": "desk admins"}, Mistakes: []string{"settings"}},
		{Name: "a team twice", URL: "https://rt.example.test", Secret: fakeToken, Settings: map[string]string{"team_queues": "Agents: Support; agents: Billing"}, Mistakes: []string{"settings.team_queues"}},
		{Name: "a team without queues", URL: "https://rt.example.test", Secret: fakeToken, Settings: map[string]string{"team_queues": "Agents"}, Mistakes: []string{"settings.team_queues"}},
		{Name: "a queue without a name", URL: "https://rt.example.test", Secret: fakeToken, Settings: map[string]string{"team_queues": "Agents: Support,"}, Mistakes: []string{"settings.team_queues"}},
		{Name: "a queue without a team", URL: "https://rt.example.test", Secret: fakeToken, Settings: map[string]string{"team_queues": ": Support"}, Mistakes: []string{"settings.team_queues"}},
		{Name: "all mistakes at once", URL: "rt", Settings: map[string]string{
			"admin_group": " ", "external_id_field": "a}b", "allow_http": "yes", "agents_group": "Agents"},
			Mistakes: []string{"settings.admin_group", "settings.agents_group", "settings.allow_http", "settings.external_id_field", "secret", "url"}},
	})
}

func TestAPIURL(t *testing.T) {
	for _, home := range []string{"https://example.test/rt", "https://example.test/rt/", "https://example.test/rt/REST/2.0"} {
		s, err := parseSettings(provision.Desk{URL: home, Secret: fakeToken})
		if err != nil || s.api.String() != "https://example.test/rt/REST/2.0" {
			t.Errorf("the API of %q is at %v, %v", home, s.api, err)
		}
	}
}

func TestFit(t *testing.T) {
	d := connect(t, "http://127.0.0.1:1")
	for _, tt := range []struct {
		name       string
		want, keep provision.DeskUser
	}{
		{"a name in parts becomes one", provision.DeskUser{GivenName: "Ada", FamilyName: "Byron"}, provision.DeskUser{DisplayName: "Ada Byron"}},
		{"the shown name wins", provision.DeskUser{GivenName: "Ada", DisplayName: "Countess"}, provision.DeskUser{DisplayName: "Countess"}},
		{"bytes are counted, letters are kept whole", provision.DeskUser{DisplayName: "a" + strings.Repeat("ä", 70)}, provision.DeskUser{DisplayName: "a" + strings.Repeat("ä", 59)}},
		{"one line", provision.DeskUser{DisplayName: "Ada\r\nByron\t"}, provision.DeskUser{DisplayName: "Ada  Byron"}},
		{"no title", provision.DeskUser{Title: "Countess"}, provision.DeskUser{}},
		{"a short phone number", provision.DeskUser{Phone: "+44 20 0000 0000 ext. 12345678 (mornings)"}, provision.DeskUser{Phone: "+44 20 0000 0000 ext. 12345678"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.keep, d.Fit(tt.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
