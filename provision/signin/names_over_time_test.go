package signin_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/signin"
)

// shared is two organisations that share a desk, each with an identity provider
// where people may write what they like into their address.
type shared struct {
	*provisiontest.Harness
	t       *rapid.T
	owner   provision.Connection // has proven the domain
	domain  string
	people  []*member
	leavers []*member
	users   map[provision.DeskUserID]string // whose each desk user is, by oid
	secrets map[string]*member
}

// member is one person of flesh and blood.
type member struct {
	conn          provision.ConnectionID
	oid           string
	externalID    string // the oid, or a nickname, which others have too
	name, address string // at the identity provider
	pushed        provision.IdentityID
	told          string // the userName that SCIM has told
	active        bool
}

// ok ends the test when err is another error than a conflict or a refusal; it
// reports whether there was none.
func (w *shared) ok(err error) bool {
	if e, is := errors.AsType[*provision.Error](err); is && (e.Code == provision.Conflict || e.Code == provision.Denied) {
		return false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return true
}

// name gives x another userName, which nobody else of their organisation has or
// had when SCIM last told, letter case aside, and any address, that of somebody with
// the same nickname, too.
func (w *shared) name(x *member, name, address string) {
	for _, y := range slices.Concat(w.people, w.leavers) {
		if y == x || y.conn != x.conn {
			continue
		}
		takes := func(theirs, new string) bool { return provision.Fold(theirs) == provision.Fold(new) }
		if takes(y.name, name) || takes(y.told, name) {
			return
		}
	}
	x.name, x.address = name, address
}

// push has SCIM tell what is true of x.
func (w *shared) push(x *member) {
	if x.name == "" {
		return
	}
	now := provision.Identity{UserName: x.name, ExternalID: x.externalID, Status: provision.StatusSuspended, Source: provision.SourceSCIM, Document: []byte(`{}`),
		Profile: provision.Profile{Email: x.address, GivenName: "G", FamilyName: "F", Title: x.oid}, Emails: []provision.Email{{Value: x.address, Primary: true}},
		Attributes: provision.Attributes{"roles": {"agent"}}}
	if x.active {
		now.Status = provision.StatusActive
	}
	if x.pushed == "" {
		made, _, err := w.Core.Directory.CreateIdentity(w.Context(), x.conn, provisiontest.ByTest, now)
		if w.ok(err) {
			for _, y := range slices.Concat(w.people, w.leavers) {
				if y.pushed == made.ID {
					w.t.Fatalf("%s (%s, %s) is made of %s (%s, %s)", x.name, x.oid, x.externalID, y.told, y.oid, y.externalID)
				}
			}
			x.pushed, x.told = made.ID, x.name
		}
		return
	}
	_, err := w.Core.Directory.UpdatePerson(w.Context(), x.conn, x.pushed, provisiontest.ByTest, func(id *provision.Identity) error {
		now.ID = id.ID
		*id = now
		return nil
	})
	if w.ok(err) {
		x.told = x.name
	}
}

// remove has x leave for good; who comes next is somebody else.
func (w *shared) remove(i int) {
	x := w.people[i]
	if x.pushed != "" {
		w.ok(w.Core.Directory.RemoveIdentity(w.Context(), x.conn, x.pushed, provisiontest.ByTest, nil))
	}
	if x.nickname() != "" {
		w.leavers = append(w.leavers, x)
	}
	w.people[i] = w.newcomer(x.conn, x.nickname())
}

// leave has SCIM suspend x for good. Who comes next has the nickname, and not the
// name.
func (w *shared) leave(i int) {
	x := w.people[i]
	if x.pushed == "" {
		return
	}
	x.active = false
	w.push(x)
	w.leavers = append(w.leavers, x)
	w.people[i] = w.newcomer(x.conn, x.nickname())
}

func (w *shared) newcomer(conn provision.ConnectionID, nick string) *member {
	x := &member{conn: conn, oid: uuid.NewString(), active: true}
	x.externalID = cmp.Or(nick, x.oid)
	return x
}

// nickname is x's externalId where it is not x's alone.
func (x *member) nickname() string {
	if x.externalID == x.oid {
		return ""
	}
	return x.externalID
}

func (w *shared) signIn(x *member) {
	if x.name == "" {
		return
	}
	l := provisiontest.LoginOf("x")
	l.Protocol, l.Subject, l.UserName, l.Email, l.Verified = provision.ProtocolSAML, x.name, x.name, x.address, provision.VerifiedDomain
	l.ExternalID = x.nickname()
	in, _, secret, err := w.Core.SignIn.SignIn(w.Context(), x.conn, provisiontest.ByTest, signin.SignInRequest{Login: l})
	if !w.ok(err) {
		return
	}
	if in.Person.Profile.Title != x.oid {
		w.t.Fatalf("%s (%s) signed in as %s (%s)", x.name, x.oid, in.Person.UserName, in.Person.Profile.Title)
	}
	w.secrets[secret] = x
}

// deskUser returns the user of an account as the desk shows it.
func (w *shared) deskUser(key desk.Key) *provision.DeskUser {
	connector, err := w.Desks.Connector(w.Desk)
	w.ok(err)
	u, err := connector.Find(w.Context(), key)
	w.ok(err)
	return u
}

// check looks whom each session is, whose each desk user is, and by what names
// sign-in would tell the desk of each person.
func (w *shared) check(*rapid.T) {
	for secret, x := range w.secrets {
		_, person, _, err := w.Core.Sessions.Session(w.Context(), secret)
		if !w.ok(err) {
			delete(w.secrets, secret)
		} else if person.Profile.Title != x.oid {
			w.t.Fatalf("a session of %s is now one of %s", x.oid, person.Profile.Title)
		}
	}
	called := make(map[string]string) // who is called what
	for _, x := range w.people {
		if x.pushed == "" {
			continue
		}
		accounts, err := w.Store.AccountsOf(w.Context(), []provision.IdentityID{x.pushed})
		w.ok(err)
		if len(accounts) == 0 {
			continue
		}
		own := accounts[0].DeskUser
		if own != "" {
			if whose := w.users[own]; whose != "" && whose != x.oid {
				w.t.Fatalf("desk user %s of %s is now %s's", own, whose, x.oid)
			}
			w.users[own] = x.oid
		}
		entry, err := w.Core.DeskSessions.EntryOf(w.Context(), w.Desk, x.pushed)
		if !w.ok(err) {
			continue
		}
		shown := w.deskUser(desk.Key{ID: own})
		if shown == nil || provision.Fold(shown.Email) != provision.Fold(entry.Names.Email) {
			w.t.Fatalf("the desk is told that %s is %+v, and shows %+v", x.oid, entry.Names, shown)
		}
		for _, name := range entry.Names.Held(&w.Desk) {
			if whose := called[name]; whose != "" {
				w.t.Fatalf("the desk is told that both %s and %s are %s", whose, x.oid, name)
			}
			called[name] = x.oid
			if u := w.deskUser(desk.Key{Email: name}); u != nil && u.ID != own {
				w.t.Fatalf("the desk is told that %s is %s, who is its user %s, and theirs is %s", x.oid, name, u.ID, own)
			}
		}
		if x.conn != w.owner.ID && strings.HasSuffix(provision.Fold(shown.Email), "@"+w.domain) {
			w.t.Fatalf("%s of another connection has an account as %s", x.oid, shown.Email)
		}
	}
}

// enter has everybody who is signed in go to the desk: they are told of as
// themselves or not at all.
func (w *shared) enter() {
	for secret, x := range w.secrets {
		session, person, _, err := w.Core.Sessions.Session(w.Context(), secret)
		if !w.ok(err) {
			continue
		}
		_, entry, err := w.Core.DeskSessions.Enter(w.Context(), provisiontest.ByTest, w.Desk, session, provision.ProtocolSAML, nil)
		if !w.ok(err) {
			continue
		}
		if whose := w.users[w.deskUser(desk.Key{Email: entry.Names.Email}).ID]; whose != x.oid || person.Profile.Title != x.oid {
			w.t.Fatalf("%s entered as %+v, who is %s", x.oid, entry.Names, whose)
		}
	}
}

// TestNobodyGetsAnothersName plays pushes, renames, recycled addresses, sign-ins and
// reconcile runs in any order, with two connections that share a desk: nobody gets
// somebody else's session, account or name there, and what sign-in would tell of
// somebody is what the desk shows of their own account.
func TestNobodyGetsAnothersName(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		round := 0
		provisiontest.Few(h.T, func(rt *rapid.T) {
			round++
			w := &shared{Harness: h, t: rt, domain: fmt.Sprintf("r%d.example.test", round), users: map[provision.DeskUserID]string{}, secrets: map[string]*member{}}
			var err error
			h.Desk, err = h.Core.Settings.AddDesk(h.Context(), provisiontest.ByTest, provision.Desk{Name: fmt.Sprintf("desk-%d", round), Kind: builtin.Kind,
				SignIn: protocol.DeskSignIn{SAML: &protocol.DeskSAML{EntityID: fmt.Sprintf("urn:desk-%d", round), ACSURL: "https://desk.example.test/acs", NameID: protocol.FieldUserName}}})
			h.Must(err)
			h.ReconcileAll() // opens the desks
			for i := range 2 {
				c, _, err := h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest, provision.Connection{Name: fmt.Sprintf("round-%d-%d", round, i), IdP: provision.IdPEntra})
				h.Must(err)
				c.SignIn.JIT = &provision.JIT{}
				nick := ""
				if i == 1 {
					nick = "ada"
				}
				if i == 0 {
					c.Domains = []string{w.domain}
					w.owner = c
				}
				h.Must(h.Store.SaveConnection(h.Context(), c))
				_, err = h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: c.ID, Desk: h.Desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
				h.Must(err)
				for range 2 {
					w.people = append(w.people, w.newcomer(c.ID, nick))
				}
			}
			names := []string{"n0@" + w.domain, "n1@mail.example.test", "N1@mail.example.test", "n2@mail.example.test", "n3@mail.example.test", "n4@mail.example.test", "n5@mail.example.test", "short"}
			somebody := func(rt *rapid.T) *member { return w.people[rapid.IntRange(0, len(w.people)-1).Draw(rt, "who")] }
			on := func(do func(rt *rapid.T)) func(rt *rapid.T) {
				return func(rt *rapid.T) {
					w.t = rt
					do(rt)
				}
			}
			rt.Repeat(map[string]func(*rapid.T){
				"name and push": on(func(rt *rapid.T) {
					x := somebody(rt)
					w.name(x, rapid.SampledFrom(names).Draw(rt, "name"), rapid.SampledFrom(names[:len(names)-1]).Draw(rt, "address"))
					w.push(x)
				}),
				"name": on(func(rt *rapid.T) {
					w.name(somebody(rt), rapid.SampledFrom(names).Draw(rt, "name"), rapid.SampledFrom(names[:len(names)-1]).Draw(rt, "address"))
				}),
				"suspend or restore": on(func(rt *rapid.T) {
					x := somebody(rt)
					x.active = !x.active
					w.push(x)
				}),
				"leave":     on(func(rt *rapid.T) { w.leave(rapid.IntRange(0, len(w.people)-1).Draw(rt, "who")) }),
				"remove":    on(func(rt *rapid.T) { w.remove(rapid.IntRange(0, len(w.people)-1).Draw(rt, "who")) }),
				"push":      on(func(rt *rapid.T) { w.push(somebody(rt)) }),
				"sign in":   on(func(rt *rapid.T) { w.signIn(somebody(rt)) }),
				"reconcile": on(func(*rapid.T) { w.ReconcileAll() }),
				"enter":     on(func(*rapid.T) { w.enter() }),
				"":          on(w.check),
			})
		})
	})
}
