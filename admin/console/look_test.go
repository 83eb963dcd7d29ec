package console_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/offboarding"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/provision/setuplink"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// byOkta is a request of the identity provider of the pictures.
var byOkta = provision.Cause{Actor: "scim:okta-2026", Action: "PATCH /Groups"}

// settleIn makes a company that a picture can be taken of: on a morning, with people in
// step, on hold, waiting and idle, users of before, requests, and an alarm.
func (h *house) settleIn() (ada, cy provision.Identity) {
	h.Helper()
	ctx := h.Context()
	h.StopClock()
	h.Offset.Add(int64(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Sub(h.Now())))
	h.Must(h.Store.Heartbeat(ctx)) // by the machine's clock, which is later: a server runs
	h.say = func(ctx context.Context, most int) (console.Sentences, error) {
		return auditlog.NewSentences(ctx, &server.System{Core: h.Core, Store: h.Store}, most)
	}
	h.Desk.Price, h.Desk.Idle, h.Desk.Seats = seating.Price{Amount: "29.00", Limited: "0.00", Currency: "EUR"}, seating.Policy{After: 60 * 24 * time.Hour}, 10
	h.Desk.Settings = map[string]string{"teams": "Tier 1,Tier 2", "mailboxes": "Help,Billing"}
	h.Must(h.Store.SaveDesk(ctx, h.Desk))
	h.Must(settings.NotePrice(ctx, h.Store, h.Core.Audit, provisiontest.ByTest, seating.Price{}, h.Desk))
	h.beforeAs(func(name string) string { return name }, "ivy", "jon", "kim")
	_, secret, err := h.Core.Tokens.CreateToken(ctx, provisiontest.ByTest, h.Conn.ID, "okta-2026", 365*24*time.Hour)
	h.Must(err)

	var people []provision.Identity
	var members []provision.MemberID
	for _, name := range []string{"Ada Byron", "Bo Lund", "Cy Moe", "Dag Vik", "Eva Roth", "Finn Berg", "Gil Haas"} {
		given, family, _ := strings.Cut(name, " ")
		one := provisiontest.Someone(strings.ToLower(given))
		one.Profile.GivenName, one.Profile.FamilyName, one.Profile.DisplayName = given, family, name
		made, _, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provision.Cause{Actor: byOkta.Actor, Action: "POST /Users"}, one)
		h.Must(err)
		people, members = append(people, made), append(members, provision.MemberID(made.ID))
	}
	for _, name := range []string{"ivy", "jon"} { // whom the desk knew before
		one := provisiontest.Someone(name)
		one.Profile.GivenName, one.Profile.FamilyName, one.Profile.DisplayName = map[string]string{"ivy": "Ivy", "jon": "Jon"}[name], "Sand", map[string]string{"ivy": "Ivy Sand", "jon": "Jon Sand"}[name]
		_, _, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provision.Cause{Actor: byOkta.Actor, Action: "POST /Users"}, one)
		h.Must(err)
	}
	support := h.Group("Support", members[:6]...)
	h.Group("Leads", members[0])
	h.Rule("Support", provision.RoleAgent, "Tier 1")
	h.Rule("Leads", provision.RoleNone, "Tier 2")
	settle := func() { h.Evaluate(); h.ReconcileAll() }
	settle()
	h.Offset.Add(int64(70 * 24 * time.Hour))
	h.Must(h.Core.Seats.Told(ctx, h.Desk.ID, []seat.Activity{{Account: h.Account(people[0].ID).ID, Last: h.Now().Add(-3 * time.Hour)}, {Account: h.Account(people[4].ID).ID, Last: h.Now().Add(-65 * 24 * time.Hour)}, {Account: h.Account(people[5].ID).ID}}))
	_, err = h.Core.Seats.Take(ctx, provision.Cause{Actor: "break-glass:safe", Action: "POST take"}, seat.Taking{Desk: h.Desk.ID, Person: people[5].ID, Do: seating.Free, Anyway: true})
	h.Must(err)
	settle()
	h.Offset.Add(int64(9 * time.Hour))
	_, err = h.Core.Alarms.Add(ctx, provision.Cause{Actor: "break-glass:safe", Action: "POST targets"}, alarm.Target{Name: "pager", Kind: alarm.Webhook, Address: "https://hooks.example.com/t/1"})
	h.Must(err)
	_, err = h.Core.Alarms.Try(ctx, "pager")
	h.Must(err)
	_, _, err = h.Core.Alarms.Send(ctx, func(context.Context, *alarm.Target, *alarm.Delivery) error { return nil })
	h.Must(err)
	_, err = h.Core.Directory.UpdateGroup(ctx, h.Conn.ID, support.ID, byOkta, func(g *directory.GroupChange) error {
		g.Remove(members[1], members[2], members[3])
		return nil
	})
	h.Must(err)
	settle()
	_, _, err = h.Core.Tokens.Authenticate(ctx, "acme", secret)
	h.Must(err)
	h.Must(h.Core.Alarms.Look(ctx))
	for i, r := range []request.Record{
		{ID: "0190a000-0000-7000-8000-000000000001", Connection: h.Conn.ID, Token: "okta-2026", Method: "PATCH", Route: "/scim/{connection}/v2/Groups/{id}", Verb: requestlog.Change, Group: support.ID, Status: 204, Entries: 1, Accounts: 3, Address: "203.0.113.7"},
		{ID: "0190a000-0000-7000-8000-000000000002", Connection: h.Conn.ID, Token: "okta-2026", Method: "POST", Route: "/scim/{connection}/v2/Users", Verb: requestlog.Create, Status: 409, Code: "uniqueness", Reason: "userName is taken", Holder: people[0].ID, Address: "203.0.113.7"},
	} {
		r.At = h.Now().Add(time.Duration(i-5) * time.Minute)
		h.Core.Requests.Add(r)
	}
	h.Core.Requests.Flush(ctx)
	h.sweep()
	h.Offset.Add(int64(4 * time.Minute))
	return people[0], people[2]
}

// TestEveryPageInABrowser opens every page in light and dark, wide and on a telephone:
// axe-core finds nothing, none is wider than the window, the browser has nothing against
// any and asks for nothing elsewhere. With browsertest.Screenshots set it takes the
// pictures of the documentation.
func TestEveryPageInABrowser(t *testing.T) {
	servicetest.Need(t, "DESKBRIDGE_TEST_NODE")
	window := browsertest.New(t)
	complaints := window.Complaints()
	h := newHouse(t)
	ada, cy := h.settleIn()
	at := httptest.NewServer(h.handler)
	defer at.Close()
	axe := filepath.Join(os.Getenv("DESKBRIDGE_TEST_NODE"), "node_modules", "axe-core", "axe.min.js")
	_, link, err := h.Core.SetupLinks.Make(t.Context(), provisiontest.ByTest, h.Conn, setuplink.Life)
	h.Must(err)
	record, err := console.FirstAdminLink(t.Context(), console.CoreOf(h.Core), publicURL)
	h.Must(err)

	// looks looks at the page that is open: colours do not go by the width, nor does what
	// fits go by the colours.
	looks := func(name string) {
		t.Helper()
		for _, dress := range []struct {
			width int64
			dark  bool
		}{{1280, false}, {390, true}} {
			window.Dress(dress.width, dress.dark)
			for _, broken := range window.Axe(axe) {
				t.Errorf("%s, %d px, dark %v: %s", name, dress.width, dress.dark, broken)
			}
			if window.Overflows() {
				t.Errorf("%s is wider than %d px", name, dress.width)
			}
		}
	}
	// picture takes one for the documentation.
	picture := func(name string, width int64, dark bool) {
		window.Dress(width, dark)
		window.Screenshot(name)
	}
	for _, page := range []struct {
		path    string
		picture string
	}{
		{"", "home"}, {"people", ""}, {"people?q=nobody", ""}, {"people/" + string(cy.ID), "person"}, {"people/" + string(ada.ID), ""}, {"people/" + string(ada.ID) + "/record", ""},
		{"requests", ""}, {"requests/0190a000-0000-7000-8000-000000000002", ""}, {"audit?until=2026-05-12", "audit"}, {"changes", ""}, {"changes/support", ""}, {"holds", "holds"},
		{"desks", ""}, {"desks/support", ""}, {"desks/support/users?show=all", ""}, {"desks/support/users", "adoption"}, {"seats", "seats"}, {"desks/support/seats?all=yes", ""}, {"desks/support/seats", ""},
		{"connections", ""}, {"connections/acme", "connection"}, {"alarms", "alarms"}, {"setup/acme?link=" + link, ""}, {"people/nobody", ""}, {strings.TrimPrefix(record, publicURL+"/admin/"), ""},
	} {
		window.Dress(1280, false)
		window.Open(at.URL + "/admin/" + page.path)
		looks("/admin/" + page.path)
		if page.picture == "" {
			continue
		}
		picture(page.picture, 1280, false)
		switch page.picture {
		case "home":
			picture("home-dark", 1280, true)
			picture("home-narrow", 390, false)
		case "person":
			picture("person-narrow", 390, false)
		}
	}

	// What comes of forms.
	window.Dress(1280, false)
	window.Open(at.URL + "/admin/changes/support")
	window.Fill("tbody tr:last-child [name=group]", "Support")
	window.Fill("tbody tr:last-child [name=mailboxes]", "Billing")
	window.Click("main form button")
	window.UntilSees("Apply exactly this plan")
	looks("a plan")
	picture("plan", 1280, false)

	window.Open(at.URL + "/admin/connections/acme")
	window.Fill("#token-name", "okta-2027")
	window.Click(`//button[text()="Make a token, for a year"]`)
	window.UntilSees("Token okta-2027")
	looks("a token that is shown once")
	window.Click(`//button[text()="Make a link"]`)
	window.UntilSees("It is shown once.")
	looks("a set-up link that is shown once")

	_, err = h.Core.Reconcile.Reject(t.Context(), provisiontest.ByTest, "acme", reconcile.Whom{All: true}) // beside a hold nobody is adopted whose access would end
	h.Must(err)
	window.Open(at.URL + "/admin/desks/support/users")
	window.Click("tbody [name=user]")
	window.Click(`//button[text()="Show what adopting those marked would change"]`)
	window.UntilSees("Adopt exactly this one")
	looks("a wave before it is begun")
	window.Click(`//button[text()="Adopt exactly this one"]`)
	window.UntilSees("Undo the wave")
	looks("a wave")
	window.Click("main form button")
	window.UntilSees("Giving back")
	looks("a wave that is undone")

	// Who leaves, and the page of it that is printed.
	h.SetStatus(ada.ID, provision.StatusSuspended)
	h.ReconcileAll()
	sys := &server.System{Core: h.Core, Store: h.Store}
	printed, err := offboarding.Console(t.Context(), sys, ada.ID)
	h.Must(err)
	file := filepath.Join(t.TempDir(), "record.html")
	h.Must(os.WriteFile(file, printed.Page, 0o600))
	window.Open("file://" + file)
	looks("the printed record of " + string(ada.ID))

	h.owner = false
	window.Open(at.URL + "/admin/people")
	window.UntilSees("Sign in with your organisation")
	looks("the way in")
	h.person = &cy
	window.Open(at.URL + "/admin/people")
	window.UntilSees("have no role in the console")
	looks("the way in of somebody without a role")

	for _, text := range complaints() {
		if !strings.Contains(text, "404") && !strings.Contains(text, "401") && !strings.Contains(text, "403") { // of the pages about an error, and of those who may not come in
			t.Errorf("the browser complains: %s", text)
		}
	}
	if found := window.Elsewhere("http://127.0.0.1:", "data:", "about:", "file://"+file); len(found) > 0 {
		t.Errorf("the browser asks elsewhere: %s", found)
	}
}
