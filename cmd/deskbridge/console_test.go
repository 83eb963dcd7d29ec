package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/requestlist"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// firstAdmin makes the first admin by the link, and signs in. look looks at each page.
func (b *bridge) firstAdmin(window *browsertest.Browser, look func(what string)) {
	b.t.Helper()
	link, err := b.sys.FirstAdminLink(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	window.Open(link)
	look("the page of the first admin")
	const password = "a long enough password"
	window.Fill("#password", password)
	window.Fill("#again", password)
	window.Click("main button")
	window.UntilSees("One-time codes")
	seed := regexp.MustCompile(`secret ([A-Z2-7]{16,})`).FindStringSubmatch(window.Text())
	if seed == nil {
		b.t.Fatalf("no secret: %s", window.Text())
	}
	window.Picture("first")
	window.Follow(`a[href="/sso/break-glass"]`)
	window.UntilAt(b.url + "/sso/break-glass")
	look("the break-glass sign-in")
	code, err := totp.GenerateCode(seed[1], time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	window.Fill("[name=name]", "break-glass")
	window.Fill("[name=password]", password)
	window.Fill("[name=code]", code)
	window.Click("button")
	window.Follow(`a[href="/admin/"]`)
	window.UntilSees("What needs you")
}

// looks has axe-core look at the page that is open, on a telephone in the dark as well as
// in a window in light.
func (b *bridge) looks(window *browsertest.Browser, name string) {
	b.t.Helper()
	for _, dress := range []struct {
		width int64
		dark  bool
	}{{390, true}, {1280, false}} {
		window.Dress(dress.width, dress.dark)
		for _, broken := range window.Axe(filepath.Join(os.Getenv("DESKBRIDGE_TEST_NODE"), "node_modules", "axe-core", "axe.min.js")) {
			b.t.Errorf("%s, %d px, dark %v: %s", name, dress.width, dress.dark, broken)
		}
		if window.Overflows() {
			b.t.Errorf("%s is wider than %d px", name, dress.width)
		}
	}
}

// TestTheConsoleInABrowser makes the first admin by the link, signs in, and goes
// through the console with a keyboard and a mouse: the browser has nothing against
// any page, no page is wider than a telephone, and axe-core finds nothing in light
// or dark.
func TestTheConsoleInABrowser(t *testing.T) {
	servicetest.Need(t, "DESKBRIDGE_TEST_NODE")
	window := browsertest.New(t)
	complaints := window.Complaints()
	b := newBridge(t, "DESKBRIDGE_BRAKE_PEOPLE=1", "DESKBRIDGE_BRAKE_PERCENT=1", "DESKBRIDGE_SWEEP=off")
	b.apply(`
connections: [{name: acme, idp: okta, domains: [acme.example]}]
desks: [{name: support, kind: builtin, settings: {teams: "Tier 1, Tier 2", mailboxes: Help}, seats: 3}]
rules: [{connection: acme, group: Support, desk: support, role: agent, teams: [Tier 1], mailboxes: [Help]}, {connection: acme, group: Nowhere, desk: support, role: limited}]
`)
	secret := strings.TrimSpace(b.command("token", "create", "acme", "okta-2027"))
	okta := idp{simulated.NewIdP(b.url+"/scim/acme/v2", secret)}
	var people []string
	for _, p := range []simulated.Person{{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}, {Given: "Bo", Family: "Lund", Mail: "bo@acme.example"}, {Given: "Cy", Family: "Moe", Mail: "cy@acme.example"}, {Given: "Dag", Family: "Vik", Mail: "dag@acme.example"}} {
		people = append(people, okta.mustPush(t, "Users", simulated.OktaUser(p)))
	}
	support := okta.group(t, "Support", people[:3]...)
	b.eventually("three have a seat", func() bool { return strings.Count(b.command("access", "list", "--desk", "support"), "Tier 1") == 3 })
	okta.mustPatch(t, "/Groups/"+support, addMembers(people[3]))
	b.eventually("the fourth has none", func() bool { return strings.Contains(b.command("status"), "seat") })
	okta.mustPatch(t, "/Groups/"+support, map[string]any{"op": "remove", "path": "members", "value": []any{map[string]any{"value": people[1]}, map[string]any{"value": people[2]}}})
	b.eventually("they are on hold", func() bool { return strings.Contains(b.command("status"), "lost access at once") })
	b.eventually("the request log has them", func() bool {
		return len(commandJSON[struct {
			Requests []requestlist.Line `json:"requests"`
		}](b, "request", "list", "--limit", "10").Requests) >= 6
	})

	window.Dress(1280, false)
	b.firstAdmin(window, func(what string) { b.looks(window, what) })

	// The keyboard finds Ada, and her page says why.
	if at := window.Press("/"); at != "find" {
		t.Errorf("/ has gone to %q", at)
	}
	window.Press("\bada\r") // a key of the protocol is typed although the page has taken it
	window.UntilAt(b.url + "/admin/people?q=ada")
	window.Follow("tbody th a")
	window.UntilSees("by group Support")

	// Bo keeps access, by the button.
	window.Open(b.url + "/admin/holds")
	window.Click(`//button[@aria-label="Reject for Bo Lund: they keep access"]`)
	window.UntilSees("Rejected: nothing changes for 1 account.")

	// A draft and its plan.
	window.Open(b.url + "/admin/changes/support")
	window.Fill("tbody tr:last-child [name=group]", "Support")
	window.Fill("tbody tr:last-child [name=teams]", "Tier 2")
	window.Click("main form button")
	window.UntilSees("Apply exactly this plan")
	window.Picture("plan")
	window.Click(`//button[text()="Apply exactly this plan"]`)
	window.UntilSees("The plan is applied.")
	b.eventually("Ada is in the other team", func() bool { return strings.Contains(b.command("explain", "ada@acme.example"), "team Tier 2") })

	// A link for somebody else's IT.
	window.Open(regexp.MustCompile(`http\S+link=\S+`).FindString(b.command("connection", "setup-link", "acme")))
	window.Click("main form button")
	window.UntilSees("Make the token, once")
	window.Click(`//button[text()="Make the token, once"]`)
	window.UntilSees("Enter it at the identity provider now.")
	b.looks(window, "the token of a set-up link")

	for _, path := range []string{"", "people/" + people[0], "people/" + people[1], "people/" + people[3], "requests", "audit", "holds", "desks/support", "setup/acme"} { // the others are of TestEveryPageInABrowser
		window.Open(b.url + "/admin/" + path)
		b.looks(window, path)
		window.Picture("wide-" + path)
	}
	window.Click("header .who button")
	window.UntilAt(b.url + "/sso/break-glass")
	window.Open(b.url + "/admin/people")
	window.UntilSees("Sign in with your organisation")
	for _, text := range complaints() {
		if !strings.Contains(text, "401") { // the last page says so
			t.Errorf("the browser complains: %s", text)
		}
	}
}
