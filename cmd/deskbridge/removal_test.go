package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// TestRemoveConnection: what would end is printed, and nothing is done without a
// yes; then access ends on the desk, whatever the brake would say, and nothing is
// left but the audit log. The name can be used again, by another connection.
func TestRemoveConnection(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.command("domain", "add", "acme", "acme.example")
		b.apply("desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}]\n" + agentsOf(8))
		ids := staff(t, b, okta, 8)
		users := func() (active int) {
			accounts, err := b.sys.Store.AccountsWhere(t.Context(), provision.AccountFilter{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range accounts {
				if a.Confirmed.Status == provision.AccessActive {
					active++
				}
			}
			return active
		}
		if users() != 8 {
			t.Fatalf("%d have access", users())
		}

		out := b.fails(t, 2, "connection", "remove", "acme")
		for _, want := range []string{"8 people of acme with access on d: access ends there first", "8 rules: removed now", "1 token: revoked now: first", "8 people: deleted", "8 groups: deleted", "--yes"} {
			if !strings.Contains(out, want) {
				t.Errorf("before a yes: no %q in\n%s", want, out)
			}
		}
		if users() != 8 || len(commandJSON[[]server.ConnectionURLs](b, "connection", "list")) != 1 {
			t.Fatal("something was done without a yes")
		}

		r := commandJSON[command.Removal](b, "connection", "remove", "acme", "--yes")
		if !r.Removed || r.People != 8 || r.Access != "ends first" {
			t.Errorf("removed: %+v", r)
		}
		if _, err := okta.Do(t.Context(), "GET", "/Users", nil, http.StatusUnauthorized); err != nil {
			t.Errorf("the old token: %v", err)
		}
		b.connect("acme") // the name is free at once
		b.eventually("nothing is left", func() bool {
			return len(commandJSON[[]server.ConnectionURLs](b, "connection", "list")) == 1 && users() == 0
		})
		ended := 0
		for _, id := range ids {
			ended += len(slices.DeleteFunc(b.entries(id), func(e provision.Entry) bool { return e.Action != "account.ended" }))
		}
		if ended != 8 {
			t.Errorf("the audit log tells of %d ends of access", ended)
		}
		for _, e := range b.entries("") {
			if e.Action == "brake.held" {
				t.Error("mass-change protection held what an admin has decided")
			}
		}
		if got := actions(b.entries(r.ID)); !slices.Contains(got, "connection.removed") || !slices.Contains(got, "connection.deleted") {
			t.Errorf("the audit log: %v", got)
		}
		if out := b.command("audit", "verify"); !strings.Contains(out, "intact") {
			t.Error(out)
		}
		if out := b.command("person", "list"); !strings.Contains(out, "There is nobody.") {
			t.Errorf("people are left:\n%s", out)
		}
		// Another connection of the same name pushes the same people: they are others.
		again := commandJSON[server.ConnectionURLs](b, "connection", "add", "beta", "--idp", "okta")
		idp{simulated.NewIdP(again.SCIMURL, again.Token)}.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
	}, "DESKBRIDGE_SWEEP=off")
}

// TestRemoveDeskThatNeverAnswered: a desk added by mistake goes at once, and keeps
// nobody waiting.
func TestRemoveDeskThatNeverAnswered(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.command("desk", "add", "mistake", "--kind", "redmine", "--url", "http://"+reserveAddress(t), "--secret", strings.Repeat("k", 40))
		b.command("rule", "add", "--connection", "acme", "--desk", "mistake", "--group", "Support", "--role", "agent", "--unchecked")
		id := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
		okta.group(t, "Support", id)
		b.eventually("an account waits", func() bool { return strings.Contains(b.command("explain", id), "refuses the connection") })
		r := commandJSON[command.Removal](b, "desk", "remove", "mistake", "--yes")
		if !r.Removed || r.Rules != 1 || len(r.Accounts) != 0 {
			t.Errorf("removed: %+v", r)
		}
		b.eventually("nothing is left", func() bool { return b.command("desk", "list", "--json") == "[]\n" })
		if out := b.command("status"); !strings.Contains(out, "Nothing needs attention") {
			t.Errorf("status:\n%s", out)
		}
		b.command("desk", "add", "mistake", "--kind", "builtin") // the name again, for another desk
	}, "DESKBRIDGE_SWEEP=off")
}

// TestRemoveDeskThatIsDown: access cannot end on it, so it stays until an admin
// says that what is there may stay.
func TestRemoveDeskThatIsDown(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.command("desk", "add", "gone", "--kind", "redmine", "--url", "http://"+reserveAddress(t), "--secret", strings.Repeat("k", 40))
		b.command("rule", "add", "--connection", "acme", "--desk", "gone", "--group", "Support", "--role", "agent", "--unchecked")
		id := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
		okta.group(t, "Support", id)
		b.eventually("an account is there", func() bool { return strings.Contains(b.command("explain", id), "gone") })
		accounts, err := b.sys.Store.AccountsOf(t.Context(), []provision.IdentityID{provision.IdentityID(id)})
		if err != nil || len(accounts) != 1 {
			t.Fatalf("%v, %v", accounts, err)
		}
		a := accounts[0] // as when the desk answered once
		a.DeskUser, a.Origin, a.Confirmed, a.ConfirmedAt = "7", provision.OriginMade, provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent}, &a.CreatedAt
		if err := b.sys.Store.SaveAccounts(t.Context(), []provision.Account{a}); err != nil {
			t.Fatal(err)
		}
		out := b.command("desk", "remove", "gone", "--yes")
		if !strings.Contains(out, "Access is being ended by the server") || !strings.Contains(out, "--keep-access") {
			t.Errorf("while it is down: %s", out)
		}
		for range 3 {
			if err := b.sys.Core.Removal.Finish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		desks, err := b.sys.Core.Settings.Desks(t.Context())
		if err != nil || len(desks) != 1 || !strings.HasPrefix(desks[0].Name, "gone.removed-") {
			t.Fatalf("somebody may be in there still, and the desk is forgotten: %+v, %v", desks, err)
		}
		if out := b.fails(t, 2, "rule", "add", "--connection", "acme", "--desk", "gone", "--group", "Support", "--role", "agent", "--unchecked"); !strings.Contains(out, "no desk") {
			t.Error(out)
		}
		if out := b.fails(t, 1, "desk", "remove", desks[0].Name, "--yes"); !strings.Contains(out, "being removed already") {
			t.Error(out)
		}
		if out := b.fails(t, 1, "rule", "add", "--connection", "acme", "--desk", desks[0].Name, "--group", "Support", "--role", "agent", "--unchecked"); !strings.Contains(out, "is being removed") {
			t.Error(out)
		}
		b.command("desk", "remove", desks[0].Name, "--keep-access", "--yes")
		b.eventually("nothing is left", func() bool { return b.command("desk", "list", "--json") == "[]\n" })
	}, "DESKBRIDGE_SWEEP=off")
}

// TestRemoveBuiltinDesk: a desk that is kept here goes with all that is on it, and
// its API credentials with it.
func TestRemoveBuiltinDesk(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.apply("desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}, {name: other, kind: builtin}]\n" + agentsOf(2))
		staff(t, b, okta, 2)
		type app struct {
			URL    string `json:"api_url"`
			ID     string `json:"app_id"`
			Secret string `json:"app_secret"`
		}
		made := commandJSON[app](b, "desk", "app", "create", "d")
		if made.ID == "" || made.Secret == "" {
			t.Fatalf("made: %+v", made)
		}
		for range 2 { // showing makes none
			b.command("desk", "app", "d")
		}
		if apps := commandJSON[[]app](b, "desk", "app", "list", "d"); len(apps) != 1 || apps[0].ID != made.ID || apps[0].Secret != "" {
			t.Errorf("the apps: %+v", apps)
		}
		token := func(a app) int {
			resp, err := http.Post(a.URL+"/oauth2/token", "application/json", strings.NewReader(`{"grant_type":"client_credentials","client_id":"`+a.ID+`","client_secret":"`+a.Secret+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode
		}
		made.URL = b.url + "/desk/v2"
		if got := token(made); got != 200 {
			t.Errorf("a token: %d", got)
		}
		second := commandJSON[app](b, "desk", "app", "create", "d")
		second.URL = made.URL
		b.command("desk", "app", "remove", "d", second.ID[:8])
		if got := token(second); got == 200 {
			t.Error("a removed app gets a token")
		}
		recorded := b.command("audit", "export", "--action", "desk_app.created,desk_app.removed", "--format", "text")
		if strings.Count(recorded, "made the API credentials") != 2 || !strings.Contains(recorded, "ended the API credentials "+second.ID+" on d (deskbridge desk app remove)") {
			t.Errorf("the audit log:\n%s", recorded)
		}
		if out := b.fails(t, 1, "desk", "app", "remove", "other", made.ID); !strings.Contains(out, "no desk app") {
			t.Errorf("of another desk: %s", out)
		}

		if out := b.fails(t, 2, "desk", "remove", "d"); !strings.Contains(out, "conversations are deleted with it") {
			t.Errorf("before a yes: %s", out)
		}
		r := commandJSON[command.Removal](b, "desk", "remove", "d", "--yes")
		if !r.Removed || !r.Hosted {
			t.Errorf("removed: %+v", r)
		}
		b.eventually("nothing is left", func() bool { return !strings.Contains(b.command("desk", "list"), "d.removed") })
		if got := token(made); got == 200 {
			t.Error("an app of a desk that is gone gets a token")
		}
		if out := b.command("desk", "list"); !strings.Contains(out, "other") {
			t.Errorf("the other desk is gone too:\n%s", out)
		}
		if out := b.command("person", "list", "--connection", "acme"); strings.Count(out, "@acme.example") < 2 {
			t.Errorf("the people are gone with the desk:\n%s", out)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// TestRemovalIsCutShort: whoever goes on with a removal finds it as it was left,
// whatever was deleted already.
func TestRemovalIsCutShort(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.apply("desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}]\n" + agentsOf(3))
		ids := staff(t, b, okta, 3)
		conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.sys.Core.Removal.RemoveConnection(t.Context(), provision.Cause{Actor: "test"}, conn.ID, true); err != nil {
			t.Fatal(err)
		}
		if more, err := b.sys.Store.DeleteGroups(t.Context(), conn.ID, 1); err != nil || !more { // cut short after one
			t.Logf("deleting by hand: %t, %v", more, err) // the server may have been faster
		}
		b.eventually("nothing is left", func() bool { return b.command("connection", "list", "--json") == "[]\n" })
		for _, id := range ids {
			if got := actions(b.entries(id)); slices.Contains(got, "account.ended") || slices.Contains(got, "account.deactivated") {
				t.Errorf("access that was to stay: %v", got)
			}
		}
	}, "DESKBRIDGE_SWEEP=off")
}
