package sso_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// The people of oidctest, by their user names here.
const (
	mallory = "mallory@acme.example"
	vera    = "vera@acme.example"
)

// victims are the ways in which an administrator can be known.
var victims = []struct {
	name             string
	pushed, signedIn bool
}{
	{"pushed", true, false},
	{"pushed and signed in before", true, true},
	{"never pushed", false, true},
}

// matching are the settings of match.email to try: with a victim who has signed
// in before, the one that lets more people in is enough.
func matching(signedIn bool) []bool {
	if signedIn {
		return []bool{true}
	}
	return []bool{false, true}
}

// neighbour is another connection with an identity provider of its own, of
// which the attacker is the administrator.
func (h *harness) neighbour(set func(s *provision.SignIn)) provision.Connection {
	h.Helper()
	conn, _, err := h.core.Settings.AddConnection(h.Context(), byTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric, Domains: []string{"other.example.test"}})
	h.must(err)
	conn, err = h.core.Settings.SetSignIn(h.Context(), byTest, conn.Name, func(s *provision.SignIn) error {
		s.JIT, s.Match.Email = &provision.JIT{Create: true}, true
		set(s)
		return nil
	})
	h.must(err)
	return conn
}

// samlAccounts lets identity providers say what is true by the protocol, and
// does not make anybody the victim.
func samlAccounts(t *testing.T, l *ledger) {
	for _, kind := range victims {
		for _, byEmail := range matching(kind.signedIn) {
			t.Run(fmt.Sprintf("%s,email=%t", strings.ReplaceAll(kind.name, " ", "-"), byEmail), func(t *testing.T) {
				h := newHarness(t, storetest.SQLite(t))
				a, b := samltest.New(idpID), samltest.New("https://other.example.test/metadata")
				b.First, b.Second = b.Attacker, b.Attacker // B has keys of its own
				h.trusts(a, nil)
				h.set(func(s *provision.SignIn) { s.Match.Email = byEmail })
				h.neighbour(func(s *provision.SignIn) {
					s.SAML = &protocol.SAML{Metadata: string(b.Metadata(b.First)), Claims: protocol.Claims{protocol.ClaimExternalID: "mail"}}
				})
				h.administrator(map[bool]string{true: a.Victim}[kind.pushed])
				if kind.signedIn {
					v := h.browser().begins("acme")
					v.signedIn(v.answeredWith(v.changed(a, a.Victim, inGroup("Desk admins"))), a.Victim)
				}
				before := h.record(a.Victim)
				h.isAdministrator(before.Person.ID)
				neighbours(t, l, h, a, b, before)
				lookAlikes(t, l, h, a, before)
			})
		}
	}
	samlLeavers(t, l)
}

func inGroup(name string) func(*etree.Element) {
	return func(a *etree.Element) {
		a.FindElement(".//Attribute[@Name='groups']").ChildElements()[0].SetText(name)
	}
}

func setMail(to string) func(*etree.Element) {
	return func(a *etree.Element) {
		a.FindElement(".//Attribute[@Name='mail']").ChildElements()[0].SetText(to)
	}
}

// neighbours plays the administrator of identity provider B.
func neighbours(t *testing.T, l *ledger, h *harness, a, b *samltest.IdP, before record) {
	refuses := func(id, title, reason string, attack func(br *browser) page) {
		t.Run(id, func(t *testing.T) {
			br := h.on(t).browser()
			br.refused(attack(br), reason)
			br.unharmed(before)
			l.note(t, id, title, refusedFor(reason))
		})
	}
	refuses("SJ01", "the neighbour's identity provider asserts the victim", provision.RefusedDomain, func(br *browser) page {
		v := br.begins("other")
		return v.answeredWith(v.good(b, b.Victim))
	})
	refuses("SJ02", "at the neighbour's, an answer in the name of ours, signed by the neighbour's", string(saml.ReasonIssuer), func(br *browser) page {
		v := br.begins("other")
		m := b.Message(v.request, b.Victim)
		for _, issuer := range m.Response.FindElements("//Issuer") {
			issuer.SetText(a.EntityID)
		}
		b.Sign(m.Assertion(), samltest.Signature{})
		return v.answeredWith(m.Form())
	})
	refuses("SJ03", "at the neighbour's, a genuine answer of ours to a sign-in at ours", "pending", func(br *browser) page {
		v := br.begins("acme")
		br.begins("other")
		return br.postAnswer("other", v.good(a, a.Person), v.relay)
	})
	refuses("SJ03b", "at the neighbour's, a genuine answer of ours to the sign-in at the neighbour's", string(saml.ReasonIssuer), func(br *browser) page {
		v := br.begins("other")
		return v.answeredWith(v.good(a, a.Person))
	})
	refuses("SJ04", "at ours, an answer of the neighbour's", string(saml.ReasonIssuer), func(br *browser) page {
		v := br.begins("acme")
		return v.answeredWith(v.good(b, b.Victim))
	})
	t.Run("SJ05", func(t *testing.T) {
		v := h.on(t).browser().begins("other")
		own := "mallory@other.example.test"
		v.signedIn(v.answeredWith(v.good(b, own)), own)
		v.unharmed(before)
		p := v.get("/sso/session")
		if !strings.Contains(p.body, `"connection":"other"`) {
			t.Errorf("session: %s", p.body)
		}
		l.note(t, "SJ05", "at the neighbour's, somebody of the neighbour's", signsIn+", there")
	})
	refuses("SJ06", "at the neighbour's, somebody whom the neighbour's SCIM pushed under the victim's name and address", provision.RefusedDomain, func(br *browser) page {
		const cuckoo = "cuckoo@other.example.test"
		other, err := h.core.Settings.Connection(t.Context(), "other")
		br.must(err)
		id := pushed(a.Victim)
		id.ExternalID = cuckoo
		_, _, err = h.core.Directory.CreateIdentity(t.Context(), other.ID, byTest, id)
		br.must(err)
		v := br.begins("other")
		return v.answeredWith(v.good(b, cuckoo))
	})
}

// lookAlikes are names that people, or programs, take for the victim's.
func lookAlikes(t *testing.T, l *ledger, h *harness, a *samltest.IdP, before record) {
	for _, c := range []struct{ id, title, name, reason string }{
		{"SJ10", "a Cyrillic letter in the name", "\u0430dmin@corp.example.test", provision.RefusedAddress},
		{"SJ10b", "a Cyrillic letter in the domain", "admin@c\u043erp.example.test", provision.RefusedDomain},
		{"SJ11", "a full-width letter in the name", "\uff41dmin@corp.example.test", provision.RefusedAddress},
		{"SJ11b", "full-width letters in the domain", "admin@\uff43\uff4f\uff52\uff50.example.test", provision.RefusedAddress},
		{"SJ11c", "a full-width dot in the domain", "admin@corp\uff0eexample.test", provision.RefusedAddress},
		{"SJ12", "a zero-width space in the name", "ad\u200bmin@corp.example.test", provision.RefusedAddress},
		{"SJ12b", "a zero-width space in the domain", "admin@corp\u200b.example.test", provision.RefusedAddress},
		{"SJ12c", "a soft hyphen in the domain", "admin@co\u00adrp.example.test", provision.RefusedAddress},
		{"SJ12d", "a space of no width to break at, behind the domain", "admin@corp.example.test\ufeff", provision.RefusedAddress},
		{"SJ12e", "a space that does not break, behind it", "admin@corp.example.test\u00a0", provision.RefusedAddress},
		{"SJ12f", "a dot behind it", "admin@corp.example.test.", provision.RefusedAddress},
		{"SJ13", "a Kelvin sign", "admin@corp.example.test\u212a", provision.RefusedAddress},
		{"SJ14", "two addresses", "admin@corp.example.test,x@corp.example.test", provision.RefusedAddress},
		{"SJ15", "a name in quotes", "\"admin\"@corp.example.test", provision.RefusedAddress},
		{"SJ20", "a domain that nobody owns", "admin@nobody.example.test", provision.RefusedDomain},
		{"SJ20b", "a domain below one of ours", "admin@sub.corp.example.test", provision.RefusedDomain},
		{"SJ20c", "a domain that ends like one of ours", "admin@evilcorp.example.test", provision.RefusedDomain},
	} {
		t.Run(c.id, func(t *testing.T) {
			v := h.on(t).browser().begins("acme")
			v.refused(v.answeredWith(v.good(a, c.name)), c.reason)
			v.unharmed(before)
			l.note(t, c.id, "the victim's name with "+c.title, refusedFor(c.reason))
		})
	}
	t.Run("SJ16", func(t *testing.T) {
		v := h.on(t).browser().begins("acme")
		v.refused(v.answeredWith(v.changed(a, "newcomer@corp.example.test", setMail(a.Victim))), provision.RefusedTaken)
		v.unharmed(before)
		l.note(t, "SJ16", "a NameID of one's own with the victim's mail, at a first sign-in", refusedFor(provision.RefusedTaken))
	})
	t.Run("SJ21", func(t *testing.T) {
		b := h.on(t).browser()
		b.signedIn(b.signInSAML(a, "/"), a.Person)
		v := h.on(t).browser().begins("acme")
		v.refused(v.answeredWith(v.changed(a, a.Person, setMail("mallory@nobody.example.test"))), provision.RefusedDomain)
		v.unharmed(before)
		l.note(t, "SJ21", "somebody known by signing in alone comes with an address of a domain that nobody owns", refusedFor(provision.RefusedDomain))
	})
	t.Run("SJ22", func(t *testing.T) { // invited over SCIM, which vouches for guests
		h := h.on(t)
		const guest = "guest@nobody.example.test"
		if h.record(guest).Person.ID == "" {
			_, _, err := h.core.Directory.CreateIdentity(t.Context(), h.conn.ID, byTest, pushed(guest))
			h.must(err)
		}
		v := h.browser().begins("acme")
		v.signedIn(v.answeredWith(v.good(a, guest)), guest)
		v.unharmed(before)
		l.note(t, "SJ22", "a guest with an address of a domain that nobody owns, whom SCIM has pushed", signsIn)
	})
	t.Run("SJ18", func(t *testing.T) {
		h := h.on(t)
		const other = "qualified@corp.example.test"
		v := h.browser().begins("acme")
		v.signedIn(v.answeredWith(v.changed(a, other, qualified("4711", "idp", "sp"))), other)
		for _, name := range []string{"4711\nidp\nsp", "47\u008511"} {
			v := h.browser().begins("acme")
			v.refused(v.answeredWith(v.changed(a, a.Person, qualified(name, "", ""))), string(saml.ReasonNameID))
		}
		v = h.browser().begins("acme")
		v.refused(v.answeredWith(v.changed(a, a.Person, qualified("4711", "idp\nsp", "x"))), string(saml.ReasonNameID))
		l.note(t, "SJ18", "a NameID with line breaks in it, or a qualifier, so that both together read like another's", refusedFor(string(saml.ReasonNameID)))
	})
	t.Run("SJ17", func(t *testing.T) {
		h := h.on(t)
		for _, mail := range []string{a.Person, a.Victim, strings.ToUpper(a.Victim)} {
			v := h.browser().begins("acme")
			v.signedIn(v.answeredWith(v.changed(a, a.Person, setMail(mail))), a.Person)
		}
		v := h.browser().begins("acme")
		v.signedIn(v.answeredWith(v.changed(a, a.Person, setMail(a.Victim))), a.Person)
		if p := v.get("/sso/forward-auth"); p.status != http.StatusOK || p.header.Get("Remote-Email") != a.Person || p.header.Get("Remote-User") != a.Person {
			t.Errorf("a desk behind the proxy is told %v", p.header)
		}
		if mail := h.record(a.Person).Person.Profile.Email; mail != a.Person {
			t.Errorf("the address is now %s", mail)
		}
		h.unharmed(before)
		l.note(t, "SJ17", "a known NameID takes the victim's mail", signsIn+", who keeps the address that was theirs")
	})
}

// qualified is somebody of a name that a qualifier makes another's: two
// identity providers behind one proxy may use a name twice.
func qualified(name, by, service string) func(*etree.Element) {
	return func(a *etree.Element) {
		id := a.FindElement(".//NameID")
		id.SetText(name)
		id.CreateAttr("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
		if by != "" {
			id.CreateAttr("NameQualifier", by)
			id.CreateAttr("SPNameQualifier", service)
		}
	}
}

// samlLeavers are people whom SCIM has suspended or removed.
func samlLeavers(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		leavers(t, l, h, "SD", func(b *browser) page { return b.signInSAML(idp, "/") }, func(name string) { idp.Person = name }, func(b *browser, mail string) page {
			v := b.begins("acme")
			m := idp.Message(v.request, idp.Person)
			setMail(mail)(m.Assertion())
			idp.Sign(m.Assertion(), samltest.Signature{})
			return v.answeredWith(m.Form())
		})
	})
}

// leavers suspends and removes people who are signed in.
func leavers(t *testing.T, l *ledger, h *harness, letters string, signIn func(*browser) page, be func(name string), withMail func(b *browser, mail string) page) {
	domain := h.conn.Domains[0]
	for _, kind := range victims {
		for _, end := range []string{"suspended", "removed"} {
			id := letters + "01/" + strings.ReplaceAll(kind.name, " ", "-") + "/" + end
			t.Run(id, func(t *testing.T) {
				h := h.on(t)
				name := fmt.Sprintf("leaver-%s-%s@%s", strings.ReplaceAll(kind.name, " ", "-"), end, domain)
				be(name)
				if kind.pushed {
					_, _, err := h.core.Directory.CreateIdentity(t.Context(), h.conn.ID, byTest, pushed(name))
					h.must(err)
				}
				b := h.browser()
				if kind.signedIn {
					b.signedIn(signIn(b), name)
				}
				person := h.record(name).Person
				h.leaves(person.ID, end)
				if got := b.who(); got != "" {
					t.Errorf("%s is signed in", got)
				}
				if p := b.get("/sso/forward-auth"); p.status != http.StatusUnauthorized {
					t.Errorf("forward-auth: %d", p.status)
				}
				b.refused(signIn(b), end)
				if kind.signedIn {
					again := h.browser()
					again.refused(withMail(again, "another-"+name), end)
				}
				if now := h.record(name); now.Person.Status != provision.Status(end) {
					t.Errorf("now %s", now.Person.Status)
				}
			})
		}
	}
	if t.Failed() {
		return
	}
	l.note(t, letters+"01", "the session of somebody whom SCIM suspended or removed meanwhile", "is over at the next request")
	l.note(t, letters+"02", "a new sign-in of somebody whom SCIM suspended or removed, also under another address", refusedFor("suspended")+" or `removed`")
}

func (h *harness) leaves(id provision.IdentityID, end string) {
	h.Helper()
	if end == "removed" {
		h.must(h.core.Directory.RemoveIdentity(h.Context(), h.conn.ID, id, byTest, nil))
		return
	}
	_, err := h.core.Directory.UpdatePerson(h.Context(), h.conn.ID, id, byTest, func(id *provision.Identity) error {
		id.Status = provision.StatusSuspended
		return nil
	})
	h.must(err)
}
