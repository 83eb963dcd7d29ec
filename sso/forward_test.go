package sso_test

import (
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// confirmAccess tells the core that a desk has confirmed the desired access of a person.
func (h *harness) confirmAccess(person provision.IdentityID) {
	h.Helper()
	accounts, err := h.core.Entitlement.AccountsOf(h.Context(), person)
	h.must(err)
	for _, a := range accounts {
		v, err := h.core.Reconcile.Begin(h.Context(), a.Account.ID)
		h.must(err)
		h.must(v.Claim(h.Context(), "desk-user-1", provision.OriginMade))
		have := provision.DeskUser{ID: "desk-user-1", Email: v.Account.Profile.Email, Active: true, Role: v.Account.Desired.Role, Teams: v.Account.Desired.Teams, Mailboxes: v.Account.Desired.Mailboxes}
		h.must(v.Confirm(h.Context(), &have))
	}
}

func TestForwardAuth(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New("https://idp.example.test/metadata")
		h.trusts(idp, nil)
		desk, err := h.core.Settings.AddDesk(t.Context(), byTest, provision.Desk{Name: "support", Kind: builtin.Kind, Settings: map[string]string{builtin.SettingTeams: "A"}})
		h.must(err)
		_, err = h.core.Settings.AddRuleUnchecked(t.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: desk.ID, Group: "Everybody", Role: provision.RoleAgent, Teams: []string{"A"}})
		h.must(err)
		identity := provision.Identity{UserName: idp.Person, Status: provision.StatusActive, Document: []byte(`{"userName":"x"}`),
			Profile: provision.Profile{DisplayName: "Zoë\r\nX", Email: idp.Person}}
		person, _, err := h.core.Directory.CreateIdentity(t.Context(), h.conn.ID, byTest, identity)
		h.must(err)
		inner, err := h.core.Directory.CreateGroup(t.Context(), h.conn.ID, byTest, provision.Group{DisplayName: "Support, 1st"}, []provision.MemberID{provision.MemberID(person.ID)})
		h.must(err)
		_, err = h.core.Directory.CreateGroup(t.Context(), h.conn.ID, byTest, provision.Group{DisplayName: "Everybody"}, []provision.MemberID{provision.MemberID(inner.ID)})
		h.must(err)
		h.must(h.core.Entitlement.EvaluateDirty(t.Context(), h.conn.ID))

		b := h.browser()
		if p := b.get("/sso/forward-auth"); p.status != http.StatusUnauthorized || p.header.Get("Remote-User") != "" {
			h.Errorf("nobody signed in: %d %v", p.status, p.header)
		}
		b.signInSAML(idp, "/")
		if p := b.get("/sso/forward-auth?desk=support"); p.status != http.StatusForbidden {
			h.Errorf("before the desk has confirmed: %d", p.status)
		}
		h.confirmAccess(person.ID)
		p := b.get("/sso/forward-auth?desk=support")
		want := map[string]string{"Remote-User": idp.Person, "Remote-Email": idp.Person, "Remote-Name": "ZoëX",
			"Remote-Groups": "Everybody,Support%2C 1st", "Remote-Role": "agent", "Remote-Teams": "A", "Remote-Connection": "acme"}
		if p.status != http.StatusOK {
			h.Errorf("forward-auth: %d %s", p.status, h.log)
		}
		for name, value := range want {
			if got := p.header.Get(name); got != value {
				h.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		// SCIM has given them other addresses since, which the desk has not confirmed.
		for _, address := range []string{"ceo@corp.example.test", "bo@corp.example.test"} {
			_, err = h.core.Directory.UpdatePerson(t.Context(), h.conn.ID, person.ID, byTest, func(i *provision.Identity) error { i.Profile.Email = address; return nil })
			h.must(err)
			p := b.get("/sso/forward-auth?desk=support")
			if p.status != http.StatusOK || p.header.Get("Remote-User") != idp.Person || p.header.Get("Remote-Email") != idp.Person {
				h.Errorf("with the address %s: %d %v", address, p.status, p.header)
			}
		}
		h.confirmAccess(person.ID)
		if p := b.get("/sso/forward-auth?desk=support"); p.header.Get("Remote-User") != "bo@corp.example.test" || p.header.Get("Remote-Email") != "bo@corp.example.test" {
			h.Errorf("once it is confirmed: %v", p.header)
		}
		if p := b.get("/sso/forward-auth?desk=other"); p.status != http.StatusForbidden {
			h.Errorf("a desk that is not there: %d", p.status)
		}
		if p := b.get("/sso/forward-auth"); p.status != http.StatusOK || p.header.Get("Remote-Role") != "" {
			h.Errorf("no desk: %d %v", p.status, p.header)
		}
	})
}
