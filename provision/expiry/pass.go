package expiry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/validity"
)

const day = 24 * time.Hour

// byClock is who does what time brings about.
var byClock = provision.Cause{Actor: "system", Action: "sign-in expiry"}

// passAtOnce is how many people one round sees to.
const passAtOnce = 1000

// Notice is how long before their sign-in expires an admin is told of somebody, and
// after how long without any sign-in a connection counts as silent: a quarter of the
// expiry, and a week at most.
func Notice(expiry time.Duration) time.Duration { return min(expiry/4, 7*day) }

// Pass has the sign-ins expire of those who have not signed in for as long as their
// connection allows, and returns how many these were. It asks each connection with such
// a setting for those who are near it. One who cannot be seen to keeps no other from it.
func (s *Service) Pass(ctx context.Context) (n int, _ error) {
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, conn := range connections {
		if conn.Removal != provision.RemovalNone {
			continue
		}
		seen, err := s.passConnection(ctx, conn)
		if n += seen; err != nil {
			failed = append(failed, fmt.Errorf("connection %s: %w", conn.Name, err))
		}
	}
	return n, errors.Join(failed...)
}

func (s *Service) passConnection(ctx context.Context, conn provision.Connection) (n int, _ error) {
	if conn.SignIn.Recheck == 0 {
		if err := s.store.DropGrantsOf(ctx, conn.ID); err != nil {
			return 0, err
		}
	}
	if conn.SignIn.Expiry == 0 {
		return 0, nil
	}
	w, err := s.watch(ctx, conn)
	if err != nil || w.silent(conn, s.now()) || w.Since.Add(Notice(w.Expiry)).After(s.now()) {
		return 0, err
	}
	people, err := s.store.SignInOnly(ctx, conn.ID, s.now().Add(-w.Expiry), passAtOnce)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, p := range people {
		done, err := s.expire(ctx, p.Person, validity.ExpiryUnused, func(tx Store) (bool, error) { return s.unused(ctx, tx, p.Person.ID, w) })
		if err != nil {
			failed = append(failed, fmt.Errorf("person %s: %w", p.Person.ID, err))
		}
		if done {
			n++
		}
	}
	return n, errors.Join(failed...)
}

// watch brings what is kept of a connection up to date, and returns it.
func (s *Service) watch(ctx context.Context, conn provision.Connection) (w Watch, err error) {
	before, err := s.store.Watch(ctx, conn.ID)
	if err != nil && !provision.IsNotFound(err) {
		return w, err
	}
	isNew := err != nil
	w = Watch{Expiry: conn.SignIn.Expiry, Since: before.Since}
	if w.Last, err = s.store.LastSignIn(ctx, conn.ID); err != nil {
		return w, err
	}
	switch {
	case isNew || w.Expiry < before.Expiry: // nobody was told yet
		w.Since = s.now()
	case w.Last.Sub(before.Last) > Notice(w.Expiry): // nobody could sign in until then, as it seems
		w.Since = w.Last
	}
	if !isNew && w == before {
		return w, nil
	}
	return w, s.store.SaveWatch(ctx, conn.ID, w)
}

// silent reports whether nobody of the connection has signed in for so long that the
// fault may lie with the identity provider, or with us.
func (w Watch) silent(conn provision.Connection, now time.Time) bool {
	return conn.SignIn.Disabled || now.Sub(w.Last) > Notice(w.Expiry)
}

// ends returns when the sign-in of somebody expires who was last vouched for at a moment.
func (w Watch) ends(seen time.Time) time.Time {
	at := seen.Add(w.Expiry)
	if notice := w.Since.Add(Notice(w.Expiry)); notice.After(at) {
		return notice
	}
	return at
}

// unused reports whether a person has still not signed in. They are locked.
func (s *Service) unused(ctx context.Context, tx Store, id provision.IdentityID, w Watch) (bool, error) {
	seen, _, err := vouched(ctx, tx, id)
	return !w.ends(seen).After(s.now()), err
}

// vouched returns when somebody was last vouched for, and whether the identity provider
// can be asked about them.
func vouched(ctx context.Context, tx Store, id provision.IdentityID) (at time.Time, asked bool, _ error) {
	logins, err := tx.LoginsOf(ctx, id)
	if err != nil {
		return at, false, err
	}
	grants, err := tx.GrantsOf(ctx, id)
	if err != nil {
		return at, false, err
	}
	for _, l := range logins {
		if l.UsedAt.After(at) {
			at = l.UsedAt
		}
	}
	for _, g := range grants {
		if g.VouchedAt.After(at) {
			at = g.VouchedAt
		}
	}
	if at.IsZero() { // an admin has unlinked their login
		person, err := tx.AnyIdentity(ctx, id)
		return person.CreatedAt, false, err
	}
	return at, len(grants) > 0, nil
}

// expire has somebody's sign-in expire, in one transaction: their sessions end, and
// access ends on each desk as a leaver's does, within mass-change protection. holds is
// asked once they are locked whether they still have to.
func (s *Service) expire(ctx context.Context, found provision.Identity, why validity.Expiry, holds func(tx Store) (bool, error)) (done bool, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		done = false
		rules, err := tx.Rules(ctx, found.Connection)
		if err != nil {
			return err
		}
		people, err := tx.LockIdentities(ctx, found.Connection, []provision.IdentityID{found.ID})
		if err != nil || len(people) == 0 {
			return err
		}
		person := people[0]
		still, err := holds(tx)
		if err != nil || !still || person.SCIMManaged() || !person.Active() || person.Terms.SignInExpired != nil {
			return err
		}
		now := s.now()
		person.Terms.SignInExpired = &validity.SignInExpired{At: now, Why: why}
		if err := tx.SaveTerms(ctx, person.ID, person.Terms, person.TermsDue); err != nil {
			return err
		}
		entry := s.audit.Entry(byClock, person.Connection, audit.PersonExpired, string(person.ID))
		entry.Detail = map[string]any{"why": why}
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return err
		}
		if err := s.sessions.EndIn(ctx, tx, byClock, provision.SessionFilter{Identity: person.ID}, provision.EndedByExpiry); err != nil {
			return err
		}
		if err := tx.DropGrants(ctx, person.ID); err != nil {
			return err
		}
		done = true
		return s.entitlement.EvaluateIn(ctx, tx, byClock, person.Connection, rules, []provision.Identity{person})
	})
	return done && err == nil, err
}
