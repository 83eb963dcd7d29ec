package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// named is a house with a second connection, other, whose people get accounts on
// the same desk by the same rule.
type named struct {
	*provisiontest.Harness
	other provision.Connection
}

func eachNamed(t *testing.T, test func(h *named)) {
	t.Helper()
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		other, _, err := h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
		h.Must(err)
		_, err = h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: other.ID, Desk: h.Desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
		h.Must(err)
		test(&named{h, other})
	})
}

// from pushes somebody with access from a connection.
func (h *named) from(c provision.Connection, userName, email string) provision.Identity {
	h.Helper()
	id := provisiontest.Someone(userName, "agent")
	id.UserName, id.Profile.Email = userName, email
	made, _, err := h.Core.Directory.CreateIdentity(h.Context(), c.ID, provisiontest.ByTest, id)
	h.Must(err)
	return made
}

// edit has SCIM change somebody, and the desk follow.
func (h *named) edit(id provision.Identity, change func(*provision.Identity)) {
	h.Helper()
	_, err := h.Core.Directory.UpdatePerson(h.Context(), id.Connection, id.ID, provisiontest.ByTest, func(i *provision.Identity) error { change(i); return nil })
	h.Must(err)
	h.ReconcileAll()
}

func email(to string) func(*provision.Identity) {
	return func(i *provision.Identity) { i.Profile.Email = to }
}

// is fails the test unless the person's account is in this state, for this reason,
// and the desk knows them by these names.
func (h *named) is(id provision.Identity, state provision.AccountState, code provision.ReasonCode, names provision.DeskNames) provision.Account {
	h.Helper()
	a := h.Account(id.ID)
	if a.State != state || a.ReasonCode != code || a.Names != names {
		h.Errorf("%s is %s %q (%s), known as %+v; want %s %q, %+v", id.UserName, a.State, a.ReasonCode, a.Reason, a.Names, state, code, names)
	}
	return a
}

// shown returns the user with an address as the desk has it.
func (h *named) shown(address string) *provision.DeskUser {
	h.Helper()
	connector, err := h.Desks.Connector(h.Desk)
	h.Must(err)
	u, err := connector.Find(h.Context(), desk.Key{Email: address})
	h.Must(err)
	return u
}

func (h *named) seats() int {
	h.Helper()
	n, err := h.Store.SeatsTaken(h.Context(), h.Desk.ID)
	h.Must(err)
	return n
}

// goesByUserName has the desk told userNames.
func (h *named) goesByUserName() {
	h.Helper()
	h.Desk.SignIn.SAML = &protocol.DeskSAML{EntityID: "urn:desk", ACSURL: "https://desk.example.test/acs", NameID: protocol.FieldUserName}
	h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
}

func called(address, userName string) provision.DeskNames {
	return provision.DeskNames{Email: address, UserName: userName}
}

// TestNamesAreThoseConfirmed gives somebody the address of another by SCIM: the
// desk goes on knowing each by their own.
func TestNamesAreThoseConfirmed(t *testing.T) {
	eachNamed(t, func(h *named) {
		ceo := h.from(h.Conn, "ceo@okta.example.test", "ceo@okta.example.test")
		mal := h.from(h.Conn, "mal@okta.example.test", "mal@okta.example.test")
		h.ReconcileAll()
		eve := h.from(h.other, "eve", "CEO@okta.example.test")
		h.edit(mal, email("ceo@okta.example.test"))
		h.is(ceo, provision.AccountReady, "", called("ceo@okta.example.test", "ceo@okta.example.test"))
		h.is(mal, provision.AccountNeedsAttention, provision.ReasonNameTaken, called("mal@okta.example.test", "mal@okta.example.test"))
		a := h.is(eve, provision.AccountNeedsAttention, provision.ReasonUserTaken, provision.DeskNames{})
		if !strings.Contains(a.Reason, "was made by Deskbridge for a person of another connection, acme") || strings.Contains(a.Reason, "--adopt") || a.RetryAt == nil {
			h.Errorf("reason %q, retry at %v", a.Reason, a.RetryAt)
		}
		h.edit(mal, email("m@okta.example.test"))
		h.is(mal, provision.AccountReady, "", called("m@okta.example.test", "mal@okta.example.test"))
		h.edit(mal, func(i *provision.Identity) { i.UserName = "m@okta.example.test" })
		h.is(mal, provision.AccountReady, "", called("m@okta.example.test", "m@okta.example.test"))
	})
}

// TestUserNameIsOnes pushes one userName from two connections to a desk that is
// told userNames, and to one that is not.
func TestUserNameIsOnes(t *testing.T) {
	eachNamed(t, func(h *named) {
		one := h.from(h.Conn, "first.user", "a@one.example.test")
		two := h.from(h.other, "First.User", "a@two.example.test")
		h.ReconcileAll()
		h.is(one, provision.AccountReady, "", called("a@one.example.test", "first.user"))
		h.is(two, provision.AccountReady, "", called("a@two.example.test", "First.User"))

		h.goesByUserName()
		one = h.from(h.Conn, "root.user", "r@one.example.test")
		h.ReconcileAll()
		two = h.from(h.other, "Root.User\u200d", "r@two.example.test")
		three := h.from(h.other, "r@one.example.test", "") // another's address as a userName
		h.ReconcileAll()
		h.is(one, provision.AccountReady, "", called("r@one.example.test", "root.user"))
		h.is(two, provision.AccountNeedsAttention, provision.ReasonNameTaken, provision.DeskNames{})
		h.is(three, provision.AccountNeedsAttention, provision.ReasonNameTaken, provision.DeskNames{})
		if h.shown("r@two.example.test") != nil {
			h.Error("the second has a desk user")
		}
		h.edit(one, func(i *provision.Identity) { i.UserName = "root" })
		h.ReconcileAll() // whoever waited for the name is looked at at once
		h.is(two, provision.AccountReady, "", called("r@two.example.test", "Root.User\u200d"))
	})
}

// TestNamesGoRound passes addresses on: the desk knows each by what it shows of
// them, at every step.
func TestNamesGoRound(t *testing.T) {
	eachNamed(t, func(h *named) {
		b := h.from(h.Conn, "b", "x@one.example.test")
		a := h.from(h.Conn, "a", "a@one.example.test")
		h.ReconcileAll()
		_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, b.ID, provisiontest.ByTest, func(i *provision.Identity) error { i.Profile.Email = "a@one.example.test"; return nil })
		h.Must(err)
		h.edit(a, email("a2@one.example.test")) // after b's turn
		h.is(a, provision.AccountReady, "", called("a2@one.example.test", "a"))
		h.ReconcileAll()
		h.is(b, provision.AccountReady, "", called("a@one.example.test", "b"))

		// Somebody leaves, and their address goes to a newcomer.
		h.edit(b, func(i *provision.Identity) { i.Status = provision.StatusSuspended })
		h.is(b, provision.AccountEnded, "", called("a@one.example.test", "b")) // their user is there, if deactivated
		c := h.from(h.other, "c", "a@one.example.test")
		h.ReconcileAll()
		account := h.is(c, provision.AccountNeedsAttention, provision.ReasonUserTaken, provision.DeskNames{})
		if !strings.Contains(account.Reason, "whose access has ended") {
			h.Errorf("reason %q", account.Reason)
		}
		connector, err := h.Desks.Connector(h.Desk)
		h.Must(err)
		h.Must(connector.Delete(h.Context(), h.shown("a@one.example.test").ID)) // an admin does as the reason says
		h.ReconcileAll()
		h.Offset.Add(int64(11 * time.Minute))
		_, err = h.Core.Reconcile.CatchUp(h.Context(), 0)
		h.Must(err)
		h.ReconcileAll()
		h.is(c, provision.AccountReady, "", called("a@one.example.test", "c"))
	})
}

// TestDomainOfAnotherConnection pushes people with names at a domain that another
// connection has proven to own.
func TestDomainOfAnotherConnection(t *testing.T) {
	eachNamed(t, func(h *named) {
		_, err := h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, "acme.example")
		h.Must(err)
		early := h.from(h.other, "early", "early@acme.example") // claimed is not proven
		h.ReconcileAll()
		h.is(early, provision.AccountReady, "", called("early@acme.example", "early"))
		h.Must(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, "acme.example", nil))

		thief := h.from(h.other, "thief", "boss@acme.example")
		byName := h.from(h.other, "boss2@ACME.example", "b@two.example.test")
		h.ReconcileAll()
		for _, id := range []provision.Identity{thief, byName} {
			a := h.is(id, provision.AccountNeedsAttention, provision.ReasonDomain, provision.DeskNames{})
			if !strings.Contains(a.Reason, "acme.example") || !strings.Contains(a.Reason, "verified for connection acme") || a.Seat {
				h.Errorf("reason %q, seat %v", a.Reason, a.Seat)
			}
		}
		if h.shown("boss@acme.example") != nil || h.shown("b@two.example.test") != nil {
			h.Error("a desk user was made")
		}
		boss := h.from(h.Conn, "boss@acme.example", "boss@acme.example")
		h.ReconcileAll()
		h.is(boss, provision.AccountReady, "", called("boss@acme.example", "boss@acme.example"))

		// The other connection's leaver takes nothing of the boss's along.
		h.edit(thief, func(i *provision.Identity) { i.Status = provision.StatusSuspended })
		if u := h.shown("boss@acme.example"); u == nil || !u.Active {
			h.Errorf("the boss's user is %+v", u)
		}
		h.edit(byName, email("early@acme.example"))
		h.edit(early, func(i *provision.Identity) { i.Status = provision.StatusSuspended }) // its own
		if u := h.shown("early@acme.example"); u == nil || u.Active {
			h.Errorf("the leaver's user is %+v", u)
		}
	})
}

// TestMadeForAnotherConnection has the owner of a domain come after another
// connection's person has an account under an address there.
func TestMadeForAnotherConnection(t *testing.T) {
	eachNamed(t, func(h *named) {
		thief := h.from(h.other, "thief", "boss@acme.example")
		h.ReconcileAll()
		h.Open(nil, "acme.example")
		boss := h.from(h.Conn, "boss@acme.example", "boss@acme.example")
		h.ReconcileAll()
		waits := func() {
			h.Helper()
			a := h.is(boss, provision.AccountNeedsAttention, provision.ReasonUserTaken, provision.DeskNames{})
			if !strings.Contains(a.Reason, "was made by Deskbridge for a person of another connection, other") || strings.Contains(a.Reason, "adopt") {
				h.Errorf("reason %q", a.Reason)
			}
			if n := h.seats(); n != 1 || a.Seat {
				h.Errorf("%d seats are taken, by the second too: %v", n, a.Seat)
			}
		}
		waits()
		_, err := h.Core.Reconcile.Retry(h.Context(), provisiontest.ByTest, provision.AccountFilter{}, h.Account(boss.ID).ID, true)
		h.Must(err)
		h.ReconcileAll()
		waits()
		h.edit(boss, func(i *provision.Identity) { i.Status = provision.StatusSuspended })
		if u := h.shown("boss@acme.example"); u == nil || !u.Active {
			h.Errorf("whose user it is not has ended it: %+v", u)
		}
		h.edit(boss, func(i *provision.Identity) { i.Status = provision.StatusActive })
		h.edit(thief, email("thief@two.example.test")) // as the reason says
		h.is(thief, provision.AccountReady, "", called("thief@two.example.test", "thief"))
		_, err = h.Core.Reconcile.Retry(h.Context(), provisiontest.ByTest, provision.AccountFilter{Desk: h.Desk.ID}, "", false)
		h.Must(err)
		h.ReconcileAll()
		h.is(boss, provision.AccountReady, "", called("boss@acme.example", "boss@acme.example"))
		if n := h.seats(); n != 2 {
			h.Errorf("%d seats are taken", n)
		}
	})
}

// TestNameTakenAtTheLastMoment confirms two people under one name, as a desk would
// show that takes any: the second gets nothing of the first's.
func TestNameTakenAtTheLastMoment(t *testing.T) {
	eachNamed(t, func(h *named) {
		one, two := h.from(h.Conn, "one", "one@example.test"), h.from(h.other, "two", "two@example.test")
		for i, id := range []provision.Identity{one, two} {
			run, err := h.Core.Reconcile.Begin(h.Context(), h.Account(id.ID).ID)
			h.Must(err)
			user := provision.DeskUser{ID: provision.DeskUserID(id.UserName), Email: []string{"same@example.test", "Same@example.test"}[i], Active: true, Role: provision.RoleAgent}
			h.Must(run.Claim(h.Context(), user.ID, provision.OriginMade))
			h.Must(run.Confirm(h.Context(), &user))
		}
		h.is(one, provision.AccountReady, "", called("same@example.test", "one"))
		a := h.is(two, provision.AccountNeedsAttention, provision.ReasonNameTaken, provision.DeskNames{})
		if a.Confirmed.Status == provision.AccessActive || a.LeaseUntil != nil {
			h.Errorf("confirmed %+v, lease %v", a.Confirmed, a.LeaseUntil)
		}
		two.Status = provision.StatusSuspended // and their access ends all the same
		h.Offset.Add(int64(11 * time.Minute))
		_, err := h.Core.Directory.UpdatePerson(h.Context(), h.other.ID, two.ID, provisiontest.ByTest, func(i *provision.Identity) error { i.Status = provision.StatusSuspended; return nil })
		h.Must(err)
		run, err := h.Core.Reconcile.Begin(h.Context(), a.ID)
		h.Must(err)
		h.Must(run.Confirm(h.Context(), &provision.DeskUser{ID: "two", Email: "same@example.test"}))
		h.is(two, provision.AccountEnded, "", provision.DeskNames{})
	})
}
