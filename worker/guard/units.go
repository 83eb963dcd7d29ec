package guard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// unitsAge is how long it is taken for true what a desk calls its teams and
// mailboxes. A name that is not known is looked for again at once.
const unitsAge = 30 * time.Second

// units translates between the names of teams and mailboxes that rules have and
// those that a desk shows by now, by the id that stays. This is the one place
// where that is done: a run knows the rules' names alone, a connector the desk's.
// Where a desk has no ids, names are what they are.
type units struct {
	mu    sync.Mutex
	at    time.Time // when it was read; zero: never
	asked time.Time // when it was read for a name that was not known
	there []deskhealth.Unit
	known []deskhealth.KnownUnit
}

// refresh reads what the desk has, unless that was done less than age ago. When
// the desk does not say, what was known goes on to count: nobody's access waits
// for that.
func (s *Session) refresh(ctx context.Context, age time.Duration) error {
	numbered, ok := s.Desk.(desk.Numbered)
	u := &s.open.units
	u.mu.Lock()
	fresh := !u.at.IsZero() && time.Since(u.at) < age
	u.mu.Unlock()
	if !ok || fresh {
		return nil
	}
	began := time.Now()
	there, err := Ask(ctx, s, func(ctx context.Context) ([]deskhealth.Unit, error) {
		teams, mailboxes, err := numbered.Units(ctx)
		return slices.Concat(unitsOf(deskhealth.UnitTeam, teams), unitsOf(deskhealth.UnitMailbox, mailboxes)), err
	})
	if err != nil && (IsPaused(err) || ctx.Err() != nil) {
		return err
	}
	health, id := s.open.guard.health, s.open.settings.ID
	var known []deskhealth.KnownUnit
	if err == nil {
		known, err = health.RecognizeUnits(ctx, id, there)
	} else if known, err = health.KnownUnits(ctx, id); err == nil {
		there = nil
		for _, k := range known {
			there = append(there, deskhealth.Unit{Kind: k.Kind, ID: k.ID, Name: k.Shown})
		}
	}
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if began.After(u.at) {
		u.at, u.there, u.known = began, there, known
	}
	return nil
}

// unitsOf returns the units of a kind of which a name can mean one.
func unitsOf(kind deskhealth.UnitKind, list []desk.Unit) (units []deskhealth.Unit) {
	named := make(map[string]int)
	for _, u := range list {
		named[provision.Fold(u.Name)]++
	}
	for _, u := range list {
		if u.ID != "" && named[provision.Fold(u.Name)] == 1 {
			units = append(units, deskhealth.Unit{Kind: kind, ID: u.ID, Name: u.Name})
		}
	}
	return units
}

// onDesk returns what the desk calls units that rules call so. What was replaced
// by another unit of the name is a Permanent error.
func (s *Session) onDesk(kind deskhealth.UnitKind, names []string) ([]string, error) {
	u := &s.open.units
	u.mu.Lock()
	defer u.mu.Unlock()
	out := slices.Clone(names)
	for i, name := range names {
		k := slices.IndexFunc(u.known, func(k deskhealth.KnownUnit) bool {
			return k.Kind == kind && provision.Fold(k.Name) == provision.Fold(name)
		})
		switch {
		case k < 0:
		case u.known[k].Replaced():
			return nil, desk.NoPlace(desk.Permanent, name, "the %s %q that the rules mean is gone from the desk, and another one has its name; if that one is meant, run `deskbridge desk check %s --accept`", kind, name, s.open.settings.Name)
		case u.known[k].Shown != "":
			out[i] = u.known[k].Shown
		}
	}
	return out, nil
}

// inRules returns what rules call units that the desk calls so. known is false
// when a name is new since the units were read.
func (u *units) inRules(kind deskhealth.UnitKind, names []string) (out []string, known bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.known) == 0 {
		return names, true
	}
	out, known = slices.Clone(names), true
	for i, name := range names {
		at := slices.IndexFunc(u.there, func(t deskhealth.Unit) bool { return t.Kind == kind && provision.Fold(t.Name) == provision.Fold(name) })
		if at < 0 {
			known = false
			continue
		}
		for _, k := range u.known {
			switch {
			case k.Kind != kind:
			case k.ID == u.there[at].ID:
				out[i] = k.Name
			case provision.Fold(k.Name) == provision.Fold(name): // another one of the name
				out[i] = name + " (" + u.there[at].ID + ")"
			}
		}
	}
	slices.Sort(out)
	return out, known
}

// askEvery is how often a name that is not known has units read again.
const askEvery = 3 * time.Second

// reread is [Session.refresh] for a name that is not known; false when that was
// done a moment ago.
func (s *Session) reread(ctx context.Context) (bool, error) {
	u := &s.open.units
	u.mu.Lock()
	again := time.Since(u.asked) >= askEvery
	if again {
		u.asked = time.Now()
	}
	u.mu.Unlock()
	if !again {
		return false, nil
	}
	return true, s.refresh(ctx, 0)
}

// told makes a call that names units, once more with what the desk calls them by
// now when it has no such place. The place in an error is named as rules do.
func (s *Session) told(ctx context.Context, do func() error) error {
	if err := s.refresh(ctx, unitsAge); err != nil {
		return err
	}
	err := do()
	if e, ok := errors.AsType[*desk.Error](err); ok && e.Place != "" {
		if again, failed := s.reread(ctx); again && failed == nil {
			err = do()
		}
	}
	e, ok := errors.AsType[*desk.Error](err)
	if !ok || e.Place == "" {
		return err
	}
	lacking := *e
	lacking.Place = s.open.units.called(e.Place)
	return &lacking
}

// called returns what rules call a unit that the desk calls so.
func (u *units) called(shown string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, k := range u.known {
		if k.Renamed() && provision.Fold(k.Shown) == provision.Fold(shown) {
			return k.Name
		}
	}
	return shown
}

// user returns a user of the desk with the teams and mailboxes as rules name them.
func (s *Session) user(ctx context.Context, have *provision.DeskUser) (*provision.DeskUser, error) {
	if have == nil {
		return nil, nil
	}
	if err := s.refresh(ctx, unitsAge); err != nil {
		return nil, err
	}
	shown := *have
	for try := 0; ; try++ {
		teams, known := s.open.units.inRules(deskhealth.UnitTeam, have.Teams)
		mailboxes, knew := s.open.units.inRules(deskhealth.UnitMailbox, have.Mailboxes)
		shown.Teams, shown.Mailboxes = teams, mailboxes
		if known && knew || try > 0 {
			return &shown, nil
		}
		if again, err := s.reread(ctx); err != nil {
			return nil, err
		} else if !again {
			return &shown, nil
		}
	}
}

// move makes a change of teams or mailboxes, by the desk's names. To leave what
// another unit has replaced there is nothing to do; and what is joined by one name
// is not left by another.
func (s *Session) move(ctx context.Context, kind deskhealth.UnitKind, add, remove []string, do func(ctx context.Context, add, remove []string) error) error {
	if s.open.units.renamedInRules(kind, add) {
		if err := s.refresh(ctx, 0); err != nil {
			return err
		}
	}
	return s.told(ctx, func() error {
		join, err := s.onDesk(kind, add)
		if err != nil {
			return err
		}
		var leave []string
		for _, name := range remove {
			if there, err := s.onDesk(kind, []string{name}); err == nil && !provision.ContainsFold(join, there[0]) {
				leave = append(leave, there[0])
			}
		}
		return s.tell(ctx, func(ctx context.Context) error { return do(ctx, join, leave) })
	})
}

// renamedInRules reports whether one of names is what the desk calls a unit that
// rules called otherwise when the units were read: the rules have followed.
func (u *units) renamedInRules(kind deskhealth.UnitKind, names []string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.ContainsFunc(u.known, func(k deskhealth.KnownUnit) bool {
		return k.Kind == kind && k.Renamed() && provision.ContainsFold(names, k.Shown)
	})
}

// assignee returns who gets a conversation, by the desk's names.
func (s *Session) assignee(to desk.Assignee) (desk.Assignee, error) {
	if to.Team == "" {
		return to, nil
	}
	there, err := s.onDesk(deskhealth.UnitTeam, []string{to.Team})
	if err == nil {
		to.Team = there[0]
	}
	return to, err
}
