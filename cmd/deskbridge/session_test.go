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
		out := b.command("session", "list", "--limit", limit)
		if strings.Count(out, "ada@acme.example  acme") != 100 || !strings.Contains(out, "There are more: --user, --connection and --limit") {
			t.Errorf("--limit %s:\n%s", limit, out)
		}
	}
	type line struct{ User, Connection string }
	if all := commandJSON[[]line](b, "session", "list", "--limit", "101"); len(all) != 101 || all[0] != (line{"ada@acme.example", "acme"}) {
		t.Errorf("all: %d, %+v", len(all), all[0])
	}
}
