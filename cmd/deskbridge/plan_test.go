package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/provision"
)

var planHash = regexp.MustCompile(`[0-9a-f]{64}`)

// goldenPlan compares what a command told with a file in testdata/plan.
func goldenPlan(t *testing.T, name, told string) {
	t.Helper()
	told = planHash.ReplaceAllString(told, "HASH")
	file := "testdata/plan/" + name + ".txt"
	if *update {
		if err := os.WriteFile(file, []byte(told), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), told); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestPlanTellsTheTruth reads whole plans as an admin does: what is expensive
// stands first, and what apply does is what the plan said.
func TestPlanTellsTheTruth(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		file := t.TempDir() + "/access.yaml"
		tell := func(yaml, verb string, args ...string) string {
			t.Helper()
			if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, problems bytes.Buffer
			status := run(context.Background(), append([]string{verb, "-f", file}, args...), b.environ, &out, &problems)
			told := regexp.MustCompile(`(?m)^deskbridge: database: .*\n`).ReplaceAllString(problems.String(), "")
			said := strings.ReplaceAll(out.String()+told, file, "access.yaml")
			return fmt.Sprintf("%s$ exit status %d\n", said, status)
		}
		connection := "connections: [{name: acme, idp: okta, domains: [acme.example], oidc: {issuer: https://idp.example, client_id: c, client_secret: s}}]\n"
		desk := "desks: [{name: d, kind: builtin, settings: {teams: Tier 1}}]\n"
		support := "rules:\n  - {connection: acme, group: Support, desk: d, role: agent, teams: [Tier 1]}\n"

		okta := b.connect("acme")
		var ids []string
		for i := range 8 {
			name := string(rune('a'+i)) + "da"
			ids = append(ids, okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: name, Family: "Byron", Mail: name + "@acme.example"})))
		}
		okta.group(t, "Support", ids[:6]...)
		okta.group(t, "Staff", ids...)
		b.apply(connection + desk + support)
		b.eventually("six people have access", func() bool {
			ready, err := b.sys.Store.AccountsWhere(t.Context(), provision.AccountFilter{State: provision.AccountReady}, 0)
			return err == nil && len(ready) == 6
		})
		signedIn(t, b, ids[0])

		goldenPlan(t, "typo", tell(connection+desk+strings.ReplaceAll(support, "Support", "Supprt"), "plan"))
		goldenPlan(t, "admins", tell(connection+strings.ReplaceAll(desk, "builtin", "builtin, seats: 7")+
			strings.ReplaceAll(support, "agent", "limited")+"  - {connection: acme, group: Staff, desk: d, role: admin}\n", "plan", "--all"))
		goldenPlan(t, "seats", tell(connection+strings.ReplaceAll(desk, "builtin", "builtin, seats: 4")+support, "plan"))
		goldenPlan(t, "sign-in", tell("connections: [{name: acme, idp: okta}]\n"+desk+support, "plan"))
		goldenPlan(t, "changed-rule", tell(connection+desk+strings.ReplaceAll(support, "agent", "limited"), "plan"))
		goldenPlan(t, "too-few-expected", tell(connection+desk, "apply", "--expect-losses", "5"))
		goldenPlan(t, "expected", tell(connection+desk, "plan", "--expect-losses", "6"))
		goldenPlan(t, "typo-applied", tell(connection+desk+support+"  - {connection: acme, group: Staf, desk: d, role: agent}\n", "apply"))
		goldenPlan(t, "expected-applied", tell(connection+desk+"rules: []\n", "apply", "--expect-losses", "6"))
		b.synced()
		onHold, err := b.sys.Store.AccountsWhere(t.Context(), provision.AccountFilter{State: provision.AccountOnHold}, 0)
		if err != nil || len(onHold) != 0 {
			t.Errorf("on hold although expected: %d accounts (%v)", len(onHold), err)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// signedIn gives somebody a session by OpenID Connect.
func signedIn(t *testing.T, b *bridge, id string) {
	t.Helper()
	conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	now := b.sys.Core.Now()
	err = b.sys.Store.InsertSession(t.Context(), provision.Session{ID: provision.NewID[provision.SessionID](), Hash: []byte(id), Identity: provision.IdentityID(id), Connection: conn.ID,
		Protocol: provision.ProtocolOIDC, Issuer: "https://idp.example", Subject: id, CreatedAt: now, SeenAt: now, EndsAt: now.AddDate(0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
}
