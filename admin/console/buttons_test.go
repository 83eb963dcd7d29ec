package console_test

import (
	"encoding/csv"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestRoles walks every address with every role: who may not is refused, and sees
// no button for it; whoever may is not.
func TestRoles(t *testing.T) {
	h := newHouse(t)
	c := h.fill()
	h.owner, h.person = false, &c.ada
	fill := strings.NewReplacer("{id}", string(c.ada.ID), "{desk}", "support", "{connection}", "acme", "{token}", "none", "{wave}", "none", "{person}", "none", "{target}", "none", "{$}", "")
	for _, role := range []administration.Role{administration.Owner, administration.Admin, administration.Operator, administration.Auditor} {
		_, err := h.Core.Administration.Grant(t.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: h.Conn.ID, Group: "Support", Role: role})
		h.Must(err)
		for _, r := range console.Routes() {
			rule, ok := admin.RuleOf(r.Verb)
			if !ok {
				t.Fatalf("%s: the table knows no %s", r.Pattern, r.Verb)
			}
			may := slices.Contains(rule.Roles, role)
			if rule.Changes && may {
				continue // the buttons have tests of their own
			}
			method, path, _ := strings.Cut(fill.Replace(r.Pattern), " ")
			w := h.ask(method, path, url.Values{})
			if refused := w.Code == http.StatusForbidden; refused == may {
				t.Errorf("%s, %s: %d", role, r.Pattern, w.Code)
			}
			if method == http.MethodPost && r.Verb != admin.AuditRead && r.Verb != admin.DesksRead && r.Verb != admin.PlanDraft && !rule.Changes {
				t.Errorf("%s changes something by a verb that does not", r.Pattern)
			}
		}
	}
	h.shows("/admin/people/"+string(c.ada.ID), "Should have", "auditor")
	for _, path := range []string{"/admin/people/" + string(c.ada.ID), "/admin/holds", "/admin/connections/acme", "/admin/changes", "/admin/desks/support/users?show=all", "/admin/desks/support/seats?all=yes", "/admin/alarms"} {
		page := h.see(path)
		for _, button := range []string{"/retry", "/release", "/reject", "/tokens", "/end-sessions", "Edit as a draft", "/ignore", "/waves/plan", "/take", "/targets", "/send-again"} {
			if strings.Contains(page, button) {
				t.Errorf("an auditor is shown %s on %s", button, path)
			}
		}
	}
	h.person = nil
	for _, r := range console.Routes() {
		method, path, _ := strings.Cut(fill.Replace(r.Pattern), " ")
		h.Offset.Add(int64(time.Minute)) // nobody asks too much
		if w := h.ask(method, path, url.Values{}); w.Code != http.StatusUnauthorized {
			t.Errorf("nobody, %s: %d", r.Pattern, w.Code)
		}
	}
}

// latest returns the newest audit entry of an action.
func (h *house) latest(action provision.Action) provision.Entry {
	h.Helper()
	entries, err := h.Core.Audit.Latest(h.Context(), audit.Filter{Actions: []provision.Action{action}}, audit.Place{}, 1)
	h.Must(err)
	if len(entries) != 1 {
		h.Fatalf("no entry %s", action)
	}
	return entries[0]
}

// TestButtons presses them: each does what the command line's verb does, and the
// audit log names who pressed.
func TestButtons(t *testing.T) {
	h := newHouse(t)
	c := h.fill()
	ada, bo := "/admin/people/"+string(c.ada.ID), "/admin/people/"+string(c.bo.ID)

	h.shows("/admin/", "on hold", "Decide", "never sent a request")
	h.shows(bo, "The end of access is on hold", "Nothing, until an admin decides")
	h.shows("/admin/people/"+string(c.zed.ID), "Why not", "Support", "no account")
	h.shows(ada, "In Support", "agent", "by group Support", "Signed in by oidc", "asked to change a person: suspended")
	h.shows("/admin/holds", "lost what granted it", "Type acme to go on")

	if to := h.press(ada+"/end-sessions", nil); !strings.Contains(to, "done=ended&n=1") {
		t.Errorf("sessions: %s", to)
	}
	if e := h.latest(audit.SessionEnded); e.Cause.Actor != "break-glass:safe" || e.Cause.Request != "req-1" {
		t.Errorf("ended by %+v", e.Cause)
	}
	h.press(bo+"/reject", nil)
	h.shows(bo, "Access stays, as an admin has decided")
	h.shows("/admin/holds", "kept, as decided")
	if w := h.ask(http.MethodPost, "/admin/holds/acme/release", url.Values{"name": {"other"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("released without the name: %d", w.Code)
	}
	if to := h.press("/admin/holds/acme/release", url.Values{"name": {"acme"}}); !strings.Contains(to, "done=released") {
		t.Errorf("release: %s", to)
	}
	h.latest(audit.BrakeReleased)
	h.since = time.Hour // signed in too long ago
	if w := h.ask(http.MethodPost, "/admin/holds/acme/release", url.Values{"name": {"acme"}}); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "Sign out, to sign in once more") {
		t.Errorf("without a fresh sign-in: %d %s", w.Code, w.Body)
	}
	h.since = 0

	// A token is shown once, in the answer.
	w := h.ask(http.MethodPost, "/admin/connections/acme/tokens", url.Values{"name": {"okta-2027"}})
	secret := regexp.MustCompile(`dbr_[A-Za-z0-9_-]+`).FindString(w.Body.String())
	if w.Code != http.StatusOK || secret == "" {
		t.Fatalf("a token: %d %s", w.Code, w.Body)
	}
	if _, _, err := h.Core.Tokens.Authenticate(t.Context(), "acme", secret); err != nil {
		t.Errorf("the token is not accepted: %v", err)
	}
	if page := h.see("/admin/connections/acme"); strings.Contains(page, secret) || !strings.Contains(page, "okta-2027") {
		t.Error("the token is shown a second time, or not listed")
	}
	if w := h.ask(http.MethodPost, "/admin/connections/acme/tokens/okta-2027/rotate", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "dbr_") {
		t.Errorf("rotate: %d", w.Code)
	}
	if w := h.ask(http.MethodPost, "/admin/connections/acme/tokens/okta-2027/revoke", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("revoked without its name: %d", w.Code)
	}
	h.press("/admin/connections/acme/tokens/okta-2027/revoke", url.Values{"name": {"okta-2027"}})
	h.latest(audit.TokenRevoked)

	// What is exported is what is shown.
	rows, err := csv.NewReader(h.ask(http.MethodGet, "/admin/audit/export?format=csv&action=session.ended", nil).Body).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][6] != "session.ended" {
		t.Errorf("CSV: %v, %v", rows, err)
	}
	if lines := h.ask(http.MethodGet, "/admin/audit/export?format=jsonl&subject="+c.ada.UserName, nil).Body.String(); strings.Count(lines, "\n") < 2 || !strings.Contains(lines, `"subject":"`+string(c.ada.ID)+`"`) {
		t.Errorf("JSON lines: %s", lines)
	}
	h.shows("/admin/requests/"+c.request, "okta", "change a person: suspended", "192.0.2.9")
	h.shows("/admin/requests?status=401", "no such connection")
}

// TestWhereAButtonLeads: back to the page that it stands on, which may be the answer
// to another button and have no address of its own.
func TestWhereAButtonLeads(t *testing.T) {
	h := newHouse(t)
	h.ByRoles()
	ada := h.Person("ada", "agent")
	h.ReconcileAll()
	retry := "/admin/accounts/" + string(h.Account(ada.ID).ID) + "/retry"
	for from, want := range map[string]string{
		"/admin/people?desk=support&done=ended&n=2": "/admin/people?desk=support&done=retried&n=1",
		"/admin/desks/support/check":                "/admin/desks/support?done=retried&n=1",
		"/admin/audit/verify":                       "/admin/audit?done=retried&n=1",
		"/admin/nothing/here":                       "/admin/?done=retried&n=1",
		"/sso/login":                                "/admin/?done=retried&n=1",
	} {
		h.from = from
		if to := h.press(retry, nil); to != want {
			t.Errorf("from %s to %s, want %s", from, to, want)
		}
	}
}

var hash = regexp.MustCompile(`name="hash" value="([0-9a-f]+)"`)

// TestADraftIsPlannedAndApplied: the plan that is shown is the plan that is done, or
// none.
func TestADraftIsPlannedAndApplied(t *testing.T) {
	h := newHouse(t)
	ada := h.Person("ada")
	h.Group("Billing", provision.MemberID(ada.ID))
	rules := func(groups ...string) url.Values {
		form := url.Values{}
		for _, g := range groups {
			for name, value := range map[string]string{"connection": "acme", "group": g, "attribute": "", "equals": "", "role": "agent", "teams": "B, A", "mailboxes": ""} {
				form.Add(name, value)
			}
		}
		return form
	}
	plan := func(form url.Values) (page, found string) {
		t.Helper()
		w := h.ask(http.MethodPost, "/admin/changes/support/plan", form)
		if w.Code != http.StatusOK {
			t.Fatalf("plan: %d %s", w.Code, w.Body)
		}
		m := hash.FindStringSubmatch(w.Body.String())
		if m == nil {
			return w.Body.String(), ""
		}
		return w.Body.String(), m[1]
	}
	form := rules("Billing")
	page, reviewed := plan(form)
	for _, want := range []string{"1 person becomes agent on support", "ada", "agent · teams A, B"} {
		if !strings.Contains(page, want) {
			t.Errorf("the plan does not say %q: %s", want, page)
		}
	}
	if all, err := h.Core.Settings.Rules(t.Context(), ""); err != nil || len(all) != 0 {
		t.Fatalf("a plan has changed something: %v, %v", all, err)
	}
	apply := func(form url.Values, hash string) int {
		t.Helper()
		form.Set("hash", hash)
		return h.ask(http.MethodPost, "/admin/changes/support/apply", form).Code
	}
	if code := apply(rules("Billing"), ""); code != http.StatusUnprocessableEntity {
		t.Errorf("applied without a look: %d", code)
	}
	if code := apply(rules("Billing", "Others"), reviewed); code != http.StatusConflict {
		t.Errorf("applied another draft than was reviewed: %d", code)
	}
	bo := h.Person("bo")
	h.Group("Sales", provision.MemberID(bo.ID))
	if code := apply(rules("Billing"), reviewed); code != http.StatusSeeOther {
		t.Errorf("applied: %d", code)
	}
	h.Evaluate()
	h.Role(ada.ID, provision.RoleAgent)
	if e := h.latest(audit.PlanApplied); e.Cause.Actor != "break-glass:safe" || e.Subject != reviewed {
		t.Errorf("applied by %+v, plan %s", e.Cause, e.Subject)
	}
	h.shows("/admin/changes", "group Billing", "plan.applied")
	h.ReconcileAll()

	// Who keeps profiles on the desk is part of the draft, and of what was reviewed.
	kept := rules("Billing")
	kept.Set("profile_title", "set-once")
	page, reviewed = plan(kept)
	if want := "title on support: keep-in-step → set-once; "; !strings.Contains(page, want) || !strings.Contains(page, `name="profile_title" value="set-once"`) {
		t.Errorf("the plan does not say %q: %s", want, page)
	}
	kept.Set("profile_title", "leave-to-person")
	if code := apply(kept, reviewed); code != http.StatusConflict {
		t.Errorf("applied another policy than was reviewed: %d", code)
	}
	kept.Set("profile_title", "set-once")
	if code := apply(kept, reviewed); code != http.StatusSeeOther {
		t.Errorf("applied: %d", code)
	}
	h.shows("/admin/desks/support", "title set-once; the rest is kept in step")

	// The loss of all is told, and a number that was typed is what may be lost.
	gone := rules("Billing")
	gone.Set("remove", "0")
	page, reviewed = plan(gone)
	if !strings.Contains(page, "1 person loses access to support") || reviewed == "" {
		t.Fatalf("losses: %s", page)
	}
	gone = url.Values{"losses": {"0"}}
	if code := apply(gone, reviewed); code != http.StatusConflict {
		t.Errorf("more losses than were typed: %d", code)
	}
	gone.Set("losses", "1")
	h.since = time.Hour // to let losses is to release them
	if code := apply(gone, reviewed); code != http.StatusForbidden {
		t.Errorf("with a sign-in of an hour ago: %d", code)
	}
	h.since = 0
	if code := apply(gone, reviewed); code != http.StatusSeeOther {
		t.Errorf("as many as were typed: %d", code)
	}
	bad := rules("Billing")
	bad.Set("role", "boss")
	if w := h.ask(http.MethodPost, "/admin/changes/support/plan", bad); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "boss") {
		t.Errorf("a mistake: %d", w.Code)
	}
}

// TestTermsAreShown: a person's page says what admins have said of them, and who did.
func TestTermsAreShown(t *testing.T) {
	h := newHouse(t)
	ada := h.Person("ada")
	end := time.Date(2099, 2, 1, 0, 0, 0, 0, time.UTC)
	by := provision.Cause{Actor: "cli:ann", Action: "person"}
	_, err := h.Core.Terms.SetEnd(t.Context(), by, ada.ID, &end)
	h.Must(err)
	h.shows("/admin/people/"+string(ada.ID), "Access ends", "2099", "as ann has said")
	_, err = h.Core.Terms.Block(t.Context(), by, ada.ID, "lost laptop")
	h.Must(err)
	h.shows("/admin/people/"+string(ada.ID), "Kept out by ann", "lost laptop")
}

var field = regexp.MustCompile(`<input name="([a-z_]+)"[^>]* value="([^"]*)"`)

// TestADraftKeepsWhatItDoesNotTouch: a draft that is sent as it was shown changes
// nothing, whatever the rules say.
func TestADraftKeepsWhatItDoesNotTouch(t *testing.T) {
	h := newHouse(t)
	h.Group("Support")
	end := time.Date(2099, 2, 1, 0, 0, 0, 0, time.UTC)
	_, err := h.Core.Settings.AddRuleUnchecked(t.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Group: "Support", Role: provision.RoleAgent,
		Teams: []string{"Sales, EMEA", "A"}, Mailboxes: []string{"M"}, DeskRoles: []string{"Tier 1 lead"}, Until: &end})
	h.Must(err)
	h.shows("/admin/changes", "agent with Tier 1 lead", "2099-01-31")
	form := url.Values{"connection": {"acme"}, "role": {"agent"}}
	for _, m := range field.FindAllStringSubmatch(h.see("/admin/changes/support"), -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	if w := h.ask(http.MethodPost, "/admin/changes/support/plan", form); !strings.Contains(w.Body.String(), "It would change nothing.") {
		t.Errorf("a draft as it was shown: %d %s", w.Code, w.Body)
	}
}

// TestTheFirstAdmin is made by the link, once, and can sign in.
func TestTheFirstAdmin(t *testing.T) {
	h := newHouse(t)
	h.owner = false
	c := console.CoreOf(h.Core)
	link, err := console.FirstAdminLink(t.Context(), c, publicURL)
	h.Must(err)
	other, err := console.FirstAdminLink(t.Context(), c, publicURL)
	h.Must(err)
	secretOf := func(link string) string {
		_, secret, _ := strings.Cut(link, "link=")
		return secret
	}
	form := url.Values{"link": {secretOf(link)}, "name": {"safe"}, "password": {"a long enough password"}, "again": {"another"}}
	post := func(form url.Values) (int, string) {
		t.Helper()
		w := h.ask(http.MethodPost, "/admin/first", form)
		return w.Code, w.Body.String()
	}
	if code, page := post(form); code != http.StatusUnprocessableEntity || !strings.Contains(page, "differ") {
		t.Errorf("two passwords: %d", code)
	}
	form.Set("again", "a long enough password")
	form.Set("link", "guess")
	if code, _ := post(form); code != http.StatusNotFound {
		t.Errorf("a link that is none: %d", code)
	}
	form.Set("link", secretOf(link))
	code, page := post(form)
	secret := regexp.MustCompile(`secret <code>([A-Z2-7]+)</code>`).FindStringSubmatch(page)
	if code != http.StatusOK || secret == nil {
		t.Fatalf("the first admin: %d %s", code, page)
	}
	otp, err := totp.GenerateCode(secret[1], h.Now())
	h.Must(err)
	if _, err := h.Core.BreakGlass.SignIn(t.Context(), provisiontest.ByTest, "safe", "a long enough password", otp); err != nil {
		t.Errorf("they cannot sign in: %v", err)
	}
	if code, _ := post(form); code != http.StatusNotFound {
		t.Errorf("the link a second time: %d", code)
	}
	form.Set("link", secretOf(other))
	form.Set("name", "second")
	if code, _ := post(form); code != http.StatusForbidden {
		t.Errorf("another link, when there is an admin: %d", code)
	}
	if again, err := console.FirstAdminLink(t.Context(), c, publicURL); again != "" || err != nil {
		t.Errorf("a link although there is an admin: %s, %v", again, err)
	}
}

// TestConnectionsAndDesksAreAdded by forms: with what was typed, by whom, and with a
// fresh sign-in where a secret is made.
func TestConnectionsAndDesksAreAdded(t *testing.T) {
	h := newHouse(t)
	form := url.Values{"name": {"beta"}, "idp": {"entra"}, "domains": {" beta.example \n\nb.example"}}
	h.since = time.Hour
	if w := h.ask(http.MethodPost, "/admin/connections", form); w.Code != http.StatusForbidden {
		t.Errorf("with a sign-in of an hour ago: %d", w.Code)
	}
	h.since = 0
	w := h.ask(http.MethodPost, "/admin/connections", form)
	secret := regexp.MustCompile(`dbr_[A-Za-z0-9_-]+`).FindString(w.Body.String())
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "/scim/beta/v2") || secret == "" {
		t.Fatalf("a connection: %d %s", w.Code, w.Body)
	}
	conn, _, err := h.Core.Tokens.Authenticate(t.Context(), "beta", secret)
	if err != nil || conn.IdP != provision.IdPEntra || !slices.Equal(conn.Domains, []string{"b.example", "beta.example"}) {
		t.Errorf("the connection is %+v, %v", conn, err)
	}
	if e := h.latest(audit.ConnectionCreated); e.Cause.Actor != "break-glass:safe" {
		t.Errorf("added by %+v", e.Cause)
	}
	for _, bad := range []url.Values{{"name": {"beta"}, "idp": {"okta"}}, {"name": {"A B"}, "idp": {"okta"}}, {"name": {"c"}, "idp": {"nobody"}}} {
		if w := h.ask(http.MethodPost, "/admin/connections", bad); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusConflict {
			t.Errorf("%v: %d", bad, w.Code)
		}
	}
	if to := h.press("/admin/desks", url.Values{"name": {"line-2"}, "kind": {"builtin"}, "seats": {"12"}, "settings": {"teams = Tier 1, Tier 2\r\nmailboxes=Help=yes"}}); !strings.HasPrefix(to, "/admin/desks/line-2?done=added") {
		t.Errorf("a desk: %s", to)
	}
	d, err := h.Core.Settings.Desk(t.Context(), "line-2")
	h.Must(err)
	if d.Seats != 12 || d.Settings["teams"] != "Tier 1, Tier 2" || d.Settings["mailboxes"] != "Help=yes" {
		t.Errorf("the desk is %+v", d)
	}
	for _, bad := range []url.Values{{"name": {"x"}, "kind": {"builtin"}, "seats": {"many"}}, {"name": {"x"}, "kind": {"builtin"}, "settings": {"teams"}}, {"name": {""}, "kind": {"builtin"}}} {
		if w := h.ask(http.MethodPost, "/admin/desks", bad); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", bad, w.Code)
		}
	}
}

// TestSomebodyElsesIT sets a connection up by a link: sees no name of anybody, makes
// one token, and nothing more; and nobody but the first browser has the link.
func TestSomebodyElsesIT(t *testing.T) {
	h := newHouse(t)
	h.fill()
	h.since = time.Hour
	if w := h.ask(http.MethodPost, "/admin/connections/acme/links", url.Values{"life": {"24h"}}); w.Code != http.StatusForbidden {
		t.Errorf("with a sign-in of an hour ago: %d", w.Code)
	}
	h.since = 0
	w := h.ask(http.MethodPost, "/admin/connections/acme/links", url.Values{"life": {"24h"}})
	found := regexp.MustCompile(`/admin/setup/acme\?link=([A-Za-z0-9_-]{40,})`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || found == nil {
		t.Fatalf("a link: %d %s", w.Code, w.Body)
	}
	h.owner = false // from here on by the link alone
	for _, path := range []string{"/admin/setup/acme", "/admin/setup/acme?link=guess", "/admin/setup/other?link=" + found[1]} {
		if w := h.ask(http.MethodGet, path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	checkPage(t, h, "a link", http.MethodGet, found[0], http.StatusOK)
	if w := h.ask(http.MethodPost, "/admin/setup/acme/token", nil); w.Code != http.StatusNotFound {
		t.Errorf("a token before the link is opened: %d", w.Code)
	}
	form := url.Values{"link": {found[1]}}
	w = h.ask(http.MethodPost, "/admin/setup/acme", form)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin/setup/acme" || len(cookies) != 1 || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].Path != "/admin/setup/acme" {
		t.Fatalf("opened: %d %v", w.Code, w.Header())
	}
	if w := h.ask(http.MethodPost, "/admin/setup/acme", form); w.Code != http.StatusNotFound {
		t.Errorf("opened twice: %d", w.Code)
	}
	h.cookie = cookies[0]
	checkPage(t, h, "by the link", http.MethodGet, "/admin/setup/acme", http.StatusOK)
	page := h.see("/admin/setup/acme")
	for _, want := range []string{publicURL + "/scim/acme/v2", "Make the token, once", "A request of the identity provider", "Applications"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	shown, _, _ := strings.Cut(page, "What to click at") // after that are examples
	for _, name := range []string{"Ada", "Eva", "@", "zed", "Support"} {
		if strings.Contains(shown, name) {
			t.Errorf("the page has %q", name)
		}
	}
	w = h.ask(http.MethodPost, "/admin/setup/acme/token", nil)
	if secret := regexp.MustCompile(`dbr_[A-Za-z0-9_-]{20,}`).FindString(w.Body.String()); w.Code != http.StatusOK || secret == "" {
		t.Errorf("the token: %d %s", w.Code, w.Body)
	}
	if w := h.ask(http.MethodPost, "/admin/setup/acme/token", nil); w.Code != http.StatusConflict {
		t.Errorf("a second token: %d", w.Code)
	}
	if page := h.see("/admin/setup/acme"); strings.Contains(page, "Make the token") || regexp.MustCompile(`dbr_[A-Za-z0-9_-]{20,}`).MatchString(page) {
		t.Error("a token is offered twice")
	}
	for _, path := range []string{"/admin/", "/admin/people", "/admin/connections/acme", "/admin/events"} {
		if w := h.ask(http.MethodGet, path, nil); w.Code != http.StatusUnauthorized {
			t.Errorf("%s by a link: %d", path, w.Code)
		}
	}
	h.owner = true
	revoke := regexp.MustCompile(`/admin/connections/acme/links/[0-9a-f-]+/revoke`).FindString(h.see("/admin/connections/acme"))
	if to := h.press(revoke, nil); !strings.Contains(to, "done=unlinked") {
		t.Errorf("revoked: %s", to)
	}
	h.owner = false
	if w := h.ask(http.MethodGet, "/admin/setup/acme", nil); w.Code != http.StatusNotFound {
		t.Errorf("revoked: %d", w.Code)
	}
}

// TestADeskIsSweptByAButton: it is due then, unless it is never swept.
func TestADeskIsSweptByAButton(t *testing.T) {
	h := newHouse(t)
	_, err := h.Core.DeskHealth.DueSweeps(t.Context(), time.Hour)
	h.Must(err)
	if to := h.press("/admin/desks/support/sweep", nil); !strings.Contains(to, "done=swept") {
		t.Errorf("swept: %s", to)
	}
	if due, err := h.Core.DeskHealth.DueSweeps(t.Context(), time.Hour); err != nil || len(due) != 1 || due[0].ID != h.Desk.ID {
		t.Errorf("due are %v, %v", due, err)
	}
	_, err = h.Core.Settings.AddDesk(t.Context(), provisiontest.ByTest, provision.Desk{Name: "still", Kind: "builtin", Drift: provision.DriftOff})
	h.Must(err)
	if w := h.ask(http.MethodPost, "/admin/desks/still/sweep", nil); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "drift: off") {
		t.Errorf("a desk that is never swept: %d", w.Code)
	}
}

var seenField = regexp.MustCompile(`action="([^"]+)"><input type="hidden" name="seen" value="([^"]+)">`)

// TestAFormIsAboutWhatWasSeen: of two admins who decide about the same at once, one
// does, and the other is told that it has changed, and nothing more is done.
func TestAFormIsAboutWhatWasSeen(t *testing.T) {
	h := newHouse(t)
	c := h.fill()
	h.ask(http.MethodPost, "/admin/connections/acme/tokens", url.Values{"name": {"okta-2027"}})
	for _, path := range []string{"/admin/holds", "/admin/people/" + string(c.bo.ID), "/admin/connections/acme"} {
		forms := seenField.FindAllStringSubmatch(h.see(path), -1)
		if len(forms) < 2 {
			t.Fatalf("%s: forms %q", path, forms)
		}
		for _, f := range forms {
			if w := h.ask(http.MethodPost, f[1], url.Values{"name": {"acme"}, "seen": {"other"}}); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "changed since you saw it") {
				t.Errorf("%s about something else: %d %s", f[1], w.Code, w.Body)
			}
		}
	}
	page := h.see("/admin/holds")
	of := func(action string) url.Values {
		t.Helper()
		for _, f := range seenField.FindAllStringSubmatch(page, -1) {
			if f[1] == action {
				return url.Values{"name": {"acme"}, "seen": {f[2]}}
			}
		}
		t.Fatalf("no form %s", action)
		return nil
	}
	bo := "/admin/people/" + string(c.bo.ID)
	h.press(bo+"/reject", of(bo+"/reject"))
	for _, late := range []string{bo + "/release", "/admin/holds/acme/release", "/admin/holds/acme/reject"} {
		if w := h.ask(http.MethodPost, late, of(late)); w.Code != http.StatusConflict {
			t.Errorf("%s after another has decided: %d", late, w.Code)
		}
	}
	page = h.see("/admin/holds")
	h.press("/admin/holds/acme/release", of("/admin/holds/acme/release"))
}

// TestLinksAreNotGuessedNorScanned: whoever tries links is slowed down, wherever one
// would lead; and what follows links in mail, to look for harm, uses none up.
func TestLinksAreNotGuessedNorScanned(t *testing.T) {
	h := newHouse(t)
	w := h.ask(http.MethodPost, "/admin/connections/acme/links", url.Values{"life": {"24h"}})
	link := regexp.MustCompile(`/admin/setup/acme\?link=([A-Za-z0-9_-]{40,})`).FindStringSubmatch(w.Body.String())
	if link == nil {
		t.Fatalf("a link: %d %s", w.Code, w.Body)
	}
	h.owner = false
	for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet, http.MethodHead} {
		if w := h.ask(method, link[0], nil); w.Code != http.StatusOK || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s by a scanner: %d %v", method, w.Code, w.Header())
		}
	}
	if w := h.ask(http.MethodPost, link[0], url.Values{}); w.Code != http.StatusNotFound { // the secret is in the form alone
		t.Errorf("POST to the address: %d", w.Code)
	}
	codes := make(map[int]int)
	for i := range 20 {
		guess := []string{"/admin/setup/acme?link=guess", "/admin/setup/none?link=guess", "/admin/first?link=guess"}[i%3]
		w := h.ask(http.MethodGet, guess, nil)
		if codes[w.Code]++; w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("nobody is told when to come again")
		}
		if w := h.ask(http.MethodPost, "/admin/setup/acme", url.Values{"link": {"guess"}}); w.Code != http.StatusNotFound && w.Code != http.StatusTooManyRequests {
			t.Errorf("a guess: %d", w.Code)
		}
	}
	if codes[http.StatusTooManyRequests] < 10 || codes[http.StatusNotFound] == 0 || len(codes) != 2 {
		t.Errorf("guesses: %v", codes)
	}
	if w := h.ask(http.MethodPost, "/admin/setup/acme", url.Values{"link": {link[1]}}); w.Code != http.StatusSeeOther { // whoever has it is not kept out by that
		t.Errorf("opened by whoever has it: %d %s", w.Code, w.Body)
	}
}

// TestADeskIsPaused by a button, until a day, with the leavers named; of two who press
// at once one does.
func TestADeskIsPaused(t *testing.T) {
	h := newHouse(t)
	c := h.fill()
	seenOf := func(action string) string {
		t.Helper()
		for _, f := range seenField.FindAllStringSubmatch(h.see("/admin/desks/support"), -1) {
			if f[1] == action {
				return f[2]
			}
		}
		t.Fatalf("no form %s", action)
		return ""
	}
	until := h.Now().Add(48 * time.Hour).Format(time.DateOnly)
	pause, resume := "/admin/desks/support/pause", "/admin/desks/support/resume"
	form := url.Values{"until": {until}, "reason": {"moves " + hostile}, "seen": {seenOf(pause)}}
	if to := h.press(pause, form); !strings.Contains(to, "done=paused") {
		t.Errorf("paused: %s", to)
	}
	if w := h.ask(http.MethodPost, pause, form); w.Code != http.StatusConflict {
		t.Errorf("paused by another meanwhile: %d", w.Code)
	}
	h.SetStatus(c.ada.ID, provision.StatusSuspended)
	h.shows("/admin/desks/support", "Paused by break-glass:safe", "moves &#34;", "still in", "Ada ", "/resume")
	h.shows("/admin/desks", "paused by break-glass:safe", "still in")
	h.shows("/admin/", "paused by an admin until")
	if page := h.see("/admin/desks/support"); strings.Contains(page, "<script>alert") || strings.Contains(page, `action="`+pause) {
		t.Error("the reason is no text, or it can be paused twice")
	}
	if to := h.press(resume, url.Values{"seen": {seenOf(resume)}}); !strings.Contains(to, "done=resumed") {
		t.Errorf("resumed: %s", to)
	}
	h.shows("/admin/desks/support", "Pause until the end of")
	for _, mistake := range []url.Values{{"reason": {"r"}}, {"until": {until}}, {"until": {"2020-01-01"}, "reason": {"r"}}} {
		if w := h.ask(http.MethodPost, pause, mistake); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", mistake, w.Code)
		}
	}
}

// TestActorsHaveNames: pages call an admin who signed in by name, as text.
func TestActorsHaveNames(t *testing.T) {
	h := newHouse(t)
	c := h.fill()
	by := provision.Cause{Actor: "person:" + string(c.bo.ID), Action: "test"}
	_, err := h.Core.DeskHealth.PauseDesk(h.Context(), by, h.Desk.ID, h.Now().Add(24*time.Hour), "moves")
	h.Must(err)
	_, err = h.Core.Terms.Block(h.Context(), by, c.ada.ID, "asked person:"+string(c.ada.ID))
	h.Must(err)
	name := html.EscapeString("Bo " + hostile)
	h.shows("/admin/desks/support", "Paused by "+name+", until")
	h.shows("/admin/desks", "paused by "+name+" until")
	h.shows("/admin/people/"+string(c.ada.ID), "Kept out by "+name+" since")
	for _, path := range []string{"/admin/desks/support", "/admin/people/" + string(c.ada.ID)} {
		page := h.see(path)
		if strings.Contains(page, ">Paused by person:") || strings.Contains(page, "out by person:") || strings.Contains(page, "<script>alert") {
			t.Errorf("%s calls somebody by id, or a name is no text:\n%s", path, page)
		}
		checkPage(t, h, path, http.MethodGet, path, http.StatusOK)
	}
}

// TestWhoseADeskUserIs: where it is asked whether a desk user is somebody's, both buttons
// say what they answer, and neither is called a sync; of a leaver, too.
func TestWhoseADeskUserIs(t *testing.T) {
	for _, code := range []provision.ReasonCode{provision.ReasonAdoption, provision.ReasonResidual} {
		h := newHouse(t)
		h.ByRoles()
		ada := h.Person("ada", "agent")
		h.ReconcileAll()
		doubted := func() provision.Account {
			a := h.Account(ada.ID)
			a.State, a.ReasonCode, a.Reason, a.Evidence = provision.AccountNeedsAttention, code, "somebody else", provision.Evidence{User: a.DeskUser, Doubted: true}
			h.Must(h.Store.SaveAccounts(h.Context(), []provision.Account{a}))
			return a
		}
		a := doubted()
		for page, labels := range map[string][]string{
			"/admin/people/" + string(ada.ID): {">The desk user is theirs<", ">The desk user is not theirs<"},
			"/admin/desks/support":            {">It is theirs<", ">It is not theirs<"},
		} {
			h.shows(page, labels...)
			if strings.Contains(h.see(page), "Sync now") {
				t.Errorf("%s: %s has a button whose word is not what it does", code, page)
			}
		}
		h.press("/admin/accounts/"+string(a.ID)+"/adopt", nil)
		if now := h.Account(ada.ID); now.DeskUser != a.DeskUser || !now.Evidence.Agreed || now.Evidence.Doubted {
			t.Errorf("%s, theirs: %+v", code, now.Evidence)
		}
		a = doubted()
		h.press("/admin/accounts/"+string(a.ID)+"/retry", nil)
		if now := h.Account(ada.ID); now.DeskUser != "" || now.Evidence != (provision.Evidence{}) {
			t.Errorf("%s, not theirs: %s %+v", code, now.DeskUser, now.Evidence)
		}
	}
}
