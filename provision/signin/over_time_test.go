package signin_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/signin"
)

// world is what is true at the identity provider, and what SCIM has told of it.
type world struct {
	*provisiontest.Harness
	conn     provision.ConnectionID
	named    bool // the subject is the userName, and not an identifier for ever
	external bool // a login brings the externalId
	nicks    bool // the externalId is a nickname, which several may have, and new people get from those who left
	people   []*human
	leavers  []*human          // whom SCIM has suspended
	secrets  map[string]*human // of open sessions
}

// human is one person of flesh and blood.
type human struct {
	oid, sub string
	nick     string
	name     string // at the identity provider; "" when it has deleted them
	pushed   provision.IdentityID
	told     string // the name that SCIM has told
}

// login is what the identity provider says of x.
func (w *world) login(x *human) provision.Login {
	l := provisiontest.LoginOf("x")
	l.Protocol, l.Subject, l.UserName, l.Email = provision.ProtocolSAML, x.sub, x.name, x.name
	l.Verified, l.Profile = provision.VerifiedDomain, provision.Profile{Title: x.oid}
	if w.named {
		l.Subject = x.name
	}
	if w.external || w.nicks {
		l.ExternalID = w.externalID(x)
	}
	return l
}

func (w *world) externalID(x *human) string {
	if w.nicks {
		return x.nick
	}
	return x.oid
}

// owner returns whose identity that is, by SCIM; nil when it is nobody's.
func (w *world) owner(id provision.Identity) *human {
	for _, x := range slices.Concat(w.people, w.leavers) {
		if id.SCIMManaged() && id.Profile.Title == x.oid {
			return x
		}
	}
	return nil
}

// free reports whether a name can be given to x: nobody has it, and, unless
// logins bring more than names, SCIM knows that nobody has it.
func (w *world) free(x *human, name string) bool {
	for _, y := range slices.Concat(w.people, w.leavers) {
		if y != x && (y.name == name || !w.external && y.told == name) {
			return false
		}
	}
	return true
}

// push has SCIM tell what is true of x.
func (w *world) push(t *rapid.T, x *human) {
	var err error
	switch {
	case x.name == "" && x.pushed == "":
		return
	case x.name == "":
		err = w.Core.Directory.RemoveIdentity(w.Context(), w.conn, x.pushed, provisiontest.ByTest, nil)
		x.pushed, x.told = "", ""
	case x.pushed == "":
		var made provision.Identity
		made, _, err = w.Core.Directory.CreateIdentity(w.Context(), w.conn, provisiontest.ByTest, w.described(x))
		if provision.IsConflict(err) {
			return // the name is still somebody else's, as SCIM has it
		}
		for _, y := range slices.Concat(w.people, w.leavers) {
			if err == nil && y.pushed == made.ID {
				t.Fatalf("%s (%s, %s) is made of %s (%s, %s)", x.name, x.oid, x.nick, y.told, y.oid, y.nick)
			}
		}
		x.pushed, x.told = made.ID, x.name
	default:
		_, err = w.Core.Directory.UpdatePerson(w.Context(), w.conn, x.pushed, provisiontest.ByTest, func(id *provision.Identity) error {
			now := w.described(x)
			id.UserName, id.Profile, id.Emails, id.Source, id.ExternalID = now.UserName, now.Profile, now.Emails, provision.SourceSCIM, now.ExternalID
			return nil
		})
		if provision.IsConflict(err) {
			return
		}
		x.told = x.name
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) described(x *human) provision.Identity {
	return provision.Identity{UserName: x.name, ExternalID: w.externalID(x), Status: provision.StatusActive, Document: []byte(`{}`),
		Profile: provision.Profile{Email: x.name, Title: x.oid}, Emails: []provision.Email{{Value: x.name, Primary: true}}}
}

// signIn signs x in: as themselves, as somebody whom SCIM does not know, or not
// at all.
func (w *world) signIn(t *rapid.T, x *human) {
	if x.name == "" {
		return
	}
	in, _, secret, err := w.Core.SignIn.SignIn(w.Context(), w.conn, provisiontest.ByTest, signin.SignInRequest{Login: w.login(x)})
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.Denied {
		if w.external && x.pushed != "" {
			t.Fatalf("%s, whose externalId SCIM knows, is refused: %v", x.name, err)
		}
		if x.told == x.name && w.owns(x) && !w.external && w.named {
			t.Fatalf("%s, whose name SCIM knows, is refused: %v", x.name, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if whose := w.owner(in.Person); whose != nil && whose != x {
		t.Fatalf("%s (%s) signed in as %s (%s)", x.name, x.oid, in.Person.UserName, whose.oid)
	}
	w.secrets[secret] = x
}

// leave has SCIM suspend x, for good; who comes next is another, with the same
// nickname and a name of their own.
func (w *world) leave(t *rapid.T, who int) {
	x := w.people[who]
	if x.pushed == "" {
		return
	}
	if _, err := w.Core.Directory.UpdatePerson(w.Context(), w.conn, x.pushed, provisiontest.ByTest, func(id *provision.Identity) error {
		id.Status = provision.StatusSuspended
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	x.name = ""
	w.leavers = append(w.leavers, x)
	w.people[who] = newHuman(x.nick)
}

func newHuman(nick string) *human {
	return &human{oid: uuid.NewString(), sub: "sub-" + uuid.NewString(), nick: nick}
}

// owns reports whether the person of x's name at SCIM is x.
func (w *world) owns(x *human) bool {
	for _, y := range w.people {
		if y != x && y.told == x.name {
			return false
		}
	}
	return x.pushed != ""
}

// check looks whom each open session is.
func (w *world) check(t *rapid.T) {
	for secret, x := range w.secrets {
		_, person, _, err := w.Core.Sessions.Session(w.Context(), secret)
		if err != nil {
			delete(w.secrets, secret)
			continue
		}
		if whose := w.owner(person); whose != nil && whose != x {
			t.Fatalf("a session of %s (%s) is now one of %s (%s)", x.name, x.oid, person.UserName, whose.oid)
		}
	}
}

// TestNobodyGetsAnothersSession plays pushes and sign-ins in any order, while
// people are renamed, removed and made again, and names go from one to another.
func TestNobodyGetsAnothersSession(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		round := 0
		for _, kind := range []struct {
			name                   string
			named, external, nicks bool
		}{
			{"names alone", true, false, false}, {"names with an externalId", true, true, false},
			{"identifiers alone", false, false, false}, {"identifiers with an externalId", false, true, false},
			{"names with a nickname", true, false, true}, {"identifiers with a nickname", false, false, true},
		} {
			provisiontest.Few(t, func(rt *rapid.T) {
				round++
				conn, _, err := h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest,
					provision.Connection{Name: fmt.Sprintf("round-%d", round), IdP: provision.IdPEntra})
				h.Must(err)
				conn.Domains, conn.SignIn.JIT = []string{fmt.Sprintf("r%d.example.test", round)}, &provision.JIT{Create: rapid.Bool().Draw(rt, "jit")}
				h.Must(h.Store.SaveConnection(h.Context(), conn))
				w := &world{Harness: h, conn: conn.ID, named: kind.named, external: kind.external, nicks: kind.nicks, secrets: map[string]*human{}}
				for i := range 3 {
					w.people = append(w.people, newHuman("nick"+strconv.Itoa(i/2)))
				}
				names := 2
				if kind.nicks {
					names = 5 // those of leavers are given to nobody
				}
				rt.Repeat(map[string]func(*rapid.T){
					"name": func(rt *rapid.T) { // or make
						x := w.people[rapid.IntRange(0, 2).Draw(rt, "who")]
						name := fmt.Sprintf("n%d@%s", rapid.IntRange(0, names).Draw(rt, "name"), conn.Domains[0])
						if w.free(x, name) {
							x.name = name
						}
					},
					"delete": func(rt *rapid.T) {
						who := rapid.IntRange(0, 2).Draw(rt, "who")
						x := w.people[who]
						if x.name = ""; !w.external {
							w.push(rt, x)
						}
						if rapid.Bool().Draw(rt, "another") { // who comes back is somebody else
							w.push(rt, x)
							w.people[who] = newHuman(x.nick)
						}
					},
					"leave": func(rt *rapid.T) {
						if who := rapid.IntRange(0, 2).Draw(rt, "who"); w.nicks {
							w.leave(rt, who)
						}
					},
					"push":    func(rt *rapid.T) { w.push(rt, w.people[rapid.IntRange(0, 2).Draw(rt, "who")]) },
					"sign in": func(rt *rapid.T) { w.signIn(rt, w.people[rapid.IntRange(0, 2).Draw(rt, "who")]) },
					"":        w.check,
				})
			})
			if t.Failed() {
				t.Log(kind.name)
				return
			}
		}
	})
}
