package worker

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// sweepPage is how many accounts are compared between two notes of how far a
// sweep is. Tests have fewer.
var sweepPage = 200

// progress notes how far the sweep is; it fails when another process has taken
// it over.
func (s *sweeper) progress(ctx context.Context, checked int) error {
	s.report.Checked += checked
	if s.opts.Progress != nil {
		s.opts.Progress(checked)
	}
	if s.opts.LookOnly {
		return nil
	}
	s.state.Checked += checked
	// To its end, once begun: cut short, it would leave open which lease is ours.
	noting, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	if err := s.core.DeskHealth.NoteSweep(noting, &s.state); err != nil {
		return err
	}
	return ctx.Err()
}

// inBulk reads the desk page by page, and then looks for accounts that no page
// has shown.
func (s *sweeper) inBulk(ctx context.Context, list func(context.Context, string) ([]provision.DeskUser, string, error)) error {
	seen := make(map[provision.AccountID]bool)
	if err := s.loadEnded(ctx); err != nil {
		return err
	}
	for cursor, more := "", true; more; more = cursor != "" {
		users, next, err := list(ctx, cursor)
		if cursor == "" && desk.KindOf(err) == desk.CannotDo { // no longer, as it turns out
			s.listing = nil
			return s.oneByOne(ctx)
		}
		if err != nil {
			return err
		}
		cursor = next
		if err := s.listing.Note(ctx, users); err != nil {
			return err
		}
		ids := make([]provision.DeskUserID, len(users))
		byID := make(map[provision.DeskUserID]*provision.DeskUser, len(users))
		for i := range users {
			ids[i] = users[i].ID
			byID[ids[i]] = &users[i]
		}
		runs, err := s.core.DeskHealth.SettledRuns(ctx, s.desk, deskhealth.SettledFilter{Users: ids})
		if err != nil {
			return err
		}
		fresh := 0
		held := make(map[provision.DeskUserID]provision.AccountID, len(runs))
		for i := range runs {
			v := &runs[i]
			held[v.Account.DeskUser] = v.Account.ID
			if seen[v.Account.ID] { // moved to a later page meanwhile
				continue
			}
			seen[v.Account.ID] = true
			fresh++
			s.count(v)
			if err := s.compare(ctx, v, byID[v.Account.DeskUser], false); err != nil {
				return err
			}
		}
		for i := range users {
			if held[users[i].ID] == "" {
				s.strangers.see(&users[i])
			}
		}
		if err := s.seats.Page(ctx, users, held); err != nil {
			return err
		}
		if err := s.progress(ctx, fresh); err != nil {
			return err
		}
	}
	for _, id := range s.strangers.found {
		if err := s.residual(ctx, id); err != nil {
			return err
		}
	}
	return s.eachPage(ctx, "", func(v *reconcile.Run) error {
		if !seen[v.Account.ID] {
			s.absent(v)
		}
		return nil
	}, func(runs []reconcile.Run) error {
		unseen := 0
		for i := range runs {
			if !seen[runs[i].Account.ID] {
				unseen++
			}
		}
		return s.progress(ctx, unseen)
	})
}

// oneByOne asks the desk for each account, and goes on where a sweep was cut
// short.
func (s *sweeper) oneByOne(ctx context.Context) error {
	err := s.eachPage(ctx, s.state.After, func(v *reconcile.Run) error {
		have, err := s.d.Find(ctx, desk.Key{ID: v.Account.DeskUser})
		if err != nil {
			return s.skip(v, err)
		}
		if have == nil {
			s.absent(v)
			if v.Ending() {
				return s.residual(ctx, v.Account.ID)
			}
			return nil
		}
		s.count(v)
		return s.compare(ctx, v, have, true)
	}, func(runs []reconcile.Run) error {
		s.state.After = runs[len(runs)-1].Account.ID
		return s.progress(ctx, len(runs))
	})
	if err != nil {
		return err
	}
	return s.eachEnded(ctx, func(a *provision.Account) error {
		if a.DeskUser != "" { // compared with the others
			return nil
		}
		return s.residual(ctx, a.ID)
	})
}

// eachPage calls each for every settled account after one, and then for the page.
func (s *sweeper) eachPage(ctx context.Context, after provision.AccountID, each func(*reconcile.Run) error, then func([]reconcile.Run) error) error {
	for {
		runs, err := s.core.DeskHealth.SettledRuns(ctx, s.desk, deskhealth.SettledFilter{After: after, Limit: sweepPage})
		if err != nil || len(runs) == 0 {
			return err
		}
		for i := range runs {
			if err := each(&runs[i]); err != nil {
				return err
			}
		}
		if err := then(runs); err != nil {
			return err
		}
		after = runs[len(runs)-1].Account.ID
	}
}
