package proxytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/proxytest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// TestDoor lets in whom a stand-in for Deskbridge knows by their cookie: here,
// Request Tracker's own administrator.
func TestDoor(t *testing.T) {
	address := processtest.Address(t)
	elsewhere := func(w http.ResponseWriter, r *http.Request, status int, path string) {
		w.Header().Set("Location", "http://"+address+path+"?return_to="+url.QueryEscape(r.Header.Get("X-Original-Uri")))
		w.WriteHeader(status)
	}
	bridge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("who")
		switch {
		case r.URL.Path == "/sso/waiting":
			fmt.Fprint(w, "Not yet. Then on to "+r.FormValue("return_to"))
		case r.URL.Path != "/sso/forward-auth":
			fmt.Fprint(w, "Who are you? Then on to "+r.FormValue("return_to"))
		case r.FormValue("desk") != "support" || err != nil:
			elsewhere(w, r, http.StatusUnauthorized, "/sso/login")
		case cookie.Value == "newcomer":
			elsewhere(w, r, http.StatusForbidden, "/sso/waiting")
		default:
			w.Header().Set("Remote-User", cookie.Value)
		}
	}))
	t.Cleanup(bridge.Close)
	servicetest.Need(t)
	instance, ok := os.LookupEnv("DESKBRIDGE_TEST_RT_DIR")
	if !ok {
		t.Fatal("DESKBRIDGE_TEST_RT_DIR is not set; run `make test`, which starts what the tests need")
	}
	proxytest.Proxy{Address: address, Bridges: []string{bridge.URL}, Desk: "support",
		Tracker: proxytest.NewTracker(t, instance, address)}.Open(t)

	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"nobody is sent to sign in", nil, "Who are you? Then on to /Ticket/Create.html?Queue=General&Status=new;Owner=a%26b"},
		{"nobody gets in by a header", http.Header{"Remote-User": {"root"}}, "Who are you?"},
		{"whose account is being made waits", http.Header{"Cookie": {"who=newcomer"}}, "Not yet. Then on to /Ticket/Create.html?Queue=General&Status=new;Owner=a%26b"},
		{"root gets in by a cookie", http.Header{"Cookie": {"who=root"}}, "Logged in as"},
		{"a header does not make root somebody else", http.Header{"Cookie": {"who=root"}, "Remote-User": {"nobody"}}, "Logged in as"},
		{"whom Request Tracker does not know stays out", http.Header{"Cookie": {"who=stranger@corp.example"}}, "not authorized to use RT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/Ticket/Create.html?Queue=General&Status=new;Owner=a%26b", nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.header != nil {
				req.Header = tt.header
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			page, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(page), tt.want) {
				t.Errorf("%s: the page does not say %q:\n%.2000s", resp.Status, tt.want, page)
			}
		})
	}
}
