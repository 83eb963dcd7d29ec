package seat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
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

// Question asks who has a paid seat on a desk, and how they use it.
type Question struct {
	After  time.Duration // without activity, after which somebody is idle; 0: what the desk's policy says, else [seating.DefaultAfter]
	Unused bool          // only those who do not use it
	Begin  Place         // the page begins behind it; zero: with the first
	Limit  int           // how many at most; 0: all
}

// Page is one page of those with a paid seat.
type Page struct {
	Holders []Holder // those who have not used it for the longest first, and whoever nobody knows anything of last
	More    int      // how many come behind the page
	Next    Place    // what the next page begins behind, where there are more
	Unknown int      // with a paid seat, on whatever page: of whom nobody can tell
}

// Place is a place in the order of holders.
type Place struct {
	Order   int
	At      time.Time
	Account provision.AccountID
}

// Idle returns a page of those with a paid seat on a desk. All of them are judged, by few
// columns; accounts and people are read of the page alone.
func (s *Service) Idle(ctx context.Context, desk provision.Desk, q Question) (page Page, _ error) {
	j := s.judge(s.store, desk, q.After)
	f := SitterFilter{Desk: desk.ID}
	if q.Unused {
		f.Unseen = j.now.Add(-j.after)
	}
	judged, err := j.all(ctx, f)
	if err != nil {
		return page, err
	}
	for _, h := range judged {
		if h.State == Unknown {
			page.Unknown++
		}
	}
	judged = slices.DeleteFunc(judged, func(h Holder) bool {
		return q.Unused && !h.State.Unused() || q.Begin.Order > 0 && comparePlaces(placeOf(h), q.Begin) <= 0
	})
	slices.SortFunc(judged, func(a, b Holder) int { return comparePlaces(placeOf(a), placeOf(b)) })
	if q.Limit > 0 && len(judged) > q.Limit {
		page.More, page.Next = len(judged)-q.Limit, placeOf(judged[q.Limit-1])
		judged = judged[:q.Limit]
	}
	page.Holders = make([]Holder, 0, len(judged))
	for some := range slices.Chunk(judged, peopleAtOnce) {
		whole, err := j.whole(ctx, some)
		if err != nil {
			return page, err
		}
		page.Holders = append(page.Holders, whole...)
	}
	return page, nil
}

// peopleAtOnce is how many people one statement reads.
const peopleAtOnce = 500

// placeOf says where somebody comes in a list.
func placeOf(h Holder) Place {
	p := Place{Order: 1 + slices.Index([]State{Never, Idle, Away, Active, Joined, Unknown}, h.State), At: h.Since, Account: h.Account.ID}
	if h.Last != nil {
		p.At = *h.Last
	}
	return p
}

func comparePlaces(a, b Place) int {
	return cmp.Or(cmp.Compare(a.Order, b.Order), a.At.Compare(b.At), cmp.Compare(a.Account, b.Account))
}

// costs reports whether a seat with a role costs something, or nobody knows what it costs.
func costs(desk *provision.Desk, role provision.Role) bool {
	return role.Rank() > 0 && (!desk.Price.Known() || !desk.Price.Monthly(role == provision.RoleLimited).Zero())
}

// judgement is what is known of a desk before single people are looked at.
type judgement struct {
	store Store
	desk  provision.Desk
	after time.Duration
	now   time.Time
}

// judge begins to judge who is idle on a desk. store may be a transaction.
func (s *Service) judge(store Store, desk provision.Desk, after time.Duration) *judgement {
	return &judgement{store: store, desk: desk, after: cmp.Or(after, desk.Idle.After, seating.DefaultAfter), now: s.now()}
}

// all judges those with a paid seat whom f selects. Of accounts and people it tells the ids
// alone, and of nobody whom the policy leaves alone.
func (j *judgement) all(ctx context.Context, f SitterFilter) ([]Holder, error) {
	sitters, err := j.store.Sitters(ctx, f)
	if err != nil {
		return nil, err
	}
	since, err := j.store.SeatsSince(ctx, f)
	if err != nil {
		return nil, err
	}
	var out []Holder
	for _, s := range sitters {
		if costs(&j.desk, s.Role) {
			out = append(out, j.holder(s, since[s.Person]))
		}
	}
	return out, nil
}

// holder says how somebody uses a seat. since is as of [Store.SeatsSince]; zero: not told.
func (j *judgement) holder(s Sitter, since time.Time) Holder {
	h := Holder{Account: provision.Account{ID: s.Account}, Person: provision.Identity{ID: s.Person}, Since: s.CreatedAt, Told: !s.ToldAt.IsZero()}
	if !since.IsZero() {
		h.Since = since
	}
	h.see(s.Last, ByDeskItself)
	h.see(s.SignedIn, BySignIn)
	lapse := func(until time.Time) time.Duration { // without activity, as far as the desk has been asked
		if h.Last != nil {
			return until.Sub(*h.Last)
		}
		return until.Sub(h.Since)
	}
	switch {
	case h.Last != nil && j.now.Sub(*h.Last) < j.after:
		h.State, h.Why = Active, "seen there within the time"
	case s.Terms.AwayAt(j.now) != nil:
		h.State, h.Why = Away, "an admin has said that they are away"
	case j.now.Sub(h.Since) < j.after:
		h.State, h.Why = Joined, "they have had the seat, or were back, for less than the time"
	case h.Told && lapse(s.ToldAt) < j.after:
		h.State, h.Why = Unknown, "the desk was last asked on "+s.ToldAt.UTC().Format(time.DateOnly)+", when they were not idle yet"
	case h.Told && h.Last == nil:
		h.State, h.By, h.Why = Never, ByDeskItself, "the desk says that they have never signed in"
	case h.Told:
		h.State, h.Why = Idle, "the desk tells of nothing since"
	case h.Last != nil:
		h.State, h.Why = Idle, "no sign-in through Deskbridge since; the desk itself does not tell"
	default:
		h.State, h.Why = Unknown, "the desk does not tell, and they have never signed in there through Deskbridge"
	}
	return h
}

// see notes when somebody was seen, by whose word, if that is the last time.
func (h *Holder) see(at time.Time, by By) {
	if !at.IsZero() && (h.Last == nil || at.After(*h.Last)) {
		h.Last, h.By = &at, by
	}
}

// whole returns judged holders, [peopleAtOnce] at most, with account, person, and the group
// for which the policy leaves them alone. Who is gone by now is left out.
func (j *judgement) whole(ctx context.Context, judged []Holder) ([]Holder, error) {
	ids := make([]provision.IdentityID, len(judged))
	for i, h := range judged {
		ids[i] = h.Person.ID
	}
	people, err := j.store.PeopleByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	accounts, err := j.store.AccountsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	personOf, accountOf := make(map[provision.IdentityID]provision.Identity, len(people)), make(map[provision.AccountID]provision.Account, len(judged))
	for _, p := range people {
		personOf[p.ID] = p
	}
	for _, a := range accounts {
		accountOf[a.ID] = a
	}
	excepted, err := j.excepted(ctx, slices.DeleteFunc(people, func(p provision.Identity) bool {
		return !slices.ContainsFunc(judged, func(h Holder) bool { return h.Person.ID == p.ID && h.State.Unused() })
	}))
	if err != nil {
		return nil, err
	}
	out := make([]Holder, 0, len(judged))
	for _, h := range judged {
		person, known := personOf[h.Person.ID]
		account, there := accountOf[h.Account.ID]
		if known && there {
			h.Person, h.Account, h.Except = person, account, excepted[person.ID]
			out = append(out, h)
		}
	}
	return out, nil
}

// excepted returns, of people, the group for which the desk's policy leaves each alone, as
// the policy calls it. Where the policy names a group that there is not, they are left alone,
// too: it may have another name by now.
func (j *judgement) excepted(ctx context.Context, people []provision.Identity) (map[provision.IdentityID]string, error) {
	out := make(map[provision.IdentityID]string)
	if len(j.desk.Idle.Except) == 0 {
		return out, nil
	}
	of := make(map[provision.ConnectionID][]provision.IdentityID)
	for _, p := range people {
		of[p.Connection] = append(of[p.Connection], p.ID)
	}
	for conn, ids := range of {
		unknown, err := j.unknownGroup(ctx, conn)
		if err != nil {
			return nil, err
		}
		groups, err := entitlement.Memberships(ctx, j.store, conn, ids)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			if p.Connection == conn {
				if except := j.exceptOf(slices.Concat(groups[p.ID], p.Claimed())); except != "" || unknown != "" {
					out[p.ID] = cmp.Or(except, unknown)
				}
			}
		}
	}
	return out, nil
}

// exceptOf returns the first group of the policy's that somebody is in; "" when in none.
func (j *judgement) exceptOf(in []provision.Membership) string {
	for _, name := range j.desk.Idle.Except {
		if slices.ContainsFunc(in, func(m provision.Membership) bool { return provision.SameWord(name, m.Name) }) {
			return name
		}
	}
	return ""
}

// unknownGroup says which group of the policy's a connection has not; "" when it has all.
func (j *judgement) unknownGroup(ctx context.Context, conn provision.ConnectionID) (string, error) {
	for _, name := range j.desk.Idle.Except {
		if _, err := j.store.GroupByName(ctx, conn, name); provision.IsNotFound(err) {
			return fmt.Sprintf("%s, which is not known", name), nil
		} else if err != nil {
			return "", err
		}
	}
	return "", nil
}
