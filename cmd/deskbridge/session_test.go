package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/provision"
)

// TestSessionListIsBounded: the newest sessions are listed, so many at most, with
// whose they are, and it says that there are more.
func TestSessionListIsBounded(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	if out := b.command("session", "list"); out != "Nobody is signed in.\n" {
		t.Errorf("of nobody: %s", out)
	}
	okta := b.connect("acme")
	ada := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
	conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	now := b.sys.Core.Now()
	for i := range 101 {
		at := now.Add(time.Duration(i) * time.Second)
		if err := b.sys.Store.InsertSession(t.Context(), provision.Session{ID: provision.NewID[provision.SessionID](), Hash: fmt.Append(nil, i), Identity: provision.IdentityID(ada), Connection: conn.ID,
			Protocol: provision.ProtocolOIDC, Issuer: "https://idp.test", Subject: "ada", CreatedAt: at, SeenAt: at, EndsAt: at.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []string{"100", "0", "-1"} {
		for _, form := range []struct{ flag, one string }{{"--json=false", "ada@acme.example  acme"}, {"--json", `"user": "ada@acme.example"`}} {
			var out, warned strings.Builder
			status := run(t.Context(), []string{"session", "list", "--limit", limit, form.flag}, b.environ, &out, &warned)
			if status != exitDone || strings.Count(out.String(), form.one) != 100 || !strings.Contains(warned.String(), "there are more sessions: --user, --connection and --limit") {
				t.Errorf("--limit %s %s: %d\n%s%s", limit, form.flag, status, out.String(), warned.String())
			}
		}
	}
	type line struct{ User, Connection string }
	if all := commandJSON[[]line](b, "session", "list", "--limit", "101"); len(all) != 101 || all[0] != (line{"ada@acme.example", "acme"}) {
		t.Errorf("all: %d, %+v", len(all), all[0])
	}
}
