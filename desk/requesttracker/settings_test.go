package requesttracker

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
		{"nothing but address and token", "https://rt.example.test", fakeToken, nil, nil},
		{"RT below a path", "https://example.test/rt/", fakeToken, nil, nil},
		{"the address of the API itself", "https://example.test/rt/REST/2.0/", fakeToken, nil, nil},
		{"http on loopback", "http://[::1]:8088", fakeToken, nil, nil},
		{"http by choice", "http://rt:8080", fakeToken, map[string]string{"allow_http": "true"}, nil},
		{"every setting", "https://rt.example.test", fakeToken, map[string]string{
			"external_id_field": "Mark", "admin_group": "Admins", "agent_group": "Agents", "limited_group": "Readers", "allow_http": "false"}, nil},
		{"http elsewhere", "http://rt.example.test", fakeToken, nil, []string{"url"}},
		{"no address", "", fakeToken, nil, []string{"url"}},
		{"a password in the address", "https://root:secret@rt.example.test", fakeToken, nil, []string{"url"}},
		{"an address of something else", "ftp://rt.example.test", fakeToken, nil, []string{"url"}},
		{"a password for a token", "https://rt.example.test", "hunter2", nil, []string{"secret"}},
		{"one group for two roles", "https://rt.example.test", fakeToken, map[string]string{"agent_group": "desk admins"}, []string{"settings"}},
		{"all mistakes at once", "rt", "", map[string]string{
			"admin_group": " ", "external_id_field": "a}b", "allow_http": "yes", "agents_group": "Agents"},
			[]string{"settings.admin_group", "settings.agents_group", "settings.allow_http", "settings.external_id_field", "secret", "url"}},
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
				if strings.Contains(e.Error(), "hunter2") || strings.Contains(e.Error(), "root:secret") {
					t.Errorf("the error holds a secret: %v", e)
				}
			}
			if diff := cmp.Diff(tt.mistakes, fields); diff != "" {
				t.Errorf("fields at fault (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPIURL(t *testing.T) {
	for _, home := range []string{"https://example.test/rt", "https://example.test/rt/", "https://example.test/rt/REST/2.0"} {
		u, advice := apiURL(home, false)
		if advice != "" || u.String() != "https://example.test/rt/REST/2.0" {
			t.Errorf("apiURL(%q) = %v, %q", home, u, advice)
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

// FuzzCut checks that what is cut fits, is text, and is cut no further the
// second time: else every visit would write again.
func FuzzCut(f *testing.F) {
	f.Add("Ada Byron", 5)
	f.Add("ÄÖÜ \xff\x00\n", 3)
	f.Add(" \u00a0 日本語", 10)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 {
			return
		}
		got := cut(text, n)
		if len(got) > n || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00") || got != strings.TrimSpace(got) {
			t.Errorf("cut(%q, %d) = %q", text, n, got)
		}
		if again := cut(got, n); again != got {
			t.Errorf("cut twice: %q, then %q", got, again)
		}
	})
}
