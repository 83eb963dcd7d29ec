package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
)

// get returns status, headers and body of an answer.
func (b *bridge) get(path string) (int, http.Header, string) {
	b.t.Helper()
	resp, err := http.Get(b.url + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

func TestOperations(t *testing.T) {
	b := newBridge(t)
	for _, page := range []struct{ path, want string }{
		{"/healthz", "alive"}, {"/readyz", "ready"}, {"/", "SCIM is at"},
		{"/metrics", `deskbridge_http_request_seconds_count{method="GET",route="/healthz",status="200"} 1`},
	} {
		if status, header, text := b.get(page.path); status != 200 || !strings.Contains(text, page.want) || header.Get("X-Request-Id") == "" {
			t.Errorf("GET %s: %d, request id %q, without %q", page.path, status, header.Get("X-Request-Id"), page.want)
		}
	}
	if status, _, _ := b.get("/no/such/page"); status != 404 {
		t.Errorf("an unknown page: status %d", status)
	}
	status, header, text := b.get("/scim//acme/v2/Users")
	var scimError struct{ Status string }
	if err := json.Unmarshal([]byte(text), &scimError); err != nil || scimError.Status == "" || status < 400 || !strings.HasPrefix(header.Get("Content-Type"), "application/scim+json") {
		t.Errorf("an odd SCIM path: %d %s %s", status, header.Get("Content-Type"), text)
	}
}

// TestLogHoldsNobody pushes somebody and looks for them, and for the token, in
// the log.
func TestLogHoldsNobody(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_LOG_LEVEL=debug")
	okta := b.connect("private")
	b.apply("desks: [{name: d, kind: builtin, settings: {teams: One}}]\nrules: [{connection: private, group: Secret Society, desk: d, role: agent, teams: [One]}]\n")
	zoe := simulated.Person{Given: "Zoëlla", Family: "Quagmire", Mail: "zoella.quagmire@private.example"}
	id := okta.mustPush(t, "Users", simulated.OktaUser(zoe))
	okta.group(t, "Secret Society", id)
	if _, err := okta.LookUp(t.Context(), "Users", "userName", zoe.Mail); err != nil {
		t.Fatal(err)
	}
	if _, _, err := okta.Send(t.Context(), "POST", "/Users", simulated.OktaUser(zoe)); err != nil { // a conflict
		t.Fatal(err)
	}
	if _, _, err := okta.Send(t.Context(), "GET", "/Users?filter=userName+eq+quagmire", nil); err != nil { // a broken filter
		t.Fatal(err)
	}
	b.synced()
	okta.mustPatch(t, "/Users/"+id, setActive(false))
	b.synced()
	log := b.log.String()
	if !strings.Contains(log, id) || !strings.Contains(log, `"route":"/scim/{connection}/v2/Users"`) {
		t.Errorf("the log says too little:\n%s", log)
	}
	for _, private := range []string{"Quagmire", "quagmire", "Zoëlla", "private.example", okta.Token, "Secret Society"} {
		if strings.Contains(log, private) {
			t.Errorf("%q stands in the log", private)
		}
	}
}

// TestStop sends SIGTERM, as an orchestrator does: the server ends in good
// order and says so by its exit status.
func TestStop(t *testing.T) {
	address := reserveAddress(t)
	p := &process{t: t, url: "http://" + address, environ: []string{"DESKBRIDGE_DATA_DIR=" + t.TempDir(), "DESKBRIDGE_LISTEN=" + address}}
	p.start()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Errorf("exit status %d:\n%s", exit.ExitCode(), &p.log)
		}
	case <-time.After(2 * time.Minute):
		p.kill()
		t.Errorf("the server does not stop:\n%s", &p.log)
	}
}

// TestDemo plays the demo to its end: all comes out as planned, and nothing is
// left of it, nor named that has ended.
func TestDemo(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	var out, problems strings.Builder
	if status := run(t.Context(), []string{"demo", "--exit"}, nil, &out, &problems); status != exitDone {
		t.Fatalf("exit status %d: %s\n%s", status, &problems, &out)
	}
	played, after, found := strings.Cut(out.String(), "\nAll came out as planned.\n")
	if !found || strings.Contains(played, "✗") {
		t.Errorf("the demo said:\n%s", &out)
	}
	if strings.Contains(after, "http://") || strings.Contains(played, "Look around") || !strings.Contains(after, "removed") {
		t.Errorf("at the end it said:\n%s", after)
	}
	left, err := filepath.Glob(filepath.Join(temporary, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the demo left %v, %v", left, err)
	}
}
