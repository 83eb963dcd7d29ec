package guard

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

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
	reading *semaphore.Weighted // whoever holds it reads them

	mu    sync.Mutex
	at    time.Time // when they were read; zero: never
	asked time.Time // when they were read for a name that was not known

	ids    map[unitName][]string             // whose name it is on the desk; of a name that several have, all
	meant  map[unitName]deskhealth.KnownUnit // what a name means in rules
	named  map[unitID]string                 // what rules call a unit
	spoken map[provision.UnitKind]bool       // of which kinds rules name any
	absent map[unitName]bool                 // that the desk shows of users, and has not in its lists
	ranks  map[string]provision.Role         // what the desk's own roles amount to, by folded title there
}

// unitName is a folded name of a team or mailbox.
type unitName struct {
	kind provision.UnitKind
	name string
}

type unitID struct {
	kind provision.UnitKind
	id   string
}

func nameOf(kind provision.UnitKind, name string) unitName {
	return unitName{kind, provision.Fold(name)}
}

// fill takes down what was read at a time. Whoever calls it has u.mu.
func (u *units) fill(at time.Time, there []deskhealth.Unit, known []deskhealth.KnownUnit) {
	u.at, u.ids, u.meant = at, make(map[unitName][]string), make(map[unitName]deskhealth.KnownUnit)
	u.named, u.spoken = make(map[unitID]string), make(map[provision.UnitKind]bool)
	for _, t := range there {
		name := nameOf(t.Kind, t.Name)
		u.ids[name] = append(u.ids[name], t.ID)
		delete(u.absent, name)
	}
	for _, k := range known {
		u.meant[nameOf(k.Kind, k.Name)], u.named[unitID{k.Kind, k.ID}], u.spoken[k.Kind] = k, k.Name, true
	}
}

// refresh reads what the desk has, unless that was done less than age ago. When
// the desk does not say, what was known goes on to count: nobody's access waits
// for that. Of those who want it read at once, one does.
func (s *Session) refresh(ctx context.Context, age time.Duration) error {
	_, numbered := desk.As[desk.Numbered](s.Desk)
	_, roles := desk.As[desk.RoleChanger](s.Desk)
	u, wanted := &s.open.units, time.Now()
	if !numbered && !roles || u.readSince(wanted.Add(-age)) {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	if err := u.reading.Acquire(waiting, 1); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return &PausedError{Wait: longestWait, Reason: "another run is reading its teams and mailboxes"}
	}
	defer u.reading.Release(1)
	if u.readSince(wanted.Add(-age)) {
		return nil
	}
	return s.readUnits(ctx)
}

func (u *units) readSince(t time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.at.After(t)
}

func (s *Session) readUnits(ctx context.Context) error {
	began := time.Now()
	first := *s.options
	first.Priority = PriorityEnding // such runs may wait for what this one reads
	var ranks map[string]provision.Role
	there, err := Ask(ctx, &Session{Desk: s.Desk, open: s.open, options: &first}, func(ctx context.Context) (there []deskhealth.Unit, err error) {
		there, ranks, err = unitsThere(ctx, s.Desk)
		return there, err
	})
	s.options.Renewed = first.Renewed
	if err != nil && (IsPaused(err) || ctx.Err() != nil) {
		return err
	}
	health, id := s.open.guard.health, s.open.settings.ID
	var known []deskhealth.KnownUnit
	if err == nil {
		known, err = health.RecognizeUnits(ctx, id, there, s.handedOver()...)
	} else if known, err = health.KnownUnits(ctx, id); err == nil {
		there = lastSeen(known)
	}
	if err != nil {
		return err
	}
	u := &s.open.units
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fill(began, there, known)
	if ranks != nil {
		u.ranks = ranks
	}
	return nil
}

// unitsThere returns the units of a desk that have an id, and what its own roles
// amount to.
func unitsThere(ctx context.Context, d desk.Desk) (there []deskhealth.Unit, ranks map[string]provision.Role, err error) {
	if numbered, ok := desk.As[desk.Numbered](d); ok {
		teams, mailboxes, err := numbered.Units(ctx)
		if err != nil {
			return nil, nil, err
		}
		there = slices.Concat(unitsOf(provision.UnitTeam, teams), unitsOf(provision.UnitMailbox, mailboxes))
	}
	changer, ok := desk.As[desk.RoleChanger](d)
	if !ok {
		return there, nil, nil
	}
	roles, err := changer.Roles(ctx)
	if err != nil {
		return nil, nil, err
	}
	ranks = make(map[string]provision.Role, len(roles))
	for _, r := range roles {
		there = append(there, unitsOf(provision.UnitRole, []desk.Unit{{ID: r.ID, Name: r.Title}})...)
		ranks[provision.Fold(r.Title)] = r.Rank
	}
	return there, ranks, nil
}

// ranksInRules returns what the desk's own roles amount to, by folded name in rules;
// nil while that was never read.
func (u *units) ranksInRules() map[string]provision.Role {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ranks == nil {
		return nil
	}
	out := maps.Clone(u.ranks)
	for name, k := range u.meant {
		if rank, there := u.ranks[provision.Fold(k.Shown)]; there && name.kind == provision.UnitRole && !k.Replaced() {
			out[name.name] = rank
		}
	}
	return out
}

// lastSeen returns the units that a desk had when it was last read, as far as
// rules speak of them or of their names.
func lastSeen(known []deskhealth.KnownUnit) (there []deskhealth.Unit) {
	for _, k := range known {
		if k.Shown != "" {
			there = append(there, deskhealth.Unit{Kind: k.Kind, ID: k.ID, Name: k.Shown})
		}
	}
	for _, k := range known { // who has taken a name over may be known by another one
		other := deskhealth.Unit{Kind: k.Kind, ID: k.Other, Name: k.Name}
		if k.Other != "" && !slices.ContainsFunc(there, func(t deskhealth.Unit) bool { return t.Kind == other.Kind && t.ID == other.ID }) {
			there = append(there, other)
		}
	}
	return there
}

// unitsOf returns the units of a kind that have an id.
func unitsOf(kind provision.UnitKind, list []desk.Unit) (units []deskhealth.Unit) {
	for _, u := range list {
		if u.ID != "" {
			units = append(units, deskhealth.Unit{Kind: kind, ID: u.ID, Name: u.Name})
		}
	}
	return units
}

// handedOver returns the teams and mailboxes that the desk's hand_over names.
func (s *Session) handedOver() (units []deskhealth.Unit) {
	kind := s.Desk.Capabilities().ConversationsIn
	for mailbox, r := range s.open.settings.HandOver.Rules() {
		if mailbox != "" && kind != "" {
			units = append(units, deskhealth.Unit{Kind: kind, Name: mailbox})
		}
		if r.Team != "" {
			units = append(units, deskhealth.Unit{Kind: provision.UnitTeam, Name: r.Team})
		}
	}
	return units
}

// MailboxMeant returns what OpenConversations calls the mailbox that hand_over calls so.
func (s *Session) MailboxMeant(name string) string {
	kind, u := s.Desk.Capabilities().ConversationsIn, &s.open.units
	u.mu.Lock()
	_, meant := u.meant[nameOf(kind, name)]
	u.mu.Unlock()
	if meant {
		return name
	}
	names, _ := u.inRules(kind, []string{name})
	return names[0]
}

// onDesk returns what the desk calls units that rules call so. What was replaced
// by another unit of the name is an error of the kind that as says: what is read
// of it is not found, and what is to be done with it will never be.
func (s *Session) onDesk(as desk.Kind, kind provision.UnitKind, names []string) ([]string, error) {
	u := &s.open.units
	u.mu.Lock()
	defer u.mu.Unlock()
	out := slices.Clone(names)
	for i, name := range names {
		k, known := u.meant[nameOf(kind, name)]
		switch {
		case !known:
		case k.Replaced():
			return nil, desk.NoPlace(as, name, "the %s %q that the rules mean is gone from the desk, and another one has its name; if that one is meant, run `deskbridge desk check %s --accept`", kind, name, s.open.settings.Name)
		case k.Shown != "":
			out[i] = k.Shown
		}
	}
	return out, nil
}

// inRules returns what rules call units that the desk calls so. unknown are names
// that are new since the units were read.
func (u *units) inRules(kind provision.UnitKind, names []string) (out, unknown []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.spoken[kind] {
		return names, nil
	}
	out = slices.Clone(names)
	for i, name := range names {
		if len(u.ids[nameOf(kind, name)]) == 0 {
			if !u.absent[nameOf(kind, name)] {
				unknown = append(unknown, name)
			}
			continue
		}
		out[i] = u.called(kind, name)
	}
	slices.Sort(out)
	return out, unknown
}

// called returns what rules call the unit that the desk calls so. The id says
// which that is. Of several of the name it is the one that has it in rules, too.
func (u *units) called(kind provision.UnitKind, name string) string {
	ids := u.ids[nameOf(kind, name)]
	for _, id := range ids {
		if called, ok := u.named[unitID{kind, id}]; ok && (len(ids) == 1 || provision.Fold(called) == provision.Fold(name)) {
			return called
		}
	}
	if _, ok := u.meant[nameOf(kind, name)]; ok { // another one of the name
		return name + " (" + ids[0] + ")"
	}
	return name
}

// missed notes names that the desk shows of users and has not in its lists, such
// as those of what is closed: they are not looked for again until it has them.
func (u *units) missed(kind provision.UnitKind, names []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.absent == nil {
		u.absent = make(map[unitName]bool)
	}
	for _, name := range names {
		u.absent[nameOf(kind, name)] = true
	}
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
// now when it has no such place.
func (s *Session) told(ctx context.Context, do func() error) error {
	if err := s.refresh(ctx, unitsAge); err != nil {
		return err
	}
	err := do()
	if e, ok := errors.AsType[*desk.Error](err); ok && e.Place != "" {
		if again, failed := s.reread(ctx); again && failed == nil {
			return do()
		}
	}
	return err
}

// tellOf is [Session.tell] for a call that names units that rules call so as the
// desk does. The place in an error of the desk is named as rules do.
func (s *Session) tellOf(ctx context.Context, names, there []string, do func(ctx context.Context) error) error {
	err := s.tell(ctx, do)
	e, ok := errors.AsType[*desk.Error](err)
	if !ok || e.Place == "" {
		return err
	}
	lacking := *e
	if i := slices.IndexFunc(there, func(t string) bool { return provision.Fold(t) == provision.Fold(e.Place) }); i >= 0 {
		lacking.Place = names[i]
	}
	return &lacking
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
	var newTeams, newMailboxes, newRoles []string
	for try := 0; ; try++ {
		shown.Teams, newTeams = s.open.units.inRules(provision.UnitTeam, have.Teams)
		shown.Mailboxes, newMailboxes = s.open.units.inRules(provision.UnitMailbox, have.Mailboxes)
		shown.DeskRoles, newRoles = s.open.units.inRules(provision.UnitRole, have.DeskRoles)
		if len(newTeams)+len(newMailboxes)+len(newRoles) == 0 {
			return &shown, nil
		}
		if try > 0 {
			s.open.units.missed(provision.UnitTeam, newTeams)
			s.open.units.missed(provision.UnitMailbox, newMailboxes)
			s.open.units.missed(provision.UnitRole, newRoles)
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
func (s *Session) move(ctx context.Context, kind provision.UnitKind, add, remove []string, do func(ctx context.Context, add, remove []string) error) error {
	if s.open.units.renamedInRules(kind, add) {
		if err := s.refresh(ctx, 0); err != nil {
			return err
		}
	}
	return s.told(ctx, func() error {
		join, err := s.onDesk(desk.Permanent, kind, add)
		if err != nil {
			return err
		}
		names, there, leave := slices.Clone(add), slices.Clone(join), []string(nil)
		for _, name := range remove {
			if out, err := s.onDesk(desk.Permanent, kind, []string{name}); err == nil && !provision.ContainsFold(join, out[0]) {
				names, there, leave = append(names, name), append(there, out[0]), append(leave, out[0])
			}
		}
		return s.tellOf(ctx, names, there, func(ctx context.Context) error { return do(ctx, join, leave) })
	})
}

// renamedInRules reports whether one of names is what the desk calls a unit that
// rules called otherwise when the units were read: the rules have followed.
func (u *units) renamedInRules(kind provision.UnitKind, names []string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.ContainsFunc(names, func(name string) bool {
		if _, known := u.meant[nameOf(kind, name)]; known {
			return false // they speak of another one by it
		}
		return slices.ContainsFunc(u.ids[nameOf(kind, name)], func(id string) bool {
			called, ok := u.named[unitID{kind, id}]
			return ok && provision.Fold(called) != provision.Fold(name)
		})
	})
}

// assign makes a call that gives conversations to an assignee, by the desk's
// names.
func (s *Session) assign(ctx context.Context, to desk.Assignee, do func(ctx context.Context, to desk.Assignee) error) error {
	if to.Team == "" {
		return s.tell(ctx, func(ctx context.Context) error { return do(ctx, to) })
	}
	return s.told(ctx, func() error {
		names := []string{to.Team}
		there, err := s.onDesk(desk.Permanent, provision.UnitTeam, names)
		if err != nil {
			return err
		}
		return s.tellOf(ctx, names, there, func(ctx context.Context) error { return do(ctx, desk.Assignee{User: to.User, Team: there[0]}) })
	})
}
