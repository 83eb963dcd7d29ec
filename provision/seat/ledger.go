package seat

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// What says what became of a seat.
type What string

// What became of it. Only freed and downgraded save anything.
const (
	Taken      What = "taken"
	Freed      What = "freed"
	Downgraded What = "downgraded" // the desk shows role limited
	Upgraded   What = "upgraded"
	Kept       What = "kept"      // access has ended, and a desk of this kind counts the seat all the same
	SaidFreed  What = "said-free" // an admin says that access has ended; the desk does not show it
)

// Why says what a seat was freed or taken for.
type Why string

// What it was for.
const (
	ByLeaving   Why = "leaver"    // suspended, removed or blocked, or an end passed
	ByIdleness  Why = "idle"      // [Service.Take]
	ByRules     Why = "rules"     // rules grant less, or more, than before
	ByGivenBack Why = "came-back" // [Service.GiveBack]
)

// Line is one line of the ledger.
type Line struct {
	At      time.Time // when the desk was read back
	Person  provision.IdentityID
	Desk    provision.DeskID
	Account provision.AccountID
	What    What
	Why     Why
	Monthly seating.Money // what it saves a month, or costs more, by the price of that time; zero: not known
}

// Month is what seats of one desk saved in one month.
type Month struct {
	Month time.Time // its first moment, in UTC
	Desk  provision.DeskID
	Freed int // seats that were freed or downgraded in it
	Taken int // or taken or upgraded
	// Saved is what people would have cost, in this month, who had a seat before and have
	// less of it or none: by the second, by the price of each moment. Who has it back
	// saves nothing from then on, and nobody does once the desk is removed.
	Saved seating.Money
}

// Ledger is what seats were freed and taken, and what that saved.
type Ledger struct {
	Lines  []Line  // by time
	Months []Month // by month and desk; months without anything are left out
}

// LedgerFilter selects; what is empty selects all.
type LedgerFilter struct {
	Desk         provision.DeskID
	Since, Until time.Time // of lines, and of months that are in it as a whole or in part
}

// ledgerActions are the entries that the ledger is made of.
var ledgerActions = []provision.Action{audit.AccountConfirmed, audit.AccountEnded, audit.AccountDoneByHand, audit.AccountAnonymized,
	audit.UserSuspended, audit.UserRemoved, audit.UserRestored, audit.PersonBlocked, audit.PersonUnblocked, audit.PersonEnded, audit.SeatIdle, audit.SeatGivenBack, audit.SeatPriced, audit.DeskRemoved}

// entriesAtOnce is how many entries one statement reads.
const entriesAtOnce = 5000

// level is how much of a seat somebody has.
type level int

const (
	none level = iota
	limited
	full
)

// holding is one account on its way through the log.
type holding struct {
	person     provision.IdentityID
	desk       provision.DeskID
	level      level
	high       level     // that they had before it was less; what is saved is up to that
	since      time.Time // until when it is counted what is saved
	said       bool      // an admin has said that access ended, since it was last given
	anonymized bool
}

type seatOf struct {
	person provision.IdentityID
	desk   provision.DeskID
}

type reckoning struct {
	*Service
	f        LedgerFilter
	desks    map[provision.DeskID]provision.Desk
	prices   map[provision.DeskID]seating.Price
	accounts map[provision.AccountID]*holding
	left     map[provision.IdentityID]bool // by the last word of them
	idle     map[seatOf]Why                // whether the last word was that the seat was taken, or given back
	months   map[monthOf]*Month
	lines    []Line
}

type monthOf struct {
	month    time.Time
	desk     provision.DeskID
	currency string // two are never added up
}

// Ledger reads, from the audit log, what seats were freed and taken: in the moments at
// which a desk was read back and showed it. Its cost follows all that was ever confirmed.
func (s *Service) Ledger(ctx context.Context, f LedgerFilter) (out Ledger, _ error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return out, err
	}
	r := &reckoning{Service: s, f: f, desks: make(map[provision.DeskID]provision.Desk), prices: make(map[provision.DeskID]seating.Price), accounts: make(map[provision.AccountID]*holding),
		left: make(map[provision.IdentityID]bool), idle: make(map[seatOf]Why), months: make(map[monthOf]*Month)}
	for _, d := range desks {
		r.desks[d.ID] = d
	}
	var after audit.Place
	for {
		entries, err := s.store.EntriesFor(ctx, ledgerActions, f.Until, after, entriesAtOnce)
		if err != nil {
			return out, err
		}
		for _, e := range entries {
			r.read(e)
		}
		if len(entries) < entriesAtOnce {
			break
		}
		last := entries[len(entries)-1]
		after = audit.Place{At: last.At, ID: last.ID}
	}
	end := s.now()
	if !f.Until.IsZero() && f.Until.Before(end) {
		end = f.Until
	}
	for _, h := range r.accounts {
		r.save(h, end)
	}
	out.Lines = r.lines
	for _, m := range r.months {
		if m.Freed+m.Taken > 0 || !m.Saved.Zero() {
			out.Months = append(out.Months, *m)
		}
	}
	slices.SortFunc(out.Months, func(a, b Month) int {
		return cmp.Or(a.Month.Compare(b.Month), cmp.Compare(a.Desk, b.Desk), cmp.Compare(a.Saved.Currency, b.Saved.Currency))
	})
	return out, nil
}

// read takes one entry in.
func (r *reckoning) read(e provision.Entry) {
	person := provision.IdentityID(e.Subject)
	switch e.Action {
	case audit.UserSuspended, audit.UserRemoved, audit.PersonBlocked, audit.PersonEnded:
		r.left[person] = true
	case audit.UserRestored, audit.PersonUnblocked:
		delete(r.left, person)
	case audit.SeatIdle:
		r.idle[seatOf{person, e.Desk}] = ByIdleness
		delete(r.left, person)
	case audit.SeatGivenBack:
		r.idle[seatOf{person, e.Desk}] = ByGivenBack
	case audit.SeatPriced, audit.DeskRemoved:
		for _, h := range r.accounts {
			if h.desk == e.Desk {
				r.save(h, e.At)
				if e.Action == audit.DeskRemoved {
					h.high = h.level
				}
			}
		}
		if e.Action == audit.SeatPriced {
			r.prices[e.Desk] = priceOf(e.Detail)
		}
	default:
		if r.f.Desk == "" || e.Desk == r.f.Desk {
			r.readAccount(e)
		}
	}
}

func (r *reckoning) readAccount(e provision.Entry) {
	h := r.accounts[e.Account]
	if h == nil {
		h = &holding{person: provision.IdentityID(e.Subject), desk: e.Desk, since: e.At}
		r.accounts[e.Account] = h
	}
	h.person = provision.IdentityID(e.Subject) // whoever came back may be somebody new
	switch e.Action {
	case audit.AccountAnonymized:
		h.anonymized = true
	case audit.AccountDoneByHand:
		h.said = word(e.Detail, "status") != string(provision.AccessActive)
	case audit.AccountConfirmed:
		h.anonymized, h.said = false, h.said && h.level == none
		r.move(e, h, levelOf(e.Detail))
	case audit.AccountEnded:
		switch {
		case h.level == none:
		case h.said:
			r.tell(e, h, SaidFreed, seating.Money{})
		case r.keeps(h, e.Detail):
			r.tell(e, h, Kept, seating.Money{})
		default:
			r.move(e, h, none)
		}
	}
}

// keeps reports whether the desk counts the seat still, as it was left there.
func (r *reckoning) keeps(h *holding, shown map[string]any) bool {
	desk, known := r.desks[h.desk]
	if !known {
		return false
	}
	switch provision.AccessStatus(word(shown, "status")) {
	case provision.AccessAbsent:
		return false
	case provision.AccessActive: // without a role
		desk.OnLeave = provision.LeaveDowngrade
	case provision.AccessSuspended:
		desk.OnLeave = provision.LeaveDeactivate
		if h.anonymized {
			desk.OnLeave = provision.LeaveAnonymize
		}
	}
	can, known := r.settings.Abilities(desk)
	return known && can.KeepsSeat
}

// move notes that somebody has another seat now.
func (r *reckoning) move(e provision.Entry, h *holding, to level) {
	if to == h.level {
		return
	}
	r.save(h, e.At)
	from := h.level
	h.level, h.high = to, max(h.high, to)
	cost, before := r.cost(h.desk, to), r.cost(h.desk, from)
	switch {
	case to == none:
		r.tell(e, h, Freed, before)
	case to < from:
		r.tell(e, h, Downgraded, before.Minus(cost))
	case from == none:
		r.tell(e, h, Taken, cost)
	default:
		r.tell(e, h, Upgraded, cost.Minus(before))
	}
}

// tell adds a line.
func (r *reckoning) tell(e provision.Entry, h *holding, what What, monthly seating.Money) {
	line := Line{At: e.At, Person: h.person, Desk: h.desk, Account: e.Account, What: what, Why: ByRules, Monthly: monthly}
	less := what != Taken && what != Upgraded
	switch why := r.idle[seatOf{h.person, h.desk}]; {
	case less && r.left[h.person]:
		line.Why = ByLeaving
	case less && why == ByIdleness, !less && why == ByGivenBack:
		line.Why = why
	}
	if !less {
		delete(r.idle, seatOf{h.person, h.desk})
		delete(r.left, h.person)
	}
	m := r.month(e.At, h.desk)
	switch what {
	case Freed, Downgraded:
		m.Freed++
	case Taken, Upgraded:
		m.Taken++
	case Kept, SaidFreed:
	}
	if !e.At.Before(r.f.Since) {
		r.lines = append(r.lines, line)
	}
}

// save counts what is saved from h.since on, until a moment, by the price that is known
// by then.
func (r *reckoning) save(h *holding, until time.Time) {
	rate := r.cost(h.desk, h.high).Minus(r.cost(h.desk, h.level))
	from := h.since
	h.since = until
	if rate.Zero() {
		return
	}
	for from.Before(until) {
		first := monthStart(from)
		next := first.AddDate(0, 1, 0)
		to := until
		if next.Before(to) {
			to = next
		}
		m := r.month(from, h.desk)
		m.Saved = m.Saved.Plus(rate.Part(int64(to.Sub(from)/time.Second), int64(next.Sub(first)/time.Second)))
		from = to
	}
}

func monthStart(at time.Time) time.Time {
	at = at.UTC()
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// month returns the month of a desk that a moment is in; one that is not asked for is
// kept nowhere.
func (r *reckoning) month(at time.Time, desk provision.DeskID) *Month {
	key := monthOf{monthStart(at), desk, r.prices[desk].Currency}
	if key.month.Before(monthStart(r.f.Since)) {
		return &Month{}
	}
	m := r.months[key]
	if m == nil {
		m = &Month{Month: key.month, Desk: desk, Saved: r.prices[desk].Monthly(false).Part(0, 1)}
		r.months[key] = m
	}
	return m
}

// cost returns what somebody costs a month on a desk.
func (r *reckoning) cost(desk provision.DeskID, l level) seating.Money {
	if l == none {
		return seating.Money{}
	}
	return r.prices[desk].Monthly(l == limited)
}

// levelOf says what seat confirmed access takes.
func levelOf(shown map[string]any) level {
	role := provision.Role(word(shown, "role"))
	switch {
	case word(shown, "status") != string(provision.AccessActive) || role.Rank() == 0:
		return none
	case role == provision.RoleLimited:
		return limited
	}
	return full
}

// priceOf reads a price as [settings.NotePrice] writes it.
func priceOf(detail map[string]any) seating.Price {
	return seating.Price{Amount: word(detail, "amount"), Limited: word(detail, "limited"), Currency: word(detail, "currency"), Per: seating.Per(word(detail, "per"))}
}

func word(detail map[string]any, key string) string {
	text, _ := detail[key].(string)
	return text
}
