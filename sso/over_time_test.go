package sso_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

const (
	oldAddress = "a.lee@corp.example.test"
	newAddress = "a.lee-smith@corp.example.test"
	objectA    = "11111111-aaaa-4aaa-8aaa-111111111111"
	objectB    = "22222222-bbbb-4bbb-8bbb-222222222222"
)

// push has SCIM describe somebody new.
func (h *harness) push(address, externalID string) provision.Identity {
	h.Helper()
	id := pushed(address)
	id.ExternalID = externalID
	made, _, err := h.core.Directory.CreateIdentity(h.Context(), h.conn.ID, byTest, id)
	h.must(err)
	return made
}

// rename has SCIM give somebody another userName and address.
func (h *harness) rename(id provision.IdentityID, to string) {
	h.Helper()
	_, err := h.core.Directory.UpdatePerson(h.Context(), h.conn.ID, id, byTest, func(id *provision.Identity) error {
		was := *id
		*id = pushed(to)
		id.ID, id.ExternalID, id.Source = was.ID, was.ExternalID, provision.SourceSCIM
		return nil
	})
	h.must(err)
}

// isPerson fails the test unless b is signed in as that person, and a desk
// behind a proxy is told so.
func (b *browser) isPerson(want provision.Identity, userName string) {
	b.Helper()
	if who := b.who(); who != userName {
		b.Fatalf("%q is signed in, want %q:\n%s", who, userName, tail(b.log))
	}
	if p := b.get("/sso/forward-auth"); p.status != http.StatusOK || p.header.Get("Remote-User") != userName {
		b.Errorf("a desk behind the proxy is told %d %q, want %q", p.status, p.header.Get("Remote-User"), userName)
	}
	if b.record(userName).Person.ID != want.ID {
		b.Errorf("%s is %s, want %s", userName, b.record(userName).Person.ID, want.ID)
	}
}

// withObject adds the object id that Entra ID sends.
func withObject(id string) func(*etree.Element) {
	return func(a *etree.Element) {
		addAttribute(a, "http://schemas.microsoft.com/identity/claims/objectidentifier", id)
	}
}

func addAttribute(a *etree.Element, name, value string) {
	attribute := a.FindElement(".//AttributeStatement").CreateElement("saml:Attribute")
	attribute.CreateAttr("Name", name)
	attribute.CreateElement("saml:AttributeValue").SetText(value)
}

// persistent gives the assertion a NameID that says nothing.
func persistent(name string) func(*etree.Element) {
	return qualified(name, "", "")
}

func both(changes ...func(*etree.Element)) func(*etree.Element) {
	return func(a *etree.Element) {
		for _, change := range changes {
			change(a)
		}
	}
}

// arrives signs somebody in by SAML, in a new browser.
func (h *harness) arrives(idp *samltest.IdP, name string, change func(*etree.Element)) (*browser, page) {
	h.Helper()
	if change == nil {
		change = func(*etree.Element) {}
	}
	v := h.browser().begins("acme")
	p := v.answeredWith(v.changed(idp, name, change))
	return v.browser, p
}

// TestReassignedName renames somebody over SCIM, and gives their old name to
// somebody else: who comes by it is the new one, and never the one of before.
func TestReassignedName(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		a := h.push(oldAddress, objectA)
		first, _ := h.arrives(idp, oldAddress, nil)
		first.isPerson(a, oldAddress)

		h.rename(a.ID, newAddress)
		if who := first.who(); who != "" {
			t.Errorf("the session that came of the old name goes on as %s", who)
		}
		b := h.push(oldAddress, objectB)
		second, _ := h.arrives(idp, oldAddress, nil)
		second.isPerson(b, oldAddress)
		third, _ := h.arrives(idp, newAddress, nil)
		third.isPerson(a, newAddress)
		second.isPerson(b, oldAddress)
	})
}

// TestReassignedNameBeforeSCIMTells has the identity provider give an old name to
// somebody else before SCIM has told of anything: whoever brings another
// externalId is not the person of that name.
func TestReassignedNameBeforeSCIMTells(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		_, err := h.store.DB().ExecContext(t.Context(), `UPDATE connections SET idp = 'entra' WHERE id = '`+string(h.conn.ID)+`'`)
		h.must(err)
		a := h.push(oldAddress, objectA)
		for range 2 { // who has never signed in, and who has
			thief, p := h.arrives(idp, oldAddress, withObject(objectB))
			thief.refused(p, provision.RefusedTaken)
			first, _ := h.arrives(idp, oldAddress, withObject(objectA))
			first.isPerson(a, oldAddress)
		}
		b := h.push("b.lee@corp.example.test", objectB)
		second, _ := h.arrives(idp, oldAddress, withObject(objectB))
		second.isPerson(b, "b.lee@corp.example.test")
		third, _ := h.arrives(idp, newAddress, withObject(objectA))
		third.isPerson(a, oldAddress)
		second.isPerson(b, "b.lee@corp.example.test")
	})
}

// TestReassignedNameOfOddIDs is the same where externalIds are no UUIDs: the
// login that was found by one is known to bring one.
func TestReassignedNameOfOddIDs(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, func(s *protocol.SAML) { s.Claims = protocol.Claims{protocol.ClaimExternalID: "uid"} })
		uid := func(n string) func(*etree.Element) {
			return func(a *etree.Element) { addAttribute(a, "uid", n) }
		}
		a := h.push(oldAddress, "1001")
		first, _ := h.arrives(idp, oldAddress, uid("1001"))
		first.isPerson(a, oldAddress)
		thief, p := h.arrives(idp, oldAddress, uid("1002"))
		thief.refused(p, provision.RefusedTaken)
		first.isPerson(a, oldAddress)
	})
}

// TestSignInBeforeSCIM has somebody sign in under an address that is not theirs,
// whom SCIM then pushes: the account is that of the pushed person, and neither
// session nor login of before is.
func TestSignInBeforeSCIM(t *testing.T) {
	each(t, func(h *harness) {
		const hire, typo = "new.hire@corp.example.test", "mallory@corp.example.test"
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		first, _ := h.arrives(idp, hire, both(persistent("pid-mallory"), setMail(hire)))
		if who := first.who(); who != hire {
			t.Fatalf("%q is signed in", who)
		}
		id := h.push(hire, objectA)
		if who := first.who(); who != "" {
			t.Errorf("the session of before goes on as %s", who)
		}
		if logins := h.record(hire).Logins; len(logins) > 0 {
			t.Errorf("the logins of before are still there: %+v", logins)
		}
		again, p := h.arrives(idp, typo, both(persistent("pid-mallory"), setMail(typo)))
		again.signedIn(p, typo)
		h.matchesAddresses()
		theirs, _ := h.arrives(idp, hire, both(persistent("pid-hire"), setMail(hire)))
		theirs.isPerson(id, hire)
		again.signedIn(p, typo)
	})
}

// TestSignInBeforeSCIMWithExternalID is the same of somebody whose externalId the
// identity provider gave at the sign-in: they stay signed in.
func TestSignInBeforeSCIMWithExternalID(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, func(s *protocol.SAML) { s.Claims = protocol.Claims{protocol.ClaimExternalID: "uid"} })
		first, _ := h.arrives(idp, oldAddress, func(a *etree.Element) { addAttribute(a, "uid", "1001") })
		id := h.push(oldAddress, "1001")
		first.isPerson(id, oldAddress)
	})
}

// matchesAddresses lets an address find whom SCIM has pushed.
func (h *harness) matchesAddresses() {
	h.Helper()
	h.set(func(s *provision.SignIn) { s.Match.Email = true })
}

// TestAddressIsNoName has people come by a persistent NameID and an address that
// is somebody else's userName: by the address alone they are nobody whom SCIM
// knows, before the one that it is of has come and after, unless the connection
// lets addresses find people, and never an administrator.
func TestAddressIsNoName(t *testing.T) {
	each(t, func(h *harness) {
		const hire = "new.hire@corp.example.test"
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		first, _ := h.arrives(idp, "x", both(persistent("pid-mallory"), setMail(hire))) // before SCIM tells of them
		if who := first.who(); who != hire {
			t.Fatalf("%q is signed in", who)
		}
		id := h.push(hire, objectA)
		for range 2 {
			thief, p := h.arrives(idp, "x", both(persistent("pid-mallory"), setMail(hire)))
			thief.refused(p, provision.RefusedTaken)
		}
		if logins := h.record(hire).Logins; len(logins) > 0 {
			t.Errorf("who was refused is bound: %+v", logins)
		}
		h.trusts(idp, func(s *protocol.SAML) { s.Claims = protocol.Claims{protocol.ClaimUserName: "uid"} })
		thief, p := h.arrives(idp, "x", both(persistent("pid-mallory"), setMail(hire))) // and no uid
		thief.refused(p, provision.RefusedTaken)
		theirs, _ := h.arrives(idp, "x", both(persistent("pid-hire"), setMail("another@corp.example.test"), func(a *etree.Element) { addAttribute(a, "uid", hire) }))
		theirs.isPerson(id, hire)
		again, _ := h.arrives(idp, "x", both(persistent("pid-hire"), setMail(hire))) // bound for ever
		again.isPerson(id, hire)

		h.trusts(idp, nil)
		h.matchesAddresses()
		thief, p = h.arrives(idp, "x", both(persistent("pid-mallory"), setMail(hire)))
		thief.refused(p, provision.RefusedTaken)
		const boss = "boss@corp.example.test"
		h.push(boss, objectB)
		h.makesAdmin(boss)
		thief, p = h.arrives(idp, "x", both(persistent("pid-mallory"), setMail(boss)))
		thief.refused(p, provision.RefusedTaken)
	})
}

// TestUnverifiedAddressIsNoName has Entra ID send an address that it does not call
// verified, as it sends any that an administrator of a tenant has entered, and no
// user name: it is not enough to be the person of that userName.
func TestUnverifiedAddressIsNoName(t *testing.T) {
	each(t, func(h *harness) {
		h, p := h.withProvider(t)
		h.must(h.anEntra())
		id := h.push(vera, "")
		p.User = oidctest.Victim()
		p.User["sub"], p.User["email"] = "sub-of-thief", vera
		delete(p.User, "email_verified")
		delete(p.User, "preferred_username")
		thief := h.browser()
		thief.refused(thief.signInOIDC(p, "/"), provision.RefusedTaken)
		p.User["preferred_username"] = vera // which Entra ID lets nobody choose
		b := h.browser()
		b.signInOIDC(p, "/")
		b.isPerson(id, vera)
	})
}

// makesAdmin gives somebody the role admin on a desk, as desired.
func (h *harness) makesAdmin(name string) {
	h.Helper()
	desk, err := h.core.Settings.AddDesk(h.Context(), byTest, provision.Desk{Name: "governed", Kind: builtin.Kind})
	h.must(err)
	_, err = h.core.Settings.AddRuleUnchecked(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: desk.ID, Group: "Bosses", Role: provision.RoleAdmin})
	h.must(err)
	_, err = h.core.Directory.CreateGroup(h.Context(), h.conn.ID, byTest, provision.Group{DisplayName: "Bosses"}, []provision.MemberID{provision.MemberID(h.record(name).Person.ID)})
	h.must(err)
	h.must(h.core.Entitlement.EvaluateDirty(h.Context(), h.conn.ID))
}

// TestNewAppRegistration has an OpenID provider call everybody by another sub,
// as Entra ID does for each app registration, and by the same object id: they
// are who they were.
func TestNewAppRegistration(t *testing.T) {
	each(t, func(h *harness) {
		h, p := h.withProvider(t)
		h.must(h.anEntra())
		id := h.push(vera, objectA)
		for _, sub := range []string{"sub-of-app-1", "sub-of-app-2", "sub-of-app-1"} {
			p.User = oidctest.Victim()
			p.User["sub"], p.User["oid"], p.User["preferred_username"] = sub, objectA, vera
			b := h.browser()
			b.signInOIDC(p, "/")
			b.isPerson(id, vera)
			if logins := h.record(vera).Logins; len(logins) != 1 || logins[0].Subject != sub {
				t.Errorf("logins after %s: %+v", sub, logins)
			}
		}
		p.User = oidctest.Victim() // another sub and the same name are not enough
		p.User["sub"], p.User["oid"], p.User["preferred_username"] = "sub-of-thief", "", vera
		thief := h.browser()
		thief.refused(thief.signInOIDC(p, "/"), provision.RefusedTaken)
	})
}

// anEntra makes the connection one of Entra ID's.
func (h *harness) anEntra() error {
	_, err := h.store.DB().ExecContext(h.Context(), `UPDATE connections SET idp = 'entra' WHERE id = '`+string(h.conn.ID)+`'`)
	return err
}

// TestRenamed has the name of somebody change as it does: at SCIM and at the
// identity provider, with and without an externalId.
func TestRenamed(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.must(h.anEntra())
		for _, c := range []struct {
			was, is, externalID string
			change              func(*etree.Element)
		}{
			{oldAddress, newAddress, objectA, nil},
			{"m.old@corp.example.test", "m.new@corp.example.test", objectB, withObject(objectB)},
		} {
			id := h.push(c.was, c.externalID)
			b, _ := h.arrives(idp, c.was, c.change)
			b.isPerson(id, c.was)
			h.rename(id.ID, c.is)
			b, _ = h.arrives(idp, c.is, c.change)
			b.isPerson(id, c.is)
		}
	})
}

// TestRenamedBeforeTheUpgrade has a login that a release of before has kept for
// somebody who was renamed since.
func TestRenamedBeforeTheUpgrade(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		id := h.push(newAddress, objectA)
		h.must(h.store.SaveLogin(t.Context(), provision.LoginKey{Connection: h.conn.ID, Protocol: provision.ProtocolSAML, Issuer: idpID, Subject: oldAddress, Identity: id.ID}))
		b, _ := h.arrives(idp, newAddress, nil)
		b.isPerson(id, newAddress)
		other := h.push(oldAddress, objectB)
		second, _ := h.arrives(idp, oldAddress, nil)
		second.isPerson(other, oldAddress)
	})
}

// TestLetterCaseOfNameID has an identity provider write the same address in other
// letters, for somebody whom SCIM has pushed and for somebody made by signing in.
func TestLetterCaseOfNameID(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.push("c.kay@corp.example.test", objectA)
		for _, name := range []string{"c.kay@corp.example.test", "jit@corp.example.test"} {
			b, _ := h.arrives(idp, name, nil)
			id := h.record(name).Person
			b.isPerson(id, name)
			for _, other := range []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name} {
				b, _ := h.arrives(idp, other, nil)
				b.isPerson(id, name)
			}
			if n := len(h.record(name).Logins); n != 1 {
				t.Errorf("%s has %d logins", name, n)
			}
		}
		b, p := h.arrives(idp, "c.\u212aay@corp.example.test", nil)
		b.refused(p, provision.RefusedAddress)
		first, _ := h.arrives(idp, "x", both(persistent("pid-a"), setMail("first@corp.example.test")))
		second, _ := h.arrives(idp, "x", both(persistent("PID-A"), setMail("second@corp.example.test")))
		if first.who() == second.who() || second.who() == "" {
			t.Errorf("persistent NameIDs that differ in letter case are both %q, %q", first.who(), second.who())
		}
	})
}

// TestDefaultQualifiers has an identity provider say what goes without saying
// (SAML Core §8.3.7), and stop to.
func TestDefaultQualifiers(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		ours := h.url + "/sso/acme/saml/metadata"
		const name = "qualified@corp.example.test"
		as := func(by, service string) func(*etree.Element) {
			return both(qualified("pid-q", by, service), setMail(name))
		}
		b, _ := h.arrives(idp, "x", as("", ""))
		id := h.record(name).Person
		b.isPerson(id, name)
		b, _ = h.arrives(idp, "x", as(idpID, ours))
		b.isPerson(id, name)
		b, _ = h.arrives(idp, "x", as(idpID, ""))
		b.isPerson(id, name)
		b, p := h.arrives(idp, "x", as("https://another.example.test", ours))
		b.refused(p, provision.RefusedTaken)

		h.must(h.store.DeleteLogins(t.Context(), provision.LoginFilter{Identity: id.ID})) // as a release of before kept it
		h.must(h.store.SaveLogin(t.Context(), provision.LoginKey{Connection: h.conn.ID, Protocol: provision.ProtocolSAML, Issuer: idpID,
			Subject: "pid-q\n" + idpID + "\n" + ours, Identity: id.ID}))
		for _, change := range []func(*etree.Element){as("", ""), as(idpID, ours)} {
			b, _ := h.arrives(idp, "x", change)
			b.isPerson(id, name)
		}
		if logins := h.record(name).Logins; len(logins) != 1 || logins[0].Subject != "pid-q" {
			t.Errorf("logins: %+v", logins)
		}
	})
}

// TestUnlinkConnection has everybody of one connection known anew, and nobody of
// another.
func TestUnlinkConnection(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.matchesAddresses()
		id := h.push(oldAddress, objectA)
		b, _ := h.arrives(idp, "x", both(persistent("pid-1"), setMail(oldAddress)))
		b.isPerson(id, oldAddress)
		other, p := h.arrives(idp, "x", both(persistent("pid-2"), setMail(oldAddress)))
		other.refused(p, provision.RefusedTaken)
		h.must(h.core.SignIn.UnlinkAll(t.Context(), byTest, h.conn.ID))
		if who := b.who(); who != "" {
			t.Errorf("%s is still signed in", who)
		}
		b, _ = h.arrives(idp, "x", both(persistent("pid-2"), setMail(oldAddress)))
		b.isPerson(id, oldAddress)
	})
}

// TestNameBeforeSCIM has somebody sign in by a name alone, whom SCIM then pushes.
// They may be the one who had the name before: they sign in once more, and are
// the same person with the same account.
func TestNameBeforeSCIM(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		first, _ := h.arrives(idp, oldAddress, nil)
		before := h.record(oldAddress).Person
		id := h.push(oldAddress, objectA)
		if id.ID != before.ID {
			t.Errorf("pushed as %s, signed in as %s", id.ID, before.ID)
		}
		if who := first.who(); who != "" {
			t.Errorf("the session of before goes on as %s", who)
		}
		again, _ := h.arrives(idp, oldAddress, nil)
		again.isPerson(id, oldAddress)
	})
}
