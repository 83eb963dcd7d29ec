package kit

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
)

func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		allowHTTP  bool
		want       string // an address; else the beginning of the advice
	}{
		{"https", "https://desk.example.test", false, "https://desk.example.test"},
		{"below a path", "https://example.test/desk//", false, "https://example.test/desk"},
		{"http on loopback, by name", "http://localhost:8080/", false, "http://localhost:8080"},
		{"http on loopback, by address", "http://[::1]:8080", false, "http://[::1]:8080"},
		{"http by choice", "http://desk:8080", true, "http://desk:8080"},
		{"http elsewhere", "http://desk.example.test", false, "use https"},
		{"a name that looks like loopback", "http://127.0.0.1.example.test", false, "use https"},
		{"nothing", "", false, "hint"},
		{"no host", "https://", false, "hint"},
		{"something else", "ftp://desk.example.test", true, "hint"},
		{"a password", "https://root:hunter2@desk.example.test", false, "give the address alone"},
		{"a query", "https://desk.example.test/?key=hunter2", false, "give the address alone"},
		{"a fragment", "https://desk.example.test/#top", false, "give the address alone"},
		{"a line break", "https://desk.example.test/\n", false, "hint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, advice := Address(tt.text, "hint", tt.allowHTTP)
			if (u == nil) == (advice == "") {
				t.Fatalf("Address = %v, %q", u, advice)
			}
			if u != nil && u.String() != tt.want || u == nil && !strings.HasPrefix(advice, tt.want) {
				t.Errorf("Address = %v, %q, want %s", u, advice, tt.want)
			}
		})
	}
}

func TestAPI(t *testing.T) {
	var wrong desk.Mistakes
	for _, tt := range []struct {
		below []string
		want  string
	}{{nil, "https://desk.example.test/help"}, {[]string{"api", "v2"}, "https://desk.example.test/help/api/v2"}} {
		if u := API("https://desk.example.test/help/", "hint", false, &wrong, tt.below...); u == nil || u.String() != tt.want || wrong.Err() != nil {
			t.Errorf("API below %v = %v, want %s", tt.below, u, tt.want)
		}
	}
	if u := API("https://desk.example.test", "hint", false, &wrong); u == nil || u.String() != "https://desk.example.test" {
		t.Errorf("API = %v: paths begin with a slash", u)
	}
	if u := API("desk", "hint", false, &wrong); u != nil || wrong.Err() == nil {
		t.Errorf("API = %v, %v", u, wrong.Err())
	}
}
