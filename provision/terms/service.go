package terms

import (
	"context"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Service keeps the terms of people. It is safe for concurrent use, by any number of
// processes on one database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	sessions    *session.Service
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, sessions *session.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, sessions: sessions, now: now}
}

// mostReason is how long the reason of a block may be, in bytes.
const mostReason = 500

// Block keeps somebody out until [Service.Unblock], whatever the identity provider
// says of them meanwhile: their sessions end in this transaction, and access ends on
// each desk as a leaver's does. Somebody who is removed is kept from coming back. A
// second block is a Conflict.
func (s *Service) Block(ctx context.Context, c provision.Cause, id provision.IdentityID, reason string) (provision.Identity, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > mostReason {
		return provision.Identity{}, provision.Errorf(provision.Invalid, "reason", "say in a few words why they are blocked, for whoever asks next year: up to %d bytes", mostReason)
	}
	if err := provision.CheckVisible("reason", reason); err != nil {
		return provision.Identity{}, err
	}
	return s.change(ctx, c, id, audit.PersonBlocked, func(t *provision.Terms, now time.Time) (map[string]any, error) {
		if t.Block != nil {
			return nil, provision.Errorf(provision.Conflict, "person", "they are blocked already, by %s since %s: %s", t.Block.By, t.Block.At.Format(time.DateOnly), t.Block.Reason)
		}
		t.Block = &provision.Block{At: now, By: c.Who(), Reason: reason}
		return nil, nil // why stands with the person: what is erased of them is not in the log
	})
}

// Unblock takes a block back: what the identity provider says counts again. Where
// there is none it is Invalid.
func (s *Service) Unblock(ctx context.Context, c provision.Cause, id provision.IdentityID) (provision.Identity, error) {
	return s.change(ctx, c, id, audit.PersonUnblocked, func(t *provision.Terms, _ time.Time) (map[string]any, error) {
		if t.Block == nil {
			return nil, provision.Errorf(provision.Invalid, "person", "they are not blocked; `deskbridge explain` says why somebody has no access")
		}
		detail := map[string]any{"blocked_at": t.Block.At, "blocked_by": t.Block.By}
		t.Block = nil
		return detail, nil
	})
}

// SetEnd says from when on somebody has no access; nil: it does not end by itself. A
// moment that has passed is Invalid: whoever is to be out at once is blocked.
func (s *Service) SetEnd(ctx context.Context, c provision.Cause, id provision.IdentityID, end *time.Time) (provision.Identity, error) {
	return s.change(ctx, c, id, audit.PersonEndSet, func(t *provision.Terms, now time.Time) (map[string]any, error) {
		if end == nil {
			if t.Until == nil {
				return nil, provision.Errorf(provision.Invalid, "until", "no end is set for them")
			}
			t.Until = nil
			return map[string]any{"until": "none"}, nil
		}
		if !end.After(now) {
			return nil, provision.Errorf(provision.Invalid, "until", "%s has passed; to end access at once, `deskbridge person block`", provision.LastDay(*end))
		}
		t.Until = &provision.End{At: *end, By: c.Who()}
		return map[string]any{"until": *end}, nil
	})
}

// change edits the terms of a person, and has what follows take place, in one
// transaction with the audit entry.
func (s *Service) change(ctx context.Context, c provision.Cause, id provision.IdentityID, action provision.Action, edit func(t *provision.Terms, now time.Time) (map[string]any, error)) (person provision.Identity, _ error) {
	found, err := s.store.AnyIdentity(ctx, id)
	if err != nil {
		return found, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		rules, err := tx.Rules(ctx, found.Connection)
		if err != nil {
			return err
		}
		if person, err = lock(ctx, tx, found); err != nil {
			return err
		}
		now := s.now()
		detail, err := edit(&person.Terms, now)
		if err != nil {
			return err
		}
		entry := s.audit.Entry(c, person.Connection, action, string(person.ID))
		entry.Detail = detail
		return s.save(ctx, tx, c, rules, &person, now, entry)
	})
	return person, err
}

// lock locks a person who is not forgotten.
func lock(ctx context.Context, tx Store, found provision.Identity) (provision.Identity, error) {
	people, err := tx.LockIdentities(ctx, found.Connection, []provision.IdentityID{found.ID})
	if err == nil && (len(people) == 0 || people[0].Forgotten()) {
		err = provision.Errorf(provision.NotFound, "person", "nothing is known of them any more")
	}
	if err != nil {
		return provision.Identity{}, err
	}
	return people[0], nil
}

// save writes the terms of person, who is locked, and has what follows take place:
// sessions of somebody whom they bar end, and access is evaluated.
func (s *Service) save(ctx context.Context, tx Store, c provision.Cause, rules []provision.Rule, person *provision.Identity, now time.Time, entries ...provision.Entry) error {
	person.TermsDue = person.Terms.Next(now)
	if err := tx.SaveTerms(ctx, person.ID, person.Terms, person.TermsDue); err != nil {
		return err
	}
	if err := s.audit.Record(ctx, tx, entries...); err != nil {
		return err
	}
	if person.Terms.Bars(now) {
		why := provision.EndedByEnd
		if person.Terms.Block != nil {
			why = provision.EndedByBlock
		}
		if err := s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Identity: person.ID}, why); err != nil {
			return err
		}
	}
	return s.entitlement.EvaluateIn(ctx, tx, c, person.Connection, rules, []provision.Identity{*person})
}
