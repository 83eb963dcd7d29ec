package seat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// State says how somebody uses their seat on a desk.
type State string

// The states. Only idle and never say that somebody does not use it.
const (
	Active  State = "active"
	Joined  State = "new"     // they have had the seat for less than the time
	Away    State = "away"    // an admin has said that they are
	Idle    State = "idle"    // last seen there longer ago than the time
	Never   State = "never"   // the desk says that they have never signed in, in all the time
	Unknown State = "unknown" // nobody can tell
)

// Unused reports whether the state says that the seat is not used.
func (s State) Unused() bool { return s == Idle || s == Never }

// By says whose word it is that somebody was last seen at a moment.
type By string

// Whose it is.
const (
	ByDeskItself By = "desk"    // the desk's: whatever way they came in
	BySignIn     By = "sign-in" // ours: they signed in there through Deskbridge. Who comes in another way is not seen
)

// Holder is somebody with a paid seat on a desk, and how they use it.
type Holder struct {
	Account provision.Account
	Person  provision.Identity
	State   State
	Last    *time.Time // when they were last seen there; nil: never, or nobody knows
	By      By         // whose word that is
	Told    bool       // the desk itself tells when they were there, and would know of other ways in
	Since   time.Time  // since when they have had the seat, or were away no more
	Why     string     // what is known, as half a sentence
	Except  string     // the group for which the desk's policy leaves them alone; ""
}

// Idle returns everybody with a paid seat on a desk, those who have not used it for the
// longest first, and whoever nobody knows anything of last. after is the time without
// activity after which somebody is idle; 0: what the desk's policy says, else
// [seating.DefaultAfter].
func (s *Service) Idle(ctx context.Context, desk provision.Desk, after time.Duration) ([]Holder, error) {
	j, err := s.judge(ctx, s.store, desk, after)
	if err != nil {
		return nil, err
	}
	accounts, err := s.store.AccountsWhere(ctx, provision.AccountFilter{Desk: desk.ID}, 0)
	if err != nil {
		return nil, err
	}
	accounts = slices.DeleteFunc(accounts, func(a provision.Account) bool { return !paid(&desk, &a) })
	told, err := s.store.DeskActivity(ctx, desk.ID)
	if err != nil {
		return nil, err
	}
	var out []Holder
	for some := range slices.Chunk(accounts, peopleAtOnce) {
		ids := make([]provision.IdentityID, len(some))
		for i, a := range some {
			ids[i] = a.Identity
		}
		people, err := s.store.PeopleByID(ctx, ids)
		if err != nil {
			return nil, err
		}
		byID := make(map[provision.IdentityID]provision.Identity, len(people))
		for _, p := range people {
			byID[p.ID] = p
		}
		if err := j.recall(ctx, some, told); err != nil {
			return nil, err
		}
		for _, a := range some {
			activity, known := told[a.ID]
			h, err := j.holder(ctx, a, byID[a.Identity], activity, known)
			if err != nil {
				return nil, err
			}
			out = append(out, h)
		}
	}
	slices.SortStableFunc(out, func(a, b Holder) int { return cmp.Or(cmp.Compare(order(a), order(b)), compareLast(a, b)) })
	return out, nil
}

// peopleAtOnce is how many people one statement reads.
const peopleAtOnce = 500

// order says which states come first in a list.
func order(h Holder) int {
	return slices.Index([]State{Never, Idle, Away, Active, Joined, Unknown}, h.State)
}

func compareLast(a, b Holder) int {
	if a.Last == nil || b.Last == nil {
		return a.Since.Compare(b.Since)
	}
	return a.Last.Compare(*b.Last)
}

// paid reports whether the desk has shown that a takes a seat that costs something, or
// of which nobody knows what it costs.
func paid(desk *provision.Desk, a *provision.Account) bool {
	c := a.Confirmed
	if c.Status != provision.AccessActive || c.Role.Rank() == 0 || a.State == provision.AccountEnded {
		return false
	}
	return !desk.Price.Known() || !desk.Price.Monthly(c.Role == provision.RoleLimited).Zero()
}

// judgement is what is known of a desk before single people are looked at.
type judgement struct {
	*Service
	store  Store
	desk   provision.Desk
	after  time.Duration
	now    time.Time
	recent map[provision.IdentityID]time.Time         // who signed in within after
	past   map[provision.IdentityID][]provision.Entry // what [judgement.recall] has read of people
}

// judge begins to judge who is idle on a desk. store may be a transaction.
func (s *Service) judge(ctx context.Context, store Store, desk provision.Desk, after time.Duration) (*judgement, error) {
	j := &judgement{Service: s, store: store, desk: desk, after: cmp.Or(after, desk.Idle.After, seating.DefaultAfter), now: s.now()}
	var err error
	j.recent, err = store.SignInsSince(ctx, desk.ID, j.now.Add(-j.after))
	return j, err
}

// holder says how somebody of whom [judgement.recall] has read uses a seat.
func (j *judgement) holder(ctx context.Context, a provision.Account, p provision.Identity, told Activity, known bool) (Holder, error) {
	h := Holder{Account: a, Person: p, Since: a.CreatedAt, Told: known}
	h.see(told.Last, ByDeskItself)
	h.see(j.recent[a.Identity], BySignIn)
	if h.Last != nil && j.now.Sub(*h.Last) < j.after {
		h.State, h.Why = Active, "seen there within the time"
		return h, nil
	}
	j.history(&h)
	lapse := func(until time.Time) time.Duration { // without activity, as far as the desk has been asked
		if h.Last != nil {
			return until.Sub(*h.Last)
		}
		return until.Sub(h.Since)
	}
	switch {
	case h.Last != nil && j.now.Sub(*h.Last) < j.after:
		h.State, h.Why = Active, "seen there within the time"
	case p.Terms.AwayAt(j.now) != nil:
		h.State, h.Why = Away, "an admin has said that they are away"
	case j.now.Sub(h.Since) < j.after:
		h.State, h.Why = Joined, "they have had the seat, or were back, for less than the time"
	case known && lapse(told.ToldAt) < j.after:
		h.State, h.Why = Unknown, "the desk was last asked on "+told.ToldAt.UTC().Format(time.DateOnly)+", when they were not idle yet"
	case known && h.Last == nil:
		h.State, h.By, h.Why = Never, ByDeskItself, "the desk says that they have never signed in"
	case known:
		h.State, h.Why = Idle, "the desk tells of nothing since"
	case h.Last != nil:
		h.State, h.Why = Idle, "no sign-in through Deskbridge since; the desk itself does not tell"
	default:
		h.State, h.Why = Unknown, "the desk does not tell, and they have never signed in there through Deskbridge"
	}
	if !h.State.Unused() || len(j.desk.Idle.Except) == 0 {
		return h, nil
	}
	var err error
	h.Except, err = j.excepted(ctx, &p)
	return h, err
}

// see notes when somebody was seen, by whose word, if that is the last time.
func (h *Holder) see(at time.Time, by By) {
	if !at.IsZero() && (h.Last == nil || at.After(*h.Last)) {
		h.Last, h.By = &at, by
	}
}

// history says, by what [judgement.recall] has read, since when somebody has had the
// seat, and when they last signed in there through us.
func (j *judgement) history(h *Holder) {
	had := false
	for _, e := range j.past[h.Person.ID] {
		if e.Action == audit.PersonBack {
			h.Since = e.At
		}
		if e.Desk != h.Account.Desk {
			continue
		}
		switch e.Action {
		case audit.DeskSessionSignedIn:
			h.see(e.At, BySignIn)
		case audit.AccountConfirmed:
			if !had {
				h.Since = e.At
			}
			had = true
		case audit.SeatGivenBack:
			h.Since = e.At
		case audit.AccountEnded:
			had = false
		}
	}
}

// ofSeats are the entries that tell since when somebody has had a seat, and used it.
var ofSeats = []provision.Action{audit.AccountConfirmed, audit.AccountEnded, audit.SeatGivenBack, audit.DeskSessionSignedIn, audit.PersonBack}

// recall reads at once what [judgement.history] asks of those who are not seen to use
// their seat: up to [peopleAtOnce] people.
func (j *judgement) recall(ctx context.Context, accounts []provision.Account, told map[provision.AccountID]Activity) error {
	j.past = make(map[provision.IdentityID][]provision.Entry)
	var of []string
	for _, a := range accounts {
		if !j.within(told[a.ID].Last) && !j.within(j.recent[a.Identity]) {
			of = append(of, string(a.Identity))
		}
	}
	if len(of) == 0 {
		return nil
	}
	entries, err := j.store.EntriesOf(ctx, of, ofSeats)
	for _, e := range entries {
		j.past[provision.IdentityID(e.Subject)] = append(j.past[provision.IdentityID(e.Subject)], e)
	}
	return err
}

// within reports whether a moment is less than the time ago after which somebody is idle.
func (j *judgement) within(at time.Time) bool { return !at.IsZero() && j.now.Sub(at) < j.after }

// each calls fn for every entry that f selects, by time and id.
func each(ctx context.Context, store Store, f audit.Filter, fn func(provision.Entry)) error {
	var after audit.Place
	for {
		entries, err := store.FindEntries(ctx, f, after, entriesAtOnce)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			fn(e)
			after = audit.Place{At: e.At, ID: e.ID}
		}
	}
}

// entriesAtOnce is how many entries one statement reads.
const entriesAtOnce = 1000

// excepted returns the group for which the desk's policy leaves somebody alone, as the
// policy calls it; "" when none does. Where the policy names a group that there is not,
// they are left alone, too: it may have another name by now.
func (j *judgement) excepted(ctx context.Context, p *provision.Identity) (string, error) {
	groups, err := entitlement.Memberships(ctx, j.store, p.Connection, []provision.IdentityID{p.ID})
	if err != nil {
		return "", err
	}
	in := slices.Concat(groups[p.ID], p.Claimed())
	for _, name := range j.desk.Idle.Except {
		if slices.ContainsFunc(in, func(m provision.Membership) bool { return provision.SameWord(name, m.Name) }) {
			return name, nil
		}
	}
	for _, name := range j.desk.Idle.Except {
		if _, err := j.store.GroupByName(ctx, p.Connection, name); provision.IsNotFound(err) {
			return fmt.Sprintf("%s, which is not known", name), nil
		} else if err != nil {
			return "", err
		}
	}
	return "", nil
}
