package sso_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestAttacks plays every attack on signing in that is known to us over HTTP,
// and everything unusual that must work all the same. docs/security/sign-in.md
// is written from it.
func TestAttacks(t *testing.T) {
	t.Parallel()
	l := &ledger{rows: make(map[string]row)}
	t.Cleanup(func() { l.finish(t) })
	for _, group := range []struct {
		name string
		play func(t *testing.T, l *ledger)
	}{
		{"saml-answers", samlAnswers},
		{"saml-flow", samlFlows},
		{"saml-logout", samlLogouts},
		{"saml-accounts", samlAccounts},
		{"saml-metadata", samlMetadata},
		{"oidc-answers", oidcAnswers},
		{"oidc-flow", oidcFlows},
		{"oidc-logout", oidcLogouts},
		{"oidc-accounts", oidcAccounts},
		{"oidc-issuers", oidcIssuers},
		{"sessions", sessionAttacks},
		{"tickets", ticketAttacks},
		{"oversized", oversized},
	} {
		t.Run(group.name, func(t *testing.T) {
			if strings.HasPrefix(group.name, "saml-") {
				t.Parallel() // the providers of oidctest share their keys in turn
			}
			group.play(t, l)
		})
	}
}

// onEach runs play on both databases: for what rests on what the database does
// with two at once, or with odd text.
func onEach(t *testing.T, play func(h *harness, t *testing.T)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { play(newHarness(t, s), t) })
}

// administrator makes whoever an attacker would like to be: pushed by SCIM, and
// an administrator of a desk.
func (h *harness) administrator(address string) provision.Identity {
	h.Helper()
	desk := h.desk()
	for _, r := range []provision.Rule{
		{Connection: h.conn.ID, Desk: desk.ID, Attribute: "roles", Equals: "desk-admin", Role: provision.RoleAdmin},
		{Connection: h.conn.ID, Desk: desk.ID, Group: "Desk admins", Role: provision.RoleAdmin},
	} {
		_, err := h.core.Settings.AddRuleUnchecked(h.Context(), byTest, r)
		h.must(err)
	}
	if address == "" {
		return provision.Identity{}
	}
	victim, _, err := h.core.Directory.CreateIdentity(h.Context(), h.conn.ID, byTest, pushed(address, "desk-admin"))
	h.must(err)
	h.isAdministrator(victim.ID)
	return victim
}

func (h *harness) desk() provision.Desk {
	h.Helper()
	desk, err := h.core.Settings.AddDesk(h.Context(), byTest, provision.Desk{Name: "support", Kind: builtin.Kind})
	h.must(err)
	return desk
}

// pushed is somebody as SCIM describes them.
func pushed(address string, roles ...string) provision.Identity {
	id := provision.Identity{UserName: address, ExternalID: "external-" + address, Status: provision.StatusActive, Document: []byte(`{"userName":"` + address + `"}`),
		Profile: provision.Profile{DisplayName: "Pushed Person", Email: address}, Emails: []provision.Email{{Value: address, Primary: true}}}
	if len(roles) > 0 {
		id.Attributes = provision.Attributes{"roles": roles}
	}
	return id
}

func (h *harness) isAdministrator(id provision.IdentityID) {
	h.Helper()
	accounts, err := h.core.Entitlement.AccountsOf(h.Context(), id)
	h.must(err)
	if len(accounts) != 1 || accounts[0].Account.Desired.Role != provision.RoleAdmin {
		h.Fatalf("the victim is no administrator: %+v", accounts)
	}
}

// record is all that there is of a person.
type record struct {
	Person   provision.Identity
	Logins   []provision.LoginKey
	Sessions []provision.SessionID
	Accounts []entitlement.DeskAccount
}

// record returns what there is of the person with a userName; nothing when
// there is nobody.
func (h *harness) record(userName string) (r record) {
	h.Helper()
	people, err := h.core.Directory.FindPeople(h.Context(), userName)
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.NotFound {
		return r
	}
	h.must(err)
	for _, p := range people {
		if p.Connection == h.conn.ID && strings.EqualFold(p.UserName, userName) {
			r.Person = p
		}
	}
	if r.Person.ID == "" {
		return r
	}
	r.Logins, err = h.store.LoginsOf(h.Context(), r.Person.ID)
	h.must(err)
	sessions, err := h.core.Sessions.Sessions(h.Context(), provision.SessionFilter{Identity: r.Person.ID}, 0)
	h.must(err)
	for _, s := range sessions {
		r.Sessions = append(r.Sessions, s.ID)
	}
	r.Accounts, err = h.core.Entitlement.AccountsOf(h.Context(), r.Person.ID)
	h.must(err)
	return r
}

// unharmed fails the test unless the person is as before.
func (h *harness) unharmed(before record) {
	h.Helper()
	if diff := cmp.Diff(before, h.record(before.Person.UserName)); diff != "" {
		h.Errorf("the victim (-before +after):\n%s", diff)
	}
}

var referenceIn = regexp.MustCompile(`Reference: <code>([^<]+)</code>`)

// refused fails the test unless p is a page that refuses for this reason, and
// nobody is signed in in b.
func (b *browser) refused(p page, reason string) {
	b.Helper()
	b.refusedPage(p, reason)
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		if strings.HasSuffix(c.Name, "deskbridge_session") && c.Value != "" {
			b.Error("a refused sign-in sets a session cookie")
		}
	}
	if who := b.who(); who != "" {
		b.Errorf("%s is signed in", who)
	}
}

// unwelcome is what no page may hold: what attackers send, and what is inside
// of us.
var unwelcome = []string{"<script", "alert(", "onerror", "evil", "saml:", "samlp:", "xmlns", "goroutine", "panic", "runtime error", "admin@", "vera@", "mallory", "eyJ", ".go:"}

// refusedPage is refused for a browser in which somebody may be signed in.
func (b *browser) refusedPage(p page, reason string) {
	b.Helper()
	if p.status < 400 || p.status > 499 || !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
		b.Fatalf("answered with %d and %s to %q, want a page that refuses:\n%s\n%s", p.status, p.header.Get("Content-Type"), p.location, p.body, tail(b.log))
	}
	if p.header.Get("Cache-Control") != "no-store" {
		b.Errorf("the page may be kept: %s", p.header.Get("Cache-Control"))
	}
	for _, text := range unwelcome {
		if strings.Contains(p.body, text) {
			b.Errorf("%q is on the page:\n%s", text, p.body)
		}
	}
	reference := referenceIn.FindStringSubmatch(p.body)
	if reference == nil {
		b.Fatalf("no reference on the page:\n%s", p.body)
	}
	lines := b.log.of(reference[1])
	if !slices.ContainsFunc(lines, func(line map[string]any) bool { return line["reason"] == reason && line["detail"] != "" }) {
		b.Errorf("the log says of the reference %v, want the reason %q", lines, reason)
	}
	text, err := json.Marshal(lines)
	b.must(err)
	for _, secret := range []string{"mallory@", "admin@", "vera@", "eyJ", "alert(", "samlp:"} {
		if strings.Contains(string(text), secret) {
			b.Errorf("%q is in the log: %s", secret, text)
		}
	}
}

// signedIn fails the test unless this person is signed in in b.
func (b *browser) signedIn(p page, userName string) {
	b.Helper()
	if p.status >= 500 || b.who() != userName {
		b.Fatalf("answered with %d; %q is signed in, want %q:\n%s\n%s", p.status, b.who(), userName, p.body, tail(b.log))
	}
}

// tail is the end of a log.
func tail(j *journal) string {
	text := j.String()
	return text[max(0, len(text)-1500):]
}
