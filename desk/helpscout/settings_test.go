package helpscout

import (
	"testing"

	"github.com/deskbridge/deskbridge/desk/desktest"
)

func TestNew(t *testing.T) {
	id := map[string]string{"app_id": fakeAppID}
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "nothing but id and secret", Secret: fakeAppSecret, Settings: id},
		{Name: "a desk that speaks the same API", URL: "http://127.0.0.1:8080/desk", Secret: fakeAppSecret, Settings: id},
		{Name: "http by choice", URL: "http://desk:8080", Secret: fakeAppSecret, Settings: map[string]string{"app_id": fakeAppID, "allow_http": "true"}},
		{Name: "every setting", Secret: fakeAppSecret, Settings: map[string]string{
			"app_id": fakeAppID, "send_invite": "true", "details": "false", "missing_name": "(none)", "allow_http": "false"}},
		{Name: "no app", Secret: fakeAppSecret, Mistakes: []string{"settings.app_id"}},
		{Name: "no secret", Settings: id, Mistakes: []string{"secret"}},
		{Name: "two lines of secret", Secret: "hunter2\nhunter2", Settings: id, Mistakes: []string{"secret"}},
		{Name: "http elsewhere", URL: "http://api.example.test", Secret: fakeAppSecret, Settings: id, Mistakes: []string{"url"}},
		{Name: "a password in the address", URL: "https://root:hunter2@api.example.test", Secret: fakeAppSecret, Settings: id, Mistakes: []string{"url"}},
		{Name: "a query in the address", URL: "https://api.example.test/?token=hunter2", Secret: fakeAppSecret, Settings: id, Mistakes: []string{"url"}},
		{Name: "an address of something else", URL: "ftp://api.example.test", Secret: fakeAppSecret, Settings: id, Mistakes: []string{"url"}},
		{Name: "all mistakes at once", URL: "api", Settings: map[string]string{
			"app_id": "a b", "send_invite": "yes", "details": "", "missing_name": " ", "allow_http": "1", "app_secret": "hunter2"},
			Mistakes: []string{"settings.allow_http", "settings.app_id", "settings.app_secret", "settings.details", "settings.missing_name", "settings.send_invite", "secret", "url"}},
	})
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
