package terms

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// byClock is who does what a date brings about.
var byClock = provision.Cause{Actor: "system", Action: "date"}

// passAtOnce is how many people one round sees to.
const passAtOnce = 1000

// Pass sees to the dates that have passed, of people and of rules: access that ended
// is ended, and whoever was away is back. It asks an index, and goes by the
// database's clock. One who cannot be seen to keeps no other from it. It returns how
// many dates these were.
func (s *Service) Pass(ctx context.Context) (n int, _ error) {
	var failed []error
	if n, err := s.readPushed(ctx); err != nil {
		failed = append(failed, fmt.Errorf("ends that identity providers give: %w, after %d people", err, n))
	}
	rules, err := s.store.DueRules(ctx, s.now())
	if err != nil {
		return 0, err
	}
	for _, r := range rules {
		seen, err := s.passRule(ctx, r)
		if n += seen; err != nil {
			failed = append(failed, fmt.Errorf("rule %s: %w", r.ID, err))
		}
	}
	people, err := s.store.DueTerms(ctx, s.now(), passAtOnce)
	if err != nil {
		return n, errors.Join(append(failed, err)...)
	}
	for _, p := range people {
		seen, err := s.passPerson(ctx, p)
		if n += seen; err != nil {
			failed = append(failed, fmt.Errorf("person %s: %w", p.ID, err))
		}
	}
	return n, errors.Join(failed...)
}

// passPerson sees to the dates of one person, unless another process has.
func (s *Service) passPerson(ctx context.Context, found provision.Identity) (n int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		n = 0
		rules, err := tx.Rules(ctx, found.Connection)
		if err != nil {
			return err
		}
		person, err := lock(ctx, tx, found)
		if provision.IsNotFound(err) {
			return nil
		}
		now := s.now()
		if err != nil || person.TermsDue == nil || person.TermsDue.After(now) {
			return err
		}
		var entries []provision.Entry
		note := func(action provision.Action, detail map[string]any) {
			e := s.audit.Entry(byClock, person.Connection, action, string(person.ID))
			e.Detail = detail
			entries = append(entries, e)
		}
		if t := &person.Terms; t.Ended(now) && !t.End().At.Before(*person.TermsDue) {
			note(audit.PersonEnded, map[string]any{"until": t.End().At, "set_by": t.End().By})
		}
		if t := &person.Terms; t.Away != nil && t.AwayAt(now) == nil {
			note(audit.PersonBack, map[string]any{"until": t.Away.Until})
			t.Away = nil
		}
		n = len(entries)
		return s.save(ctx, tx, byClock, rules, &person, now, entries...)
	})
	return n, err
}

// passRule has everybody evaluated whom a rule whose end has passed concerns, unless
// another process has.
func (s *Service) passRule(ctx context.Context, found provision.Rule) (n int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		n = 0
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		due, err := tx.DueRules(ctx, s.now())
		if err != nil {
			return err
		}
		at := slices.IndexFunc(due, func(r provision.Rule) bool { return r.ID == found.ID })
		if at < 0 {
			return nil
		}
		r := due[at]
		n = 1
		if err := tx.RuleSeen(ctx, r.ID); err != nil {
			return err
		}
		entry := s.audit.Entry(byClock, r.Connection, audit.RuleEnded, string(r.ID))
		entry.Desk = r.Desk
		entry.Detail = map[string]any{"when": r.String(), "until": *r.Until}
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return err
		}
		return s.entitlement.MarkDirty(ctx, tx, r.Connection, r.GroupID) // of a rule on an attribute: everybody
	})
	return n, err
}
