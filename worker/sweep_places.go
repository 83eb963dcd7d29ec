package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// fewLost people may be shown without a team or mailbox before a sweep asks
// itself whether it was shown all of it; with more of them, half of all who
// should be in it may.
const fewLost = 2

// place is a team or a mailbox, its name without regard to letter case.
type place struct{ what, name string }

// places are the teams and mailboxes of which sweeps must not believe at once
// that everybody has left them.
type places struct {
	wanted map[place]int // how many should be there
	lost   map[place]int // how many of them are not shown there
	spelt  map[place]string
	held   []heldDrift // differences of those, until all is known
}

type heldDrift struct {
	run   *reconcile.Run
	found deskhealth.Drift
}

// want counts who should be in which place.
func (p *places) want(v *reconcile.Run) {
	if p.wanted == nil {
		p.wanted, p.lost, p.spelt = make(map[place]int), make(map[place]int), make(map[place]string)
	}
	for what, names := range map[string][]string{"team": v.Account.Desired.Teams, "mailbox": v.Account.Desired.Mailboxes, "role": v.Account.Desired.DeskRoles} {
		for _, name := range names {
			m := place{what, provision.Fold(name)}
			p.wanted[m]++
			p.spelt[m] = name
		}
	}
}

// missingFrom returns the places that somebody is not shown in.
func missingFrom(found deskhealth.Drift) (out []place) {
	for _, w := range found.Writes {
		what := map[reconcile.WriteKind]string{reconcile.WriteTeams: "team", reconcile.WriteMailboxes: "mailbox", reconcile.WriteDeskRoles: "role"}[w.Kind]
		if what == "" {
			continue
		}
		for _, name := range w.Names("add") {
			out = append(out, place{what, provision.Fold(name)})
		}
	}
	return out
}

// hold keeps back a difference that may be a list cut short.
func (p *places) hold(v *reconcile.Run, found deskhealth.Drift) bool {
	missing := missingFrom(found)
	for _, m := range missing {
		p.lost[m]++
	}
	if len(missing) > 0 {
		p.held = append(p.held, heldDrift{v, found})
	}
	return len(missing) > 0
}

// doubtful reports whether most who should be in a place are not shown there.
func (p *places) doubtful(m place) bool { return p.lost[m] > max(fewLost, p.wanted[m]/2) }

// heldBack deals with the differences that were held back, when all is known:
// where most people have lost the same team or mailbox at once, the desk may
// have shown half of it, and an admin is asked once.
func (s *sweeper) heldBack(ctx context.Context) error {
	var odd []string
	for m := range s.places.lost {
		if s.places.doubtful(m) {
			odd = append(odd, fmt.Sprintf("%d of %d people are not shown in %s %q any more", s.places.lost[m], s.places.wanted[m], m.what, s.places.spelt[m]))
		}
	}
	for _, h := range s.places.held {
		if slices.ContainsFunc(missingFrom(h.found), s.places.doubtful) {
			continue
		}
		if err := s.drifted(ctx, h.run, h.found, s.report.Repaired); err != nil {
			return err
		}
	}
	if len(odd) == 0 {
		return nil
	}
	slices.Sort(odd)
	return desk.Errorf(desk.Permanent, "%s: does %s show all of it? Look there; if it is so, run `deskbridge desk sweep %s --force`", strings.Join(odd, ", "), s.desk.Name, s.desk.Name)
}

// strangers are the accounts whose access has ended, by address and by id, to
// find out who is on the desk in their name.
type strangers struct {
	byEmail map[string]provision.AccountID
	byID    map[provision.AccountID]bool
	found   []provision.AccountID
}

// loadEnded reads the accounts whose access has ended.
func (s *sweeper) loadEnded(ctx context.Context) error {
	s.strangers = strangers{byEmail: make(map[string]provision.AccountID), byID: make(map[provision.AccountID]bool)}
	return s.eachEnded(ctx, func(a *provision.Account) error {
		s.strangers.byID[a.ID] = true
		for _, email := range addresses(a) {
			if at := provision.Fold(email); email == a.Profile.Email || s.strangers.byEmail[at] == "" {
				s.strangers.byEmail[at] = a.ID
			}
		}
		return nil
	})
}

func (s *sweeper) eachEnded(ctx context.Context, each func(a *provision.Account) error) error {
	for after := provision.AccountID(""); ; {
		ended, err := s.core.DeskHealth.Ended(ctx, s.desk.ID, after, sweepPage)
		if err != nil || len(ended) == 0 {
			return err
		}
		for i := range ended {
			if err := each(&ended[i]); err != nil {
				return err
			}
		}
		after = ended[len(ended)-1].ID
	}
}

// see notes a user of a list, whom no settled account holds, when the user is in
// the desk in the name of somebody whose access has ended.
func (t *strangers) see(u *provision.DeskUser) {
	id := provision.AccountID(u.ExternalID)
	if !t.byID[id] {
		id = t.byEmail[provision.Fold(u.Email)]
	}
	if u.Active && id != "" && !slices.Contains(t.found, id) {
		t.found = append(t.found, id)
	}
}

// residual has an account reconciled whose access has ended when somebody is on
// the desk in the person's name. That changes nothing on the desk: an admin is
// asked. What a list says may be old, so the desk is asked for this one.
func (s *sweeper) residual(ctx context.Context, id provision.AccountID) error {
	v, err := s.core.DeskHealth.EndedRun(ctx, s.desk, id)
	if provision.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var keys []desk.Key
	for _, email := range addresses(&v.Account) {
		keys = append(keys, desk.Key{Email: email})
	}
	if v.Account.DeskUser == "" {
		keys = append(keys, desk.Key{ExternalID: string(id)})
	}
	for _, key := range keys {
		u, err := s.d.Find(ctx, key)
		if err != nil {
			return s.skip(&v, err)
		}
		if u == nil || u.ID == v.Account.DeskUser {
			continue
		}
		around, err := s.around(&v)
		if err == nil {
			err = strange(&v, u, around)
		}
		if attention, ok := errors.AsType[*reconcile.AttentionError](err); ok {
			return s.drifted(ctx, &v, deskhealth.Drift{Account: id, Desk: s.desk.ID, Reason: attention.Log()}, !s.opts.LookOnly)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
