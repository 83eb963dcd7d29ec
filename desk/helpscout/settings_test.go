package helpscout

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

func TestNew(t *testing.T) {
	id := map[string]string{"app_id": fakeAppID}
	for _, tt := range []struct {
		name     string
		url      string
		secret   string
		settings map[string]string
		mistakes []string // fields at fault; none: it works
	}{
		{"nothing but id and secret", "", fakeAppSecret, id, nil},
		{"a desk that speaks the same API", "http://127.0.0.1:8080/desk", fakeAppSecret, id, nil},
		{"http by choice", "http://desk:8080", fakeAppSecret, map[string]string{"app_id": fakeAppID, "allow_http": "true"}, nil},
		{"every setting", "", fakeAppSecret, map[string]string{
			"app_id": fakeAppID, "send_invite": "true", "details": "false", "missing_name": "(none)", "allow_http": "false"}, nil},
		{"no app", "", fakeAppSecret, nil, []string{"settings.app_id"}},
		{"no secret", "", "", id, []string{"secret"}},
		{"two lines of secret", "", "hunter2\nhunter2", id, []string{"secret"}},
		{"http elsewhere", "http://api.example.test", fakeAppSecret, id, []string{"url"}},
		{"a password in the address", "https://root:hunter2@api.example.test", fakeAppSecret, id, []string{"url"}},
		{"a query in the address", "https://api.example.test/?token=hunter2", fakeAppSecret, id, []string{"url"}},
		{"an address of something else", "ftp://api.example.test", fakeAppSecret, id, []string{"url"}},
		{"all mistakes at once", "api", "", map[string]string{
			"app_id": "a b", "send_invite": "yes", "details": "", "missing_name": " ", "allow_http": "1", "app_secret": "hunter2"},
			[]string{"settings.allow_http", "settings.app_id", "settings.app_secret", "settings.details", "settings.missing_name", "settings.send_invite", "secret", "url"}},
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
				if strings.Contains(e.Error(), "hunter2") {
					t.Errorf("the error holds a secret: %v", e)
				}
			}
			if diff := cmp.Diff(tt.mistakes, fields); diff != "" {
				t.Errorf("fields at fault (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBaseURL(t *testing.T) {
	for address, want := range map[string]string{
		"":                                 "https://api.helpscout.net",
		"https://api.helpscout.net/":       "https://api.helpscout.net",
		"https://api.helpscout.net/v2":     "https://api.helpscout.net",
		"http://[::1]:8080/desk":           "http://[::1]:8080/desk",
		"http://127.0.0.1:8080/desk/v2/":   "http://127.0.0.1:8080/desk",
		"http://localhost:8080/a%20b/desk": "http://localhost:8080/a%20b/desk",
	} {
		u, advice := baseURL(address, false)
		if advice != "" || u.String() != want {
			t.Errorf("baseURL(%q) = %v, %q; want %s", address, u, advice, want)
		}
	}
}
