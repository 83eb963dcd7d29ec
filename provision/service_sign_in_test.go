package provision_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const issuer = "https://idp.example.test"

// login is what an IdP that verifies addresses says of somebody.
func login(name string, groups ...string) provision.Login {
	return provision.Login{Protocol: provision.ProtocolOIDC, Issuer: issuer, Subject: "sub-" + name,
		UserName: name + "@example.test", Email: name + "@example.test", Verified: provision.VerifiedYes,
		Profile: provision.Profile{DisplayName: name}, Groups: groups, GroupsKnown: groups != nil}
}

// open lets the connection make people at their first sign-in.
func (h *house) open(jit *provision.JIT, domains ...string) {
	h.Helper()
	c, err := h.store.Connection(h.Context(), h.conn.Name)
	h.must(err)
	c.Domains, c.SignIn.JIT = domains, jit
	h.must(h.store.SaveConnection(h.Context(), c))
}

func (h *house) signIn(l provision.Login) (provision.SignedIn, error) {
	return h.core.SignIn(h.Context(), h.conn.ID, byTest, l)
}

// refused fails the test unless the sign-in is refused for this reason.
func (h *house) refused(l provision.Login, reason string) {
	h.Helper()
	before := h.counts()
	_, err := h.signIn(l)
	if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != provision.Denied || e.Field != reason {
		h.Errorf("sign-in: %v; want it refused for %q", err, reason)
	}
	if after := h.counts(); after != before {
		h.Errorf("a refused sign-in wrote something: %+v, before %+v", after, before)
	}
}

func TestFirstSignInMakesSomebody(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		h.rule("Support", provision.RoleAgent, "A")
		in, err := h.signIn(login("ann", "Support", "Everyone"))
		h.must(err)
		if !in.Created || !in.Linked || in.Person.UserName != "ann@example.test" || in.Person.Managed() {
			t.Errorf("first sign-in: %+v", in)
		}
		if got := h.account(in.Person.ID).Wanted; got.Role != provision.RoleAgent || len(got.Teams) != 1 {
			t.Errorf("access after the first sign-in: %+v", got)
		}
		again, err := h.signIn(login("ann", "Support", "Everyone"))
		h.must(err)
		if again.Created || again.Linked || again.Person.ID != in.Person.ID || again.Person.Version != in.Person.Version {
			t.Errorf("the second sign-in changed something: %+v", again)
		}
		_, err = h.signIn(login("ann")) // not a word of groups: what was known stays
		h.must(err)
		if got := h.account(in.Person.ID).Wanted; got.Status != provision.AccessActive {
			t.Errorf("access after a sign-in without groups: %+v", got)
		}
		_, err = h.signIn(login("ann", "Everyone"))
		h.must(err)
		if got := h.account(in.Person.ID).Wanted; got.Status != provision.AccessAbsent {
			t.Errorf("access after leaving the group: %+v", got)
		}
	})
}

func TestWhoSignsIn(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: false}, "example.test")
		pushed := h.person("bo")

		h.refused(login("stranger"), provision.RefusedUnknown)
		byName, err := h.signIn(login("bo", "Ignored"))
		h.must(err)
		if byName.Person.ID != pushed.ID || byName.Created || !byName.Linked || byName.Person.Version != pushed.Version {
			t.Errorf("by user name: %+v", byName)
		}
		other := login("bo")
		other.Subject = "sub-thief"
		h.refused(other, provision.RefusedTaken)

		cy := h.person("cy")
		byID := login("elsewhere")
		byID.ExternalID, byID.UserName = cy.ExternalID, ""
		in, err := h.signIn(byID)
		h.must(err)
		if in.Person.ID != cy.ID {
			t.Errorf("by externalId: %+v", in.Person)
		}
	})
}

func TestSignInNeverRevives(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		for _, name := range []string{"ann", "bo"} { // one who signed in before, one who never did
			person := h.person(name)
			if name == "ann" {
				_, err := h.signIn(login(name))
				h.must(err)
			}
			_, err := h.core.UpdateIdentity(h.Context(), h.conn.ID, person.ID, byTest, func(id *provision.Identity) error {
				id.Status = provision.StatusSuspended
				return nil
			})
			h.must(err)
			h.refused(login(name), provision.RefusedSuspended)
			h.must(h.core.RemoveIdentity(h.Context(), h.conn.ID, person.ID, byTest, nil))
			h.refused(login(name), provision.RefusedRemoved)
		}
	})
}

func TestAddressesAtSignIn(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		h.person("victim")
		_, err := h.signIn(login("known"))
		h.must(err)
		for _, tt := range []struct {
			name   string
			change func(l *provision.Login)
			reason string
		}{
			{"a domain nobody owns", func(l *provision.Login) { l.Email, l.UserName = "a@nobody.test", "a@nobody.test" }, provision.RefusedDomain},
			{"not verified", func(l *provision.Login) { l.Verified = provision.VerifiedNo }, provision.RefusedUnproven},
			{"no address", func(l *provision.Login) { l.Email = "" }, provision.RefusedAddress},
			{"the victim's, not verified", func(l *provision.Login) {
				l.Email, l.UserName, l.Verified = "victim@example.test", "", provision.VerifiedNo
			}, provision.RefusedTaken},
			{"the victim's, verified", func(l *provision.Login) { l.Email, l.UserName = "VICTIM@example.test", "" }, provision.RefusedTaken},
			{"the victim's as another's user name", func(l *provision.Login) { l.Email, l.UserName = "x@example.test", "known@example.test" }, provision.RefusedTaken},
			{"a Cyrillic letter", func(l *provision.Login) { l.Email = "v\u0456ctim@example.test" }, provision.RefusedAddress},
			{"a full-width letter", func(l *provision.Login) { l.Email = "v\uff49ctim@example.test" }, provision.RefusedAddress},
			{"a zero-width space", func(l *provision.Login) { l.Email = "victim\u200b@example.test" }, provision.RefusedAddress},
			{"a Kelvin sign", func(l *provision.Login) { l.UserName = "\u212anown@example.test" }, provision.RefusedAddress},
			{"two addresses", func(l *provision.Login) { l.Email = "a@example.test@example.test" }, provision.RefusedAddress},
		} {
			t.Run(tt.name, func(t *testing.T) {
				l := login("new")
				tt.change(&l)
				h.refused(l, tt.reason)
			})
		}
	})
}

// TestAddressOfAKnownPerson takes somebody else's address, not verified, into
// a login that is known: they stay who they are.
func TestAddressOfAKnownPerson(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		h.person("victim")
		before, err := h.signIn(login("ann"))
		h.must(err)
		l := login("ann")
		l.Email, l.Verified = "victim@example.test", provision.VerifiedNo
		after, err := h.signIn(l)
		h.must(err)
		if after.Person.ID != before.Person.ID || after.Person.Profile.Email != "ann@example.test" {
			t.Errorf("after: %+v", after.Person)
		}
	})
}

func TestAddressOfAnotherConnection(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		_, _, err := h.core.AddConnection(h.Context(), byTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric, Domains: []string{"other.test"}})
		h.must(err)
		_, _, err = h.core.AddConnection(h.Context(), byTest, provision.Connection{Name: "third", IdP: provision.IdPGeneric, Domains: []string{"Other.Test."}})
		h.code(err, provision.Conflict)
		l := login("ann")
		l.Email = "ann@other.test"
		h.refused(l, provision.RefusedDomain)
	})
}

// TestAddressPushedFromElsewhere has somebody who may push people push one
// under an address of another connection's, and sign in as them: with or
// without that address in the login.
func TestAddressPushedFromElsewhere(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		_, _, err := h.core.AddConnection(h.Context(), byTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric, Domains: []string{"other.test", "xn--mller-kva.test"}})
		h.must(err)
		ann := h.person("ann")
		l := provision.Login{Protocol: provision.ProtocolOIDC, Issuer: issuer, Subject: "ann", UserName: ann.UserName}
		change := func(edit func(id *provision.Identity)) {
			_, err := h.core.UpdateIdentity(h.Context(), h.conn.ID, ann.ID, byTest, func(id *provision.Identity) error {
				*id = ann
				edit(id)
				return nil
			})
			h.must(err)
		}
		for name, edit := range map[string]func(id *provision.Identity){
			"userName":                   func(id *provision.Identity) { id.UserName = "Admin@Other.Test" },
			"address":                    func(id *provision.Identity) { id.Profile.Email = "admin@other.test" },
			"address, not in ASCII":      func(id *provision.Identity) { id.Profile.Email = "admin@müller.test" },
			"address that looks like it": func(id *provision.Identity) { id.Profile.Email = "admin@other．test" },
		} {
			change(func(*provision.Identity) {})
			in, _, secret, err := h.core.Enter(h.Context(), h.conn.ID, byTest, provision.Entrance{Login: l})
			h.must(err)
			if in.Person.ID != ann.ID {
				t.Fatalf("signed in as %+v", in.Person)
			}
			change(edit)
			if _, _, _, err := h.core.Session(h.Context(), secret); err == nil {
				t.Errorf("%s of another connection: the session goes on", name)
			}
			h.refused(l, provision.RefusedDomain)
		}
		change(func(id *provision.Identity) { id.Profile.Email = "ann@nobody.test" })
		_, err = h.signIn(l)
		h.must(err) // a guest, whom the one who pushes vouches for
	})
}

func TestWhoMayBeMade(t *testing.T) {
	each(t, func(h *house) {
		h.open(nil, "example.test")
		_, err := h.signIn(login("early")) // nobody pushes yet
		h.must(err)
		_, secret, err := h.core.CreateToken(h.Context(), byTest, h.conn.ID, "scim", 0)
		h.must(err)
		_, _, err = h.core.Authenticate(h.Context(), h.conn.Name, secret)
		h.must(err)
		h.refused(login("late"), provision.RefusedUnknown)

		h.open(&provision.JIT{Create: true, Groups: []string{"support"}}, "example.test")
		h.refused(login("ann", "Sales"), provision.RefusedGroups)
		h.refused(login("ann"), provision.RefusedGroups)
		_, err = h.signIn(login("ann", "Support"))
		h.must(err)
	})
}

// TestSCIMTakesOver pushes somebody who signed in before: same person, and
// from then on SCIM's word counts.
func TestSCIMTakesOver(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		h.rule("Support", provision.RoleAgent)
		in, err := h.signIn(login("ann", "Support"))
		h.must(err)
		described := someone("ann")
		described.Document = []byte(`{"userName":"ann@example.test"}`)
		got, restored, err := h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, described)
		h.must(err)
		if got.ID != in.Person.ID || !restored || !got.Managed() {
			t.Errorf("pushed: %+v (restored %t), signed in as %s", got, restored, in.Person.ID)
		}
		again, err := h.signIn(login("ann", "Support"))
		h.must(err)
		if again.Person.Version != got.Version || h.account(got.ID).Wanted.Status != provision.AccessAbsent {
			t.Errorf("a sign-in changed what SCIM describes: %+v", again.Person)
		}
		_, _, err = h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, described)
		h.code(err, provision.Conflict)
	})
}

// TestSCIMFindsByAddress pushes somebody who signed in before under another
// name, and somebody else with the same externalId as a login.
func TestSCIMFindsByAddress(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		push := func(id provision.Identity) provision.Identity {
			h.Helper()
			id.Document = []byte(`{"userName":"x"}`)
			got, restored, err := h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, id)
			h.must(err)
			if !restored {
				h.Errorf("%s is somebody new", id.UserName)
			}
			return got
		}
		in, err := h.signIn(login("ann"))
		h.must(err)
		described := someone("ann")
		described.UserName, described.Emails = "annie", []provision.Email{{Value: "other@example.test"}, {Value: "Ann@Example.test"}}
		if got := push(described); got.ID != in.Person.ID || got.UserName != "annie" {
			t.Errorf("by address: %+v", got)
		}
		l := login("bo")
		l.ExternalID = "ext-robert"
		in, err = h.signIn(l)
		h.must(err)
		if got := push(someone("robert")); got.ID != in.Person.ID {
			t.Errorf("by externalId: %+v", got)
		}
	})
}

// TestSignInAndPushAtOnce races SCIM against a first sign-in.
func TestSignInAndPushAtOnce(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		for i := range 25 {
			name := fmt.Sprintf("p%d", i)
			described := someone(name)
			described.Document = []byte(fmt.Sprintf(`{"userName":%q}`, described.UserName))
			var pushed provision.Identity
			var in provision.SignedIn
			var errs [2]error
			var both sync.WaitGroup
			both.Go(func() { pushed, _, errs[0] = h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, described) })
			both.Go(func() { in, errs[1] = h.signIn(login(name)) })
			both.Wait()
			h.must(errors.Join(errs[0], errs[1]))
			if pushed.ID != in.Person.ID {
				t.Fatalf("%s is two people: %s pushed, %s signed in", name, pushed.ID, in.Person.ID)
			}
			now, err := h.core.Identity(h.Context(), h.conn.ID, pushed.ID)
			h.must(err)
			if !now.Managed() || now.ExternalID != described.ExternalID {
				t.Fatalf("%s is not what SCIM says: %+v", name, now)
			}
		}
	})
}

func TestSessions(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		in, err := h.signIn(login("ann"))
		h.must(err)
		start := func(old string) string {
			h.Helper()
			_, secret, err := h.core.StartSession(h.Context(), byTest, provision.Session{Identity: in.Person.ID, Connection: h.conn.ID,
				Protocol: provision.ProtocolOIDC, Issuer: issuer, Subject: "sub-ann", Index: "sid-1"}, time.Time{}, old)
			h.must(err)
			return secret
		}
		live := func(secret string, want bool) {
			h.Helper()
			_, person, _, err := h.core.Session(h.Context(), secret)
			if want && (err != nil || person.ID != in.Person.ID) {
				t.Errorf("Session: %v, %v; want ann", person.ID, err)
			}
			if !want {
				h.code(err, provision.Denied)
			}
		}
		first := start("")
		live(first, true)
		second := start(first) // a new sign-in in the same browser
		live(first, false)
		live(second, true)
		live("nonsense", false)
		third := start("")
		ended, err := h.core.EndSessions(h.Context(), byTest, provision.SessionFilter{Connection: h.conn.ID, Issuer: issuer, Index: "sid-1"}, provision.EndedByIdP)
		h.must(err)
		if len(ended) != 2 {
			t.Errorf("%d sessions ended, want 2", len(ended))
		}
		live(second, false)
		live(third, false)

		fourth := start("")
		h.offset.Add(int64(119 * time.Minute))
		live(fourth, true)
		h.offset.Add(int64(119 * time.Minute))
		live(fourth, true) // used in between
		h.offset.Add(int64(121 * time.Minute))
		live(fourth, false)

		fifth := start("")
		_, err = h.core.UpdateIdentity(h.Context(), h.conn.ID, in.Person.ID, byTest, func(id *provision.Identity) error {
			id.Status = provision.StatusSuspended
			return nil
		})
		h.must(err)
		live(fifth, false)
		_, _, err = h.core.StartSession(h.Context(), byTest, provision.Session{Identity: in.Person.ID, Connection: h.conn.ID}, time.Time{}, "")
		h.code(err, provision.Denied)
		open, err := h.core.Sessions(h.Context(), provision.SessionFilter{Identity: in.Person.ID}, 0)
		h.must(err)
		if len(open) != 0 {
			t.Errorf("%d sessions of a suspended person are open", len(open))
		}
	})
}

func TestTickets(t *testing.T) {
	each(t, func(h *house) {
		secret, err := h.core.IssueTicket(h.Context(), "test", h.conn.ID, map[string]string{"to": "/here"}, time.Minute)
		h.must(err)
		var data map[string]string
		h.must(h.core.PeekTicket(h.Context(), "test", h.conn.ID, secret, &data))
		h.code(h.core.PeekTicket(h.Context(), "other", h.conn.ID, secret, &data), provision.NotFound)
		h.code(h.core.PeekTicket(h.Context(), "test", "other", secret, &data), provision.NotFound)
		var won sync.Map
		var tries sync.WaitGroup
		for i := range 8 {
			tries.Go(func() {
				var got map[string]string
				if h.core.TakeTicket(h.Context(), "test", h.conn.ID, secret, &got) == nil && got["to"] == "/here" {
					won.Store(i, true)
				}
			})
		}
		tries.Wait()
		n := 0
		won.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d of 8 took the ticket, want 1", n)
		}
		late, err := h.core.IssueTicket(h.Context(), "test", h.conn.ID, 1, time.Minute)
		h.must(err)
		h.offset.Add(int64(2 * time.Minute))
		var n2 int
		h.code(h.core.TakeTicket(h.Context(), "test", h.conn.ID, late, &n2), provision.NotFound)

		first, err := h.core.Remember(h.Context(), h.conn.ID, "assertion", h.now().Add(time.Hour))
		h.must(err)
		second, err := h.core.Remember(h.Context(), h.conn.ID, "assertion", h.now().Add(time.Hour))
		h.must(err)
		if !first || second {
			t.Errorf("Remember = %t, %t; want true, false", first, second)
		}
		h.offset.Add(int64(2 * time.Hour))
		h.must(h.core.SweepSignIns(h.Context()))
		if third, err := h.core.Remember(h.Context(), h.conn.ID, "assertion", h.now().Add(time.Hour)); err != nil || !third {
			t.Errorf("after the sweep: %t, %v", third, err)
		}
	})
}

func TestDomains(t *testing.T) {
	each(t, func(h *house) {
		claim, err := h.core.ClaimDomain(h.Context(), byTest, h.conn.ID, "Bücher.example")
		h.must(err)
		if claim.Domain != "xn--bcher-kva.example" {
			t.Errorf("claimed %q", claim.Domain)
		}
		records := map[string][]string{}
		lookup := func(_ context.Context, name string) ([]string, error) { return records[name], nil }
		h.code(h.core.VerifyDomain(h.Context(), byTest, h.conn.ID, claim.Domain, lookup), provision.Invalid)
		records[claim.DomainRecord()] = []string{"else", claim.DomainText()}
		h.must(h.core.VerifyDomain(h.Context(), byTest, h.conn.ID, claim.Domain, lookup))
		owner, err := h.core.ConnectionOfEmail(h.Context(), " ann@BÜCHER.example ")
		h.must(err)
		if owner.ID != h.conn.ID {
			t.Errorf("the domain belongs to %s", owner.ID)
		}
		other, _, err := h.core.AddConnection(h.Context(), byTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
		h.must(err)
		_, err = h.core.ClaimDomain(h.Context(), byTest, other.ID, claim.Domain)
		h.must(err)
		h.code(h.core.VerifyDomain(h.Context(), byTest, other.ID, claim.Domain, nil), provision.Conflict)
		h.must(h.core.RemoveDomain(h.Context(), byTest, h.conn.ID, claim.Domain))
		h.must(h.core.VerifyDomain(h.Context(), byTest, other.ID, claim.Domain, nil))
		for _, bad := range []string{"", "localhost", "a@b.test", "*.example.test", "exa mple.test", "https://example.test"} {
			_, err := h.core.ClaimDomain(h.Context(), byTest, h.conn.ID, bad)
			h.code(err, provision.Invalid)
		}
	})
}

func TestKeys(t *testing.T) {
	each(t, func(h *house) {
		n := 0
		makeKey := func() ([]byte, []byte, error) { n++; return []byte{byte(n)}, []byte{byte(n)}, nil }
		first, err := h.core.Keys(h.Context(), provision.KeySAML, makeKey)
		h.must(err)
		again, err := h.core.Keys(h.Context(), provision.KeySAML, makeKey)
		h.must(err)
		if n != 1 || len(again) != 1 || again[0].ID != first[0].ID || string(again[0].Private) != "\x01" {
			t.Errorf("second call: %d keys made, %+v", n, again)
		}
		next, err := h.core.RotateKey(h.Context(), byTest, provision.KeySAML, time.Hour, makeKey)
		h.must(err)
		signs := func() provision.KeyID {
			keys, err := h.core.Keys(h.Context(), provision.KeySAML, makeKey)
			h.must(err)
			return keys[0].ID
		}
		if signs() != first[0].ID {
			t.Error("the new key signs before its time")
		}
		h.code(h.core.RetireKey(h.Context(), byTest, provision.KeySAML, first[0].ID), provision.Denied)
		h.offset.Add(int64(61 * time.Minute))
		if signs() != next.ID {
			t.Error("the new key does not sign when its time has come")
		}
		h.must(h.core.RetireKey(h.Context(), byTest, provision.KeySAML, first[0].ID))
		h.code(h.core.RetireKey(h.Context(), byTest, provision.KeySAML, next.ID), provision.Denied)
	})
}
