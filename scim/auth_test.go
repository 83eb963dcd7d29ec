package scim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// send sends a GET with several headers of one name, and returns the status.
func (s *server) send(authorization ...string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/Users", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header["Authorization"] = authorization
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestWhatIsNoBearerToken(t *testing.T) {
	s := onSQLite(t)
	right := "Bearer " + s.token
	for name, header := range map[string][]string{
		"two right ones":           {right, right},
		"a wrong one behind":       {right, "Bearer x"},
		"a wrong one before":       {"Bearer x", right},
		"two in one":               {right + ", " + right},
		"a hundred kilobytes":      {"Bearer " + strings.Repeat("a", 100_000)},
		"a right one and more":     {right + " more"},
		"a right one cut":          {right[:len(right)-1]},
		"a right one, other case":  {"Bearer " + strings.ToUpper(s.token)},
		"a quoted one":             {`Bearer "` + s.token + `"`},
		"no UTF-8":                 {"Bearer \xff\xfe"},
		"what looks signed":        {"Bearer eyJhbGciOiJub25lIn0.e30."},
		"signed nonsense":          {"Bearer eyJ.eyJ.eyJ"},
		"very long signed nonsens": {"Bearer eyJ" + strings.Repeat("a", 100_000) + ".a.a"},
		"an access token's form":   {"Bearer dba_x"},
		"a prefix alone":           {"Bearer dbr_"},
		"Basic":                    {"Basic OmFjbWU="},
	} {
		if got := s.send(header...); got != 401 {
			t.Errorf("%s: %d, want 401", name, got)
		}
	}
	for name, header := range map[string]string{
		"as it is":    right,
		"lower case":  "bearer " + s.token,
		"upper case":  "BEARER " + s.token,
		"with blanks": "  Bearer   " + s.token + "  ",
	} {
		if got := s.send(header); got != 200 {
			t.Errorf("%s: %d, want 200", name, got)
		}
	}
	if strings.Contains(s.log.String(), s.token) {
		t.Error("the log holds a token")
	}
}

func TestReadOnlyTokensChangeNothing(t *testing.T) {
	s := onSQLite(t)
	id, group := s.user("ada"), s.group("g")
	_, reader, err := s.core.Tokens.DraftToken(t.Context(), provision.Cause{}, s.conn.ID, credential.TokenDraft{Name: "reader", ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	s.token = reader
	search := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName eq \"ada\""}`
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`
	bulk := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"DELETE","path":"/Users/` + id + `"}]}`
	for _, tt := range []struct {
		status             int
		method, path, body string
	}{
		{200, "GET", "/Users", ""},
		{200, "GET", "/Users/" + id, ""},
		{200, "HEAD", "/Groups/" + group, ""},
		{200, "GET", "/ServiceProviderConfig", ""},
		{200, "GET", "", ""},
		{200, "POST", "/.search", search},
		{200, "POST", "/Users/.search", search},
		{200, "POST", "/Users/.search/", search},
		{403, "POST", "/Users", `{"userName":"bo"}`},
		{403, "POST", "/Users", `{`},
		{403, "PUT", "/Users/" + id, `{"userName":"bo"}`},
		{403, "PATCH", "/Users/" + id, patch},
		{403, "DELETE", "/Users/" + id, ""},
		{403, "DELETE", "/Users/x", ""},
		{403, "POST", "/Groups", `{"displayName":"h"}`},
		{403, "PATCH", "/Groups/" + group, patch},
		{403, "DELETE", "/Groups/" + group, ""},
		{403, "POST", "/Bulk", bulk},
		{405, "DELETE", "/Users/.search", ""},
		{404, "POST", "/Nothing/.search", search},
	} {
		got := s.do(tt.method, tt.path, tt.body)
		if got.status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.path, got.status, got.raw, tt.status)
		}
		if tt.status == 403 && (got.body["status"] != "403" || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="insufficient_scope"`)) {
			t.Errorf("%s %s: %s %v", tt.method, tt.path, got.raw, got.header)
		}
	}
	if got := s.want(200, "GET", "/Users/"+id, ""); got.body["active"] != true {
		t.Errorf("something was changed: %s", got.raw)
	}
}

// TestFailuresOfAnAddress checks that whoever tries many tokens is told to
// wait, and that a right token from the same address gets in meanwhile.
func TestFailuresOfAnAddress(t *testing.T) {
	s := newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: -1})
	wrong := func() reply { return s.at(s.url+"/Users", "GET", "", "Authorization", "Bearer x") }
	var got reply
	start := time.Now()
	for n := 1; n < 2000 && got.status != 429; n++ {
		got = wrong()
		due := n > 1001+int(10*time.Since(start).Seconds()) // ten more for each second that this takes
		if got.status == 429 && n <= 1000 || got.status != 429 && (due || got.status != 401) {
			t.Fatalf("failure %d got %d %s", n, got.status, got.raw)
		}
	}
	if got.status == 429 && (got.header.Get("Retry-After") != "1" || got.body["status"] != "429") {
		t.Errorf("got %s %v", got.raw, got.header)
	}
	s.want(200, "GET", "/Users", "")
}
