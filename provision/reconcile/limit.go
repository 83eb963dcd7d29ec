package reconcile

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Limit is what mass-change protection allows a connection at a moment.
type Limit struct {
	Off      bool          // protection is switched off
	Most     int           // so many people may lose access within Window before an admin is asked
	Window   time.Duration // before now
	Lost     int           // people who have begun to lose access within it
	Explicit int           // of these, those who were suspended or removed
	Had      int           // people with confirmed access, those who lost it among them
	OnHold   bool          // accounts of the connection are on hold: whoever loses a group now is put on hold, too
}

// Hold is the beginning of a hold: what there is to say to an admin.
type Hold struct {
	Connection string // name
	Limit      Limit
	Cause      string // what an admin did, in words; "": the identity provider pushed it
}

// Words says what took access away.
func (h *Hold) Words() string { return pushedOr(h.Cause) }

// LimitOf returns what mass-change protection allows a connection now. A
// connection that does not exist yet has the limit of one without people.
func (s *Service) LimitOf(ctx context.Context, id provision.ConnectionID) (Limit, error) {
	conn, err := s.store.Connection(ctx, string(id))
	if provision.IsNotFound(err) {
		return Limit{Off: s.brakes.Off, Most: s.brakes.People, Window: s.brakes.Window}, nil
	}
	if err != nil {
		return Limit{}, err
	}
	return s.limit(ctx, s.store, conn, s.now())
}

// limit returns the limit for what was lost at a moment.
func (s *Service) limit(ctx context.Context, tx Store, conn provision.Connection, at time.Time) (Limit, error) {
	l, err := s.losses(ctx, tx, conn, at)
	if err != nil {
		return l, err
	}
	return l, s.most(ctx, tx, conn, &l)
}

// losses counts what was lost within the window before a moment, and after, when
// it is looked at late: the limit but for what depends on how many have access.
func (s *Service) losses(ctx context.Context, tx Store, conn provision.Connection, at time.Time) (l Limit, err error) {
	l = Limit{Off: s.brakes.Off, Window: s.brakes.Window, OnHold: conn.HeldAt != nil}
	since := at.Add(-s.brakes.Window)
	if conn.ReleasedAt != nil && conn.ReleasedAt.After(since) {
		since = *conn.ReleasedAt
	}
	l.Lost, l.Explicit, err = tx.CountLosses(ctx, conn.ID, since, at.Add(s.brakes.Window))
	return l, err
}

// most fills in how many have access, and how many of them may lose it.
func (s *Service) most(ctx context.Context, tx Store, conn provision.Connection, l *Limit) error {
	staying, err := tx.PeopleWithAccess(ctx, conn.ID)
	l.Had = staying + l.Lost
	l.Most = max(s.brakes.People, l.Had*s.brakes.Percent/100)
	return err
}
