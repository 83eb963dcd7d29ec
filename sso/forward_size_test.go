package sso_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/processtest"
)

// groupsOfMany is how many groups the person of busyHouse is in; on the desk
// support they are in a hundred teams.
const groupsOfMany = 300

// busyHouse is a house with somebody who is in many groups.
func busyHouse(t *testing.T) (*harness, *samltest.IdP) {
	t.Helper()
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New("https://idp.example.test/metadata")
	h.trusts(idp, nil)
	var teams []string
	for i := range 100 {
		teams = append(teams, fmt.Sprintf("Team number %03d", i))
	}
	desk, err := h.core.Settings.AddDesk(t.Context(), byTest, provision.Desk{Name: "support", Kind: builtin.Kind, Settings: map[string]string{builtin.SettingTeams: strings.Join(teams, ",")}})
	h.must(err)
	_, err = h.core.Settings.AddRuleUnchecked(t.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: desk.ID, Group: "Group 000, of a long name", Role: provision.RoleAgent, Teams: teams})
	h.must(err)
	person, _, err := h.core.Directory.CreateIdentity(t.Context(), h.conn.ID, byTest, provision.Identity{UserName: idp.Person, Status: provision.StatusActive,
		Document: []byte(`{"userName":"x"}`), Profile: provision.Profile{DisplayName: strings.Repeat("Zoë ", 200), Email: idp.Person}})
	h.must(err)
	for i := range groupsOfMany {
		_, err := h.core.Directory.CreateGroup(t.Context(), h.conn.ID, byTest, provision.Group{DisplayName: fmt.Sprintf("Group %03d, of a long name", i)}, []provision.MemberID{provision.MemberID(person.ID)})
		h.must(err)
	}
	h.must(h.core.Entitlement.EvaluateDirty(t.Context(), h.conn.ID))
	h.confirmAccess(person.ID)
	return h, idp
}

// TestForwardAuthIsBounded looks at how long the header of an answer is. nginx
// has 4 kB for it, and servers before us may add some lines.
func TestForwardAuthIsBounded(t *testing.T) {
	h, idp := busyHouse(t)
	b := h.browser()
	b.signInSAML(idp, "/")
	ask := func(query, uri string) (*http.Response, int) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/sso/forward-auth?desk=support"+query, nil)
		h.must(err)
		client := http.DefaultClient
		if uri == "" {
			client = b.client
		} else {
			r.Header.Set("X-Original-Uri", uri)
		}
		answer, err := client.Do(r)
		h.must(err)
		defer answer.Body.Close()
		dump, err := httputil.DumpResponse(answer, false)
		h.must(err)
		return answer, len(dump)
	}
	p, length := ask("", "")
	groups, teams := strings.Split(p.Header.Get("Remote-Groups"), ","), strings.Split(p.Header.Get("Remote-Teams"), ",")
	if p.StatusCode != http.StatusOK || length > 3800 || p.Header.Get("Remote-User") != idp.Person || p.Header.Get("Remote-Email") != idp.Person {
		t.Errorf("%d with %d bytes of header: %v", p.StatusCode, length, p.Header)
	}
	for name, kept := range map[string][]string{"Group %03d%%2C of a long name": groups, "Team number %03d": teams} {
		for i, got := range kept {
			if want := fmt.Sprintf(name, i); got != want {
				t.Errorf("name %d is %q, want %q", i, got, want)
			}
		}
	}
	if got := p.Header.Get("Remote-Groups-Omitted"); len(groups) < 40 || got != strconv.Itoa(groupsOfMany-len(groups)) {
		t.Errorf("%d groups, and %s omitted", len(groups), got)
	}
	if got := p.Header.Get("Remote-Teams-Omitted"); len(teams) < 40 || got != strconv.Itoa(100-len(teams)) {
		t.Errorf("%d teams, and %s omitted", len(teams), got)
	}
	if name := p.Header.Get("Remote-Name"); !strings.HasPrefix(name, "Zoë Zoë") || len(name) > 200 || strings.ToValidUTF8(name, "?") != name {
		t.Errorf("the name is %q", name)
	}

	p, _ = ask("&groups=all&teams=all", "")
	if got := len(strings.Split(p.Header.Get("Remote-Groups"), ",")); got != groupsOfMany || p.Header.Get("Remote-Groups-Omitted") != "" {
		t.Errorf("all groups: %d, %q omitted", got, p.Header.Get("Remote-Groups-Omitted"))
	}
	if got := len(strings.Split(p.Header.Get("Remote-Teams"), ",")); got != 100 || p.Header.Get("Remote-Teams-Omitted") != "" {
		t.Errorf("all teams: %d, %q omitted", got, p.Header.Get("Remote-Teams-Omitted"))
	}

	for _, uri := range []string{"/" + strings.Repeat("%2C", 600), "/" + strings.Repeat("a", 2000)} { // nobody is signed in
		if p, length := ask("", uri); p.StatusCode != http.StatusUnauthorized || p.Header.Get("Location") == "" || length > 3800 {
			t.Errorf("asked for %.20s…: %d with %d bytes of header", uri, p.StatusCode, length)
		}
	}
}

var nginxExample = regexp.MustCompile("(?s)```nginx\n(location /sso/.*?)```")

// TestDocumentedNginx runs nginx with the configuration that docs/sign-in.md
// shows, and with less of it, before us and a desk.
func TestDocumentedNginx(t *testing.T) {
	page, err := os.ReadFile("../docs/sign-in.md")
	if err != nil {
		t.Fatal(err)
	}
	found := nginxExample.FindSubmatch(page)
	if found == nil {
		t.Fatal("docs/sign-in.md shows no configuration of nginx")
	}
	documented := string(found[1])
	h, idp := busyHouse(t)
	desk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "the desk shows %s to %s", r.URL.Path, r.Header.Get("Remote-User"))
	}))
	t.Cleanup(desk.Close)
	withoutBuffers := regexp.MustCompile(`(?m)^ *proxy_buffer.*$`).ReplaceAllString(documented, "")
	if withoutBuffers == documented {
		t.Error("the page says nothing of buffers")
	}
	for _, tt := range []struct{ name, config string }{
		{"as documented", documented},
		{"all groups, as documented", strings.Replace(documented, "?desk=support", "?desk=support&groups=all&teams=all", 1)},
		{"without buffers", withoutBuffers},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := processtest.Address(t)
			at := *h
			at.TB, at.url = t, "http://"+address
			ours := httptest.NewServer(numbered(at.replica(slog.New(slog.DiscardHandler))))
			t.Cleanup(ours.Close)
			startNginx(t, address, strings.NewReplacer("http://127.0.0.1:8080", ours.URL, "http://127.0.0.1:9000", desk.URL).Replace(tt.config))

			b := at.browser()
			p := b.get("/tickets/7")
			if p.at.Path != "/sso/login" || p.at.Query().Get("return_to") != "/tickets/7" {
				t.Fatalf("nobody is sent to sign in: %d at %s\n%s", p.status, p.at, p.body)
			}
			if p := b.signInSAML(idp, p.at.Query().Get("return_to")); p.status != http.StatusOK || p.body != "the desk shows /tickets/7 to "+idp.Person {
				t.Errorf("%d at %s\n%s", p.status, p.at, p.body)
			}
			if p := at.browser().get("http://" + address + "/" + url.PathEscape(strings.Repeat("ü", 300))); p.at.Path != "/sso/login" {
				t.Errorf("a long address: %d at %s", p.status, p.at)
			}
		})
	}
}

// startNginx runs an nginx whose only server has these locations.
func startNginx(t *testing.T, address, locations string) {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	fmt.Fprintf(&text, "daemon off;\nworker_processes 1;\npid %s/nginx.pid;\nerror_log stderr warn;\n", dir)
	if os.Getuid() == 0 {
		text.WriteString("user root;\n") // the files below belong to whoever runs the test
	}
	text.WriteString("events {}\nhttp {\naccess_log off;\n")
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&text, "%s_temp_path %s/%[1]s;\n", kind, dir)
	}
	fmt.Fprintf(&text, "server {\nlisten %s;\n%s}\n}\n", address, locations)
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &processtest.Server{Name: "nginx", Ready: "http://" + address + "/sso/login", Command: func() *exec.Cmd {
		return exec.Command("nginx", "-p", dir, "-c", config, "-e", "stderr")
	}}
	server.Start(t)
}
