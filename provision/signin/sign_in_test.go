package signin_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/signin"
)

func TestFirstSignInMakesSomebody(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		h.Rule("Support", provision.RoleAgent, "A")
		in, err := h.SignIn(provisiontest.LoginOf("ann", "Support", "Everyone"))
		h.Must(err)
		if !in.Created || !in.Linked || in.Person.UserName != "ann@example.test" || in.Person.SCIMManaged() {
			t.Errorf("first sign-in: %+v", in)
		}
		if got := h.Account(in.Person.ID).Desired; got.Role != provision.RoleAgent || len(got.Teams) != 1 {
			t.Errorf("access after the first sign-in: %+v", got)
		}
		again, err := h.SignIn(provisiontest.LoginOf("ann", "Support", "Everyone"))
		h.Must(err)
		if again.Created || again.Linked || again.Person.ID != in.Person.ID || again.Person.Version != in.Person.Version {
			t.Errorf("the second sign-in changed something: %+v", again)
		}
		_, err = h.SignIn(provisiontest.LoginOf("ann")) // not a word of groups: what was known stays
		h.Must(err)
		if got := h.Account(in.Person.ID).Desired; got.Status != provision.AccessActive {
			t.Errorf("access after a sign-in without groups: %+v", got)
		}
		_, err = h.SignIn(provisiontest.LoginOf("ann", "Everyone"))
		h.Must(err)
		if got := h.Account(in.Person.ID).Desired; got.Status != provision.AccessAbsent {
			t.Errorf("access after leaving the group: %+v", got)
		}
	})
}

func TestWhoSignsIn(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: false}, "example.test")
		pushed := h.Person("bo")

		h.Refused(provisiontest.LoginOf("stranger"), provision.RefusedUnknown)
		byName, err := h.SignIn(provisiontest.LoginOf("bo", "Ignored"))
		h.Must(err)
		if byName.Person.ID != pushed.ID || byName.Created || !byName.Linked || byName.Person.Version != pushed.Version {
			t.Errorf("by user name: %+v", byName)
		}
		other := provisiontest.LoginOf("bo")
		other.Subject = "sub-thief"
		h.Refused(other, provision.RefusedTaken)

		cy := h.Person("cy")
		byID := provisiontest.LoginOf("elsewhere")
		byID.ExternalID, byID.UserName = cy.ExternalID, ""
		in, err := h.SignIn(byID)
		h.Must(err)
		if in.Person.ID != cy.ID {
			t.Errorf("by externalId: %+v", in.Person)
		}
	})
}

func TestSignInNeverRevives(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		for _, name := range []string{"ann", "bo"} { // one who signed in before, one who never did
			person := h.Person(name)
			if name == "ann" {
				_, err := h.SignIn(provisiontest.LoginOf(name))
				h.Must(err)
			}
			_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, person.ID, provisiontest.ByTest, func(id *provision.Identity) error {
				id.Status = provision.StatusSuspended
				return nil
			})
			h.Must(err)
			h.Refused(provisiontest.LoginOf(name), provision.RefusedSuspended)
			h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, person.ID, provisiontest.ByTest, nil))
			h.Refused(provisiontest.LoginOf(name), provision.RefusedRemoved)
		}
	})
}

func TestAddressesAtSignIn(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		h.Person("victim")
		_, err := h.SignIn(provisiontest.LoginOf("known"))
		h.Must(err)
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
				l := provisiontest.LoginOf("new")
				tt.change(&l)
				h.Refused(l, tt.reason)
			})
		}
	})
}

// TestAddressOfAKnownPerson takes somebody else's address, not verified, into
// a login that is known: they stay who they are.
func TestAddressOfAKnownPerson(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		h.Person("victim")
		before, err := h.SignIn(provisiontest.LoginOf("ann"))
		h.Must(err)
		l := provisiontest.LoginOf("ann")
		l.Email, l.Verified = "victim@example.test", provision.VerifiedNo
		after, err := h.SignIn(l)
		h.Must(err)
		if after.Person.ID != before.Person.ID || after.Person.Profile.Email != "ann@example.test" {
			t.Errorf("after: %+v", after.Person)
		}
	})
}

func TestAddressOfAnotherConnection(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		_, _, err := h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric, Domains: []string{"other.test"}})
		h.Must(err)
		_, _, err = h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest, provision.Connection{Name: "third", IdP: provision.IdPGeneric, Domains: []string{"Other.Test."}})
		h.Code(err, provision.Conflict)
		l := provisiontest.LoginOf("ann")
		l.Email = "ann@other.test"
		h.Refused(l, provision.RefusedDomain)
	})
}

// TestAddressPushedFromElsewhere has somebody who may push people push one
// under an address of another connection's, and sign in as them: with or
// without that address in the login.
func TestAddressPushedFromElsewhere(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		_, _, err := h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric, Domains: []string{"other.test", "xn--mller-kva.test"}})
		h.Must(err)
		ann := h.Person("ann")
		l := provision.Login{Protocol: provision.ProtocolOIDC, Issuer: provisiontest.Issuer, Subject: "ann", UserName: ann.UserName}
		change := func(edit func(id *provision.Identity)) {
			_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, func(id *provision.Identity) error {
				*id = ann
				edit(id)
				return nil
			})
			h.Must(err)
		}
		for name, edit := range map[string]func(id *provision.Identity){
			"userName":                   func(id *provision.Identity) { id.UserName = "Admin@Other.Test" },
			"address":                    func(id *provision.Identity) { id.Profile.Email = "admin@other.test" },
			"address, not in ASCII":      func(id *provision.Identity) { id.Profile.Email = "admin@müller.test" },
			"address that looks like it": func(id *provision.Identity) { id.Profile.Email = "admin@other．test" },
		} {
			change(func(*provision.Identity) {})
			in, _, secret, err := h.Core.SignIn.SignIn(h.Context(), h.Conn.ID, provisiontest.ByTest, signin.SignInRequest{Login: l})
			h.Must(err)
			if in.Person.ID != ann.ID {
				t.Fatalf("signed in as %+v", in.Person)
			}
			change(edit)
			if _, _, _, err := h.Core.Sessions.Session(h.Context(), secret); err == nil {
				t.Errorf("%s of another connection: the session goes on", name)
			}
			h.Refused(l, provision.RefusedDomain)
		}
		change(func(id *provision.Identity) { id.Profile.Email = "ann@nobody.test" })
		_, err = h.SignIn(l)
		h.Must(err) // a guest, whom the one who pushes vouches for
	})
}

func TestWhoMayBeMade(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(nil, "example.test")
		_, err := h.SignIn(provisiontest.LoginOf("early")) // nobody pushes yet
		h.Must(err)
		_, secret, err := h.Core.Tokens.CreateToken(h.Context(), provisiontest.ByTest, h.Conn.ID, "scim", 0)
		h.Must(err)
		_, _, err = h.Core.Tokens.Authenticate(h.Context(), h.Conn.Name, secret)
		h.Must(err)
		h.Refused(provisiontest.LoginOf("late"), provision.RefusedUnknown)

		h.Open(&provision.JIT{Create: true, Groups: []string{"support"}}, "example.test")
		h.Refused(provisiontest.LoginOf("ann", "Sales"), provision.RefusedGroups)
		h.Refused(provisiontest.LoginOf("ann"), provision.RefusedGroups)
		_, err = h.SignIn(provisiontest.LoginOf("ann", "Support"))
		h.Must(err)
	})
}

// TestSCIMTakesOver pushes somebody who signed in before: same person, and
// from then on SCIM's word counts.
func TestSCIMTakesOver(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		h.Rule("Support", provision.RoleAgent)
		in, err := h.SignIn(provisiontest.LoginOf("ann", "Support"))
		h.Must(err)
		described := provisiontest.Someone("ann")
		described.Document = []byte(`{"userName":"ann@example.test"}`)
		got, restored, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, described)
		h.Must(err)
		if got.ID != in.Person.ID || !restored || !got.SCIMManaged() {
			t.Errorf("pushed: %+v (restored %t), signed in as %s", got, restored, in.Person.ID)
		}
		again, err := h.SignIn(provisiontest.LoginOf("ann", "Support"))
		h.Must(err)
		if again.Person.Version != got.Version || h.Account(got.ID).Desired.Status != provision.AccessAbsent {
			t.Errorf("a sign-in changed what SCIM describes: %+v", again.Person)
		}
		_, _, err = h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, described)
		h.Code(err, provision.Conflict)
	})
}

// TestSCIMFindsByAddress pushes somebody who signed in before under another
// name, and somebody else with the same externalId as a login.
func TestSCIMFindsByAddress(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		push := func(id provision.Identity) provision.Identity {
			h.Helper()
			id.Document = []byte(`{"userName":"x"}`)
			got, restored, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, id)
			h.Must(err)
			if !restored {
				h.Errorf("%s is somebody new", id.UserName)
			}
			return got
		}
		in, err := h.SignIn(provisiontest.LoginOf("ann"))
		h.Must(err)
		described := provisiontest.Someone("ann")
		described.UserName, described.Emails = "annie", []provision.Email{{Value: "other@example.test"}, {Value: "Ann@Example.test"}}
		if got := push(described); got.ID != in.Person.ID || got.UserName != "annie" {
			t.Errorf("by address: %+v", got)
		}
		l := provisiontest.LoginOf("bo")
		l.ExternalID = "ext-robert"
		in, err = h.SignIn(l)
		h.Must(err)
		if got := push(provisiontest.Someone("robert")); got.ID != in.Person.ID {
			t.Errorf("by externalId: %+v", got)
		}
	})
}

// TestSignInAndPushAtOnce races SCIM against a first sign-in.
func TestSignInAndPushAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		for i := range 25 {
			name := fmt.Sprintf("p%d", i)
			described := provisiontest.Someone(name)
			described.Document = []byte(fmt.Sprintf(`{"userName":%q}`, described.UserName))
			var pushed provision.Identity
			var in signin.SignedIn
			var errs [2]error
			var both sync.WaitGroup
			both.Go(func() {
				pushed, _, errs[0] = h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, described)
			})
			both.Go(func() { in, errs[1] = h.SignIn(provisiontest.LoginOf(name)) })
			both.Wait()
			h.Must(errors.Join(errs[0], errs[1]))
			if pushed.ID != in.Person.ID {
				t.Fatalf("%s is two people: %s pushed, %s signed in", name, pushed.ID, in.Person.ID)
			}
			now, err := h.Core.Directory.Identity(h.Context(), h.Conn.ID, pushed.ID)
			h.Must(err)
			if !now.SCIMManaged() || now.ExternalID != described.ExternalID {
				t.Fatalf("%s is not what SCIM says: %+v", name, now)
			}
		}
	})
}

// TestSharedExternalIDAtSignIn has logins bring an externalId that tells of nobody
// who they are: several people have it, or the identity provider gives it to
// others. Nobody is found by it, and nobody is made with it.
func TestSharedExternalIDAtSignIn(t *testing.T) {
	const objectID = "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"
	login := func(name, externalID string) provision.Login {
		l := provisiontest.LoginOf(name)
		l.ExternalID = externalID
		return l
	}
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		push := func(name, externalID string) provision.Identity {
			id := provisiontest.Someone(name)
			id.ExternalID = externalID
			made, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, id)
			h.Must(err)
			return made
		}
		ann, bo := push("ann", "same"), push("bo", "same")
		h.Refused(login("stranger", "same"), provision.RefusedTaken)
		for name, want := range map[string]provision.Identity{"ann": ann, "bo": bo} {
			for range 2 { // by the name, and then by the login
				in, err := h.SignIn(login(name, "same"))
				h.Must(err)
				if in.Person.ID != want.ID {
					t.Errorf("%s signed in as %s", name, in.Person.UserName)
				}
			}
		}
		h.SetStatus(bo.ID, provision.StatusSuspended)
		h.Refused(login("another", "same"), provision.RefusedTaken)
		h.Refused(login("bo", "same"), provision.RefusedSuspended)

		cy := push("cy", "alone") // at a generic identity provider, where an admin has named the claim
		in, err := h.SignIn(login("cy.renamed", "alone"))
		h.Must(err)
		if in.Person.ID != cy.ID {
			t.Errorf("by an externalId of their own: %+v", in.Person)
		}

		conn, err := h.Store.Connection(h.Context(), string(h.Conn.ID))
		h.Must(err)
		conn.IdP = provision.IdPEntra
		h.Must(h.Store.SaveConnection(h.Context(), conn))
		push("dee", "dee")
		h.Refused(login("newcomer", "dee"), provision.RefusedTaken)
		ed := push("ed", objectID)
		if in, err = h.SignIn(login("ed.renamed", objectID)); err != nil || in.Person.ID != ed.ID {
			t.Errorf("by an object id: %+v, %v", in.Person, err)
		}
	})
}

// TestUnicodeFormAtSignIn: a name that is spelt in composed or decomposed
// characters is one name; full-width letters, and letters in another case, are not
// for a sign-in to take for it.
func TestUnicodeFormAtSignIn(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		push := func(name string) provision.Identity {
			id := provisiontest.Someone("x")
			id.UserName, id.ExternalID, id.Profile.Email = name, "", ""
			made, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, id)
			h.Must(err)
			return made
		}
		jurgen := push("j\u00fcrgen@example.test")
		push("ada@example.test")
		login := func(name string) provision.Login {
			l := provisiontest.LoginOf("x")
			l.Subject, l.UserName = "sub "+name, name
			return l
		}
		in, err := h.SignIn(login("ju\u0308rgen@example.test"))
		h.Must(err)
		if in.Person.ID != jurgen.ID {
			t.Errorf("signed in as %s", in.Person.UserName)
		}
		h.Refused(login("J\u00dcRGEN@example.test"), provision.RefusedAddress)
		h.Refused(login("\uff41da@example.test"), provision.RefusedAddress)
	})
}
