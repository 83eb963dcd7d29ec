package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Why a sign-in is refused: the Field of the Denied error. Each stands in the
// audit log, and in docs/sign-in.md with what to do about it.
const (
	RefusedDisabled  = "disabled"   // sign-in through the connection is switched off
	RefusedSuspended = "suspended"  // the IdP suspended the person
	RefusedRemoved   = "removed"    // the IdP removed the person
	RefusedDomain    = "domain"     // the connection does not own the domain of the address
	RefusedAddress   = "address"    // no address, or one that cannot be compared safely
	RefusedUnproven  = "unverified" // the IdP does not vouch for the address
	RefusedTaken     = "taken"      // somebody else has the address or the user name
	RefusedUnknown   = "unknown"    // nobody is known by this login, and the connection makes nobody
	RefusedGroups    = "groups"     // in none of the groups that may sign in, or of no known group
)

func refuse(reason, format string, args ...any) *Error {
	return Errorf(Denied, reason, format, args...)
}

// SignedIn is the result of a sign-in.
type SignedIn struct {
	Person  Identity
	Created bool // made by this sign-in
	Linked  bool // found among those known, and bound to the login
}

// signInTries is how often a sign-in that lost a race looks again.
const signInTries = 3

// SignIn finds the person behind a verified login, or makes them when the
// connection may. It is the only door for sign-ins, and changes nothing of
// people whom SCIM describes. Whoever is suspended or removed is refused, and
// is never made again. A Denied error tells in Field why.
//
// The person is, in this order: whoever this login was before; whoever SCIM
// gave the configured externalId; whoever SCIM gave the user name; where the
// connection allows it, the only one with the verified address; somebody new.
func (s *Service) SignIn(ctx context.Context, conn ConnectionID, c Cause, l Login) (in SignedIn, err error) {
	err = s.again(func() error {
		return s.inTx(ctx, func(tx Store) error {
			d := door{Service: s, tx: tx, cause: c, login: l}
			var err error
			in, err = d.enter(ctx, conn)
			return err
		})
	})
	return in, err
}

// again does what a sign-in does until it has lost no race: somebody else may
// be making the same person.
func (s *Service) again(do func() error) (err error) {
	for range signInTries {
		if err = do(); !isConflict(err) {
			return err
		}
	}
	return refuse(RefusedTaken, "somebody else has the user name or the address of this login")
}

// Trial is what a sign-in would come to.
type Trial struct {
	SignedIn
	Access []TrialAccess // by desk name
}

// TrialAccess is what a sign-in would give on one desk.
type TrialAccess struct {
	Desk   string
	Access Access
}

// errTrial takes back what a trial has done.
var errTrial = errors.New("provision: a trial changes nothing")

// TrySignIn is SignIn, and takes everything back: for an admin who wants to see
// what a sign-in would do.
func (s *Service) TrySignIn(ctx context.Context, conn ConnectionID, c Cause, l Login) (t Trial, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		t = Trial{}
		d := door{Service: s, tx: tx, cause: c, login: l}
		var err error
		if t.SignedIn, err = d.enter(ctx, conn); err != nil {
			return err
		}
		groups, err := memberships(ctx, tx, conn, []IdentityID{t.Person.ID})
		if err != nil {
			return err
		}
		for _, id := range desksOf(d.rules, nil) {
			desk, err := tx.Desk(ctx, string(id))
			if err != nil {
				return err
			}
			t.Access = append(t.Access, TrialAccess{desk.Name, Evaluate(d.rules, t.Person, groups[t.Person.ID], id)})
		}
		slices.SortFunc(t.Access, func(a, b TrialAccess) int { return strings.Compare(a.Desk, b.Desk) })
		return errTrial
	})
	if errors.Is(err, errTrial) {
		err = nil
	}
	return t, err
}

// door is one sign-in inside its transaction.
type door struct {
	*Service
	tx    Store
	cause Cause
	login Login

	conn  Connection
	rules []Rule
	plain string    // the login's address in the form that is compared; "" when it gives none
	owned bool      // the connection owns its domain
	taken bool      // somebody else is known by it
	used  time.Time // when the login was last used; zero: never
}

func (d *door) enter(ctx context.Context, conn ConnectionID) (in SignedIn, err error) {
	if d.login.Issuer == "" || d.login.Subject == "" {
		return in, Errorf(Invalid, "subject", "a login needs an issuer and a subject")
	}
	if d.rules, err = d.tx.Rules(ctx, conn); err != nil {
		return in, err
	}
	if d.conn, err = d.tx.Connection(ctx, string(conn)); err != nil {
		return in, err
	}
	if d.conn.SignIn.Disabled {
		return in, refuse(RefusedDisabled, "sign-in through this connection is switched off")
	}
	if err := d.readAddress(ctx); err != nil {
		return in, err
	}
	person, linked, err := d.find(ctx)
	if err != nil {
		return in, err
	}
	if person == nil {
		made, err := d.make(ctx)
		if err != nil {
			return in, err
		}
		in = SignedIn{Person: made, Created: true, Linked: true}
	} else {
		if !person.Active() {
			return in, refuse(RefusedSuspended, "your account was suspended by your organisation")
		}
		if err := d.checkPlace(ctx, person); err != nil {
			return in, err
		}
		in = SignedIn{Person: *person, Linked: linked}
		if !person.Managed() {
			if in.Person, err = d.update(ctx, *person); err != nil {
				return in, err
			}
		}
	}
	return in, d.bind(ctx, in)
}

// readAddress brings the login's address into the form that is compared, and
// refuses one that another connection owns.
func (d *door) readAddress(ctx context.Context) error {
	if d.login.Email == "" {
		return nil
	}
	plain, ok := plainEmail(d.login.Email)
	if !ok {
		return refuse(RefusedAddress, "the identity provider gives an address that cannot be used")
	}
	d.plain = plain
	domain := domainOf(plain)
	if d.owned = slices.Contains(d.conn.Domains, domain); d.owned {
		return nil
	}
	owner, err := connectionOfDomain(ctx, d.tx, domain)
	if err == nil && owner.ID != d.conn.ID {
		return refuse(RefusedDomain, "addresses at this domain sign in elsewhere")
	}
	if isNotFound(err) {
		return nil
	}
	return err
}

// checkPlace refuses somebody who is known here by an address at a domain that
// another connection owns, whatever address the login gives: desks and proxies
// are told the one that is known.
func (d *door) checkPlace(ctx context.Context, person *Identity) error {
	own := func(domain string) bool { return slices.Contains(d.conn.Domains, domain) }
	if len(slices.DeleteFunc(person.domains(), own)) == 0 {
		return nil
	}
	all, err := d.tx.Connections(ctx)
	if err == nil && belongsElsewhere(person, all) {
		err = refuse(RefusedDomain, "addresses at this domain sign in elsewhere")
	}
	return err
}

// vouched reports whether the login's address can be taken as proven.
func (d *door) vouched() bool {
	switch d.login.Verified {
	case VerifiedYes:
		return d.plain != ""
	case VerifiedDomain:
		return d.owned
	}
	return false
}

// RecordRefusal notes in the audit log that a sign-in was refused: why, and
// under which reference the person was told so. detail holds no tokens and no
// addresses.
func (s *Service) RecordRefusal(ctx context.Context, conn ConnectionID, c Cause, reason string, detail map[string]any) error {
	entry := s.entry(c, conn, "login.refused", c.Request)
	entry.Detail = maps.Clone(detail)
	if entry.Detail == nil {
		entry.Detail = map[string]any{}
	}
	entry.Detail["reason"] = reason
	return s.record(ctx, s.store, entry)
}

// Unlink forgets the logins of a person, and ends their sessions: the next
// sign-in finds them as a first one does.
func (s *Service) Unlink(ctx context.Context, c Cause, person Identity) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.DeleteLogins(ctx, person.ID); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, c, SessionFilter{Identity: person.ID}, EndedByAdmin); err != nil {
			return err
		}
		return s.record(ctx, tx, s.entry(c, person.Connection, "login.unlinked", string(person.ID)))
	})
}

// SweepSignIns deletes what sign-in needs no more.
func (s *Service) SweepSignIns(ctx context.Context) error {
	now := s.now()
	return s.store.SweepSignIns(ctx, now, now.Add(-keepSessions))
}

// keepSessions is how long ended sessions can be looked at.
const keepSessions = 30 * 24 * time.Hour
