package offboarding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/handover"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// Remains is what is left of somebody on a kind of desk when its API has done all
// that it can, for people to read.
type Remains struct {
	Check []string // what no API can cut or show, with the clicks; a sentence each
	Stays []string // under the person's name
}

// deskFacts is all that is known of one account of somebody who left.
type deskFacts struct {
	account provision.AccountID
	desk    provision.Desk // of one that is gone, the id and maybe the name
	remains Remains

	// As it is now; nil where that is another leaving's or another person's
	// business, or nothing is known any more.
	now      *provision.Account
	drift    []string // what a sweep found and reported, and nobody has repaired
	writes   []reconcile.Write
	sessions []desksession.Session
}

// stillIn are the reasons for which a leaver may have access until a person does
// something.
var stillIn = []provision.ReasonCode{provision.ReasonResidual, provision.ReasonOwner, provision.ReasonLastAdmin, provision.ReasonSelf}

// deskOf tells of one desk of l.
func deskOf(l *leaving, f deskFacts) Desk {
	d := Desk{ID: f.desk.ID, Name: provision.Plain(cmp.Or(f.desk.Name, string(f.desk.ID))), Kind: f.desk.Kind, Account: f.account,
		Events: []Event{}, ByHand: append([]string{}, f.remains.Check...), Stays: append([]string{}, f.remains.Stays...)}
	if f.desk.Kind != "" {
		d.Policy = cmp.Or(f.desk.OnLeave, provision.LeaveDeactivate)
	}
	var ended, shown, lastAsked *provision.Entry
	for i := range l.entries {
		e := &l.entries[i]
		if e.Desk == f.desk.ID {
			d.Sessions.count(*e)
		}
		if e.Account != f.account {
			continue
		}
		if user := textOf(*e, "desk_user"); user != "" {
			d.DeskUser = provision.DeskUserID(user)
		}
		if event, ok := eventOf(*e); ok {
			d.add(event)
		}
		switch e.Action {
		case audit.AccountEnded:
			shown = e
			d.SeatFreed = d.SeatFreed || textOf(*e, "seat") == "freed"
			if ended == nil {
				ended = e
			}
		case audit.AccountConfirmed:
			shown = e
		case audit.AccountNeedsAttention:
			lastAsked = e
		case audit.AccountSessionsEnded:
			d.Sessions.CutOnDesk = utc(e.At)
		}
	}
	if shown != nil {
		d.Shown = shownIn(*shown)
	}
	if ended != nil {
		d.NoAccessAt, d.ToNoAccess = utc(ended.At), apart(l.began(), ended.At)
	}
	if f.now != nil {
		d.Outcome, d.Says = standing(l, &f, &d, lastAsked)
		d.ToCome = toCome(&f)
	} else {
		d.Outcome, d.Says = stood(l, &f, &d)
	}
	if !d.Outcome.over() {
		d.NoAccessAt, d.ToNoAccess = nil, nil
	}
	if user := userStays(l, &d); user != "" {
		d.Stays = append([]string{user}, d.Stays...)
	}
	d.Residual = residualIn(l, &f, d.Outcome)
	if n := len(d.Residual); d.Outcome == Residual && (n == 0 || d.Residual[n-1].Until != nil) {
		d.Residual = append(d.Residual, Span{From: *utc(l.began()), What: d.Says})
	}
	d.Conversations = conversationsIn(l, &f)
	for _, w := range f.writes {
		if w.Kind != reconcile.WriteHandOver {
			d.Awaited = append(d.Awaited, awaited(w))
		}
	}
	for _, s := range f.sessions {
		if s.Desk == f.desk.ID {
			d.Sessions.Waiting++
		}
	}
	return d
}

// toCome returns the step of the desk's policy that follows; nil: none.
func toCome(f *deskFacts) *Coming {
	c, ok := f.desk.Coming(f.now)
	if !ok {
		return nil
	}
	due := utc(c.At)
	return &Coming{Step: c.Step.String(), Due: *due, Approval: string(c.Consent), Says: c.On(due.Format(time.RFC3339))}
}

// add adds an event; one that is like the last one, as runs that are tried again
// leave them, is counted with it.
func (d *Desk) add(e Event) {
	if n := len(d.Events); n > 0 && d.Events[n-1].What == e.What {
		last := &d.Events[n-1]
		last.Times, last.Last = max(last.Times, 1)+1, e.At
		return
	}
	d.Events = append(d.Events, e)
}

// userStays says what of the user itself stays on the desk, as it was shown.
func userStays(l *leaving, d *Desk) string {
	if d.Shown == nil || !d.Outcome.over() || d.Shown.Status == provision.AccessAbsent {
		return ""
	}
	anonymized := slices.ContainsFunc(l.entries, func(e provision.Entry) bool {
		return e.Account == d.Account && e.Action == audit.AccountAnonymized
	})
	switch {
	case anonymized:
		return "the user, without name and address"
	case d.Outcome == Demoted:
		return "the user, with name and address, and able to sign in"
	}
	return "the user, deactivated, with name and address"
}

// standing says how a desk stands now to somebody who has left and not come back.
func standing(l *leaving, f *deskFacts, d *Desk, asked *provision.Entry) (Outcome, string) {
	a := f.now
	seen := lastSeen(l, a)
	if seen != nil && (d.Shown == nil || d.Shown.At.Before(seen.At)) {
		d.Shown = seen
	}
	why := ""
	if asked != nil && a.State == provision.AccountNeedsAttention {
		why = textOf(*asked, "reason") // without addresses, which the account's own may have
	} else if a.Reason != "" && a.State == provision.AccountWaiting {
		why = provision.Plain(a.Reason)
	}
	switch {
	case a.Desired.Status == provision.AccessActive:
		return Returning, "access is granted again, and the desk has not shown it yet"
	case a.Loss.Verdict == provision.VerdictRejected:
		return Kept, "access stays: " + provision.Plain(a.Reason)
	case a.State == provision.AccountOnHold:
		return Unconfirmed, "on hold by mass-change protection: nothing has been taken away yet; an admin has to release it"
	case len(f.drift) > 0:
		return Residual, "a sweep found that it was changed by hand on the desk, and reported it: " + provision.Plain(strings.Join(f.drift, "; "))
	case a.State != provision.AccountEnded && foundByHand(l, f.account) != nil:
		return Residual, "a sweep found that access came back by hand on the desk: " + strings.Join(namesOf(*foundByHand(l, f.account), "differences"), "; ") + sentence(why)
	case a.State == provision.AccountEnded && !a.Due() && a.ConfirmedAt != nil:
		return ended(&a.Confirmed, *a.ConfirmedAt, l.began())
	case slices.Contains(stillIn, a.ReasonCode):
		return Residual, cmp.Or(why, "the desk shows an active user of theirs")
	case seen != nil && seen.Status == provision.AccessActive:
		return Residual, "the desk still shows: " + shownWords(seen) + sentence(why)
	case seen != nil:
		return Unfinished, "the desk has shown: " + shownWords(seen) + "; something is left: " + cmp.Or(why, string(a.State))
	}
	before := ""
	if a.ConfirmedAt != nil && a.Confirmed.Status == provision.AccessActive {
		before = "; last shown with access at " + a.ConfirmedAt.UTC().Format(time.RFC3339)
	}
	return Unconfirmed, "the desk has not been read back since the signal" + before + sentence(why)
}

// lastSeen is what the desk showed when it was last read since the signal, whatever
// came of that; nil: it has not been read.
func lastSeen(l *leaving, a *provision.Account) (seen *Shown) {
	for _, read := range []struct {
		at   *time.Time
		have *provision.Access
	}{{a.ConfirmedAt, &a.Confirmed}, {a.ShownAt, &a.Shown}} {
		if read.at != nil && !read.at.Before(l.began()) && (seen == nil || seen.At.Before(*read.at)) {
			seen = &Shown{At: *utc(*read.at), Status: read.have.Status, Role: read.have.Role, Teams: plain(read.have.Teams), Mailboxes: plain(read.have.Mailboxes)}
		}
	}
	return seen
}

func sentence(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// ended says what the confirmed end of access came to.
func ended(have *provision.Access, at, began time.Time) (Outcome, string) {
	before := ""
	if at.Before(began) {
		before = ", before this signal, at " + at.UTC().Format(time.RFC3339)
	}
	shown := &Shown{Status: have.Status, Role: have.Role}
	if have.Status == provision.AccessActive {
		return Demoted, "read back" + before + ": " + shownWords(shown) + "; the desk's policy leaves the user there, who can still sign in with that role"
	}
	return Out, "read back" + before + ": " + shownWords(shown)
}

// stood says the same of a leaving that is past, or of which only the audit log
// tells any more.
func stood(l *leaving, f *deskFacts, d *Desk) (Outcome, string) {
	last := lastRead(l.entries, f.account)
	if last == nil {
		last = lastRead(l.before, f.account)
	}
	switch {
	case last == nil:
		return Unconfirmed, "the desk had shown nothing"
	case last.Action == audit.AccountEnded:
		s := shownIn(*last)
		if d.Shown == nil {
			d.Shown = s
		}
		return ended(&provision.Access{Status: s.Status, Role: s.Role}, last.At, l.began())
	case last.Action == audit.AccountDrifted:
		return Residual, "it was changed by hand on the desk, and that was not shown to be over: " + strings.Join(namesOf(*last, "differences"), "; ")
	case l.returned != nil:
		return Unconfirmed, "the desk had not shown the end of access when the person came back"
	}
	return Unconfirmed, "the desk has not shown the end of access"
}

// lastRead returns the last entry that says what a desk showed of an account: of
// what a sweep has found, if it was not ended again since.
func lastRead(entries []provision.Entry, account provision.AccountID) (last *provision.Entry) {
	for i := range entries {
		e := &entries[i]
		if e.Account != account {
			continue
		}
		switch e.Action {
		case audit.AccountEnded, audit.AccountConfirmed, audit.AccountDrifted:
			last = e
		case audit.AccountDeactivated, audit.AccountDeleted, audit.AccountAnonymized:
			if last != nil && last.Action == audit.AccountDrifted {
				last = lastEnded(entries[:i], account)
			}
		}
	}
	return last
}

// foundByHand returns the entry of what a sweep has found of an account, and that
// was not ended again since; nil: none.
func foundByHand(l *leaving, account provision.AccountID) *provision.Entry {
	if last := lastRead(l.entries, account); last != nil && last.Action == audit.AccountDrifted {
		return last
	}
	return nil
}

func lastEnded(entries []provision.Entry, account provision.AccountID) (last *provision.Entry) {
	for i := range entries {
		if e := &entries[i]; e.Account == account && e.Action == audit.AccountEnded {
			last = e
		}
	}
	return last
}

// residualIn returns the access that was there although it was to end: what the
// desk showed when a person had to be asked, and what a sweep found after the end.
func residualIn(l *leaving, f *deskFacts, now Outcome) (spans []Span) {
	var open *Span
	closeAt := func(at time.Time) {
		if open != nil {
			open.Until = utc(at)
			spans = append(spans, *open)
			open = nil
		}
	}
	over := false
	for _, e := range l.entries {
		if e.Account != f.account {
			continue
		}
		switch e.Action {
		case audit.AccountEnded:
			closeAt(e.At)
			over = true
		case audit.AccountDeactivated, audit.AccountDeleted, audit.AccountAnonymized:
			if over {
				closeAt(e.At)
			}
		case audit.AccountNeedsAttention:
			active := textOf(e, "shown") == string(provision.AccessActive)
			if open == nil && (active || slices.Contains(stillIn, provision.ReasonCode(textOf(e, "code")))) {
				open = &Span{From: *utc(e.At), What: textOf(e, "reason")}
			}
		case audit.AccountDrifted:
			if open == nil && over {
				open = &Span{From: *utc(e.At), What: "found by a sweep: " + strings.Join(namesOf(e, "differences"), "; ")}
			}
		}
	}
	switch {
	case open == nil:
	case f.now != nil && now.over() && f.now.ConfirmedAt != nil:
		closeAt(*f.now.ConfirmedAt)
	case l.returned != nil:
		closeAt(*l.returned)
	default:
		spans = append(spans, *open)
	}
	return spans
}

// conversationsIn adds up the hand-overs in a leaving; nil: there were none.
func conversationsIn(l *leaving, f *deskFacts) *Conversations {
	c := Conversations{Done: true, To: []Given{}}
	handedOver := false
	to := make(map[Given]int)
	for _, e := range l.entries {
		if e.Account != f.account {
			continue
		}
		switch e.Action {
		case audit.AccountHandedOver:
			handedOver = true
			c.Before, c.Moved, c.ToQueue, c.Left = c.Before+numberOf(e, "before"), c.Moved+numberOf(e, "moved"), c.ToQueue+numberOf(e, "to_queue"), numberOf(e, "left")
			for mailbox, n := range mailboxesOf(e) {
				c.addMailbox(mailbox, n)
			}
		case audit.ConversationHandedOver:
			handedOver = true
			to[Given{DeskUser: provision.DeskUserID(textOf(e, "to_desk_user")), Team: textOf(e, "to_team")}]++
		}
	}
	if f.now != nil && f.now.Transfer.Before > 0 { // it goes on
		t := f.now.Transfer
		handedOver, c.Done = true, false
		c.Before, c.Moved, c.ToQueue, c.Left = c.Before+t.Before, c.Moved+t.Moved, c.ToQueue+t.ToQueue, t.Left
		for mailbox, n := range t.Mailboxes {
			c.addMailbox(provision.Plain(mailbox), n)
		}
	}
	if !handedOver {
		return nil
	}
	for given, n := range to {
		given.Count = n
		c.To = append(c.To, given)
	}
	slices.SortFunc(c.To, func(a, b Given) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.DeskUser, b.DeskUser), cmp.Compare(a.Team, b.Team))
	})
	return &c
}

// addMailbox adds up a hand-over from one mailbox.
func (c *Conversations) addMailbox(mailbox string, n handover.Count) {
	if c.Mailboxes == nil {
		c.Mailboxes = make(handover.Counts)
	}
	sum := c.Mailboxes[mailbox]
	c.Mailboxes[mailbox] = handover.Count{Before: sum.Before + n.Before, Moved: sum.Moved + n.Moved, ToQueue: sum.ToQueue + n.ToQueue, Left: n.Left}
}

// count counts an entry about a desk session.
func (s *DeskSessions) count(e provision.Entry) {
	switch e.Action {
	case audit.DeskSessionEnded:
		s.Ended++
		s.EndedAt = utc(e.At)
	case audit.DeskSessionNotified:
		s.Notified++
	case audit.DeskSessionNotNotified:
		s.NotNotified++
	}
}

// awaited puts a write that is in the journal into words.
func awaited(w reconcile.Write) Event {
	switch {
	case w.AcceptedAt != nil && !w.Tried:
		return Event{At: utc(*w.AcceptedAt), What: w.Named() + ": the desk accepted it, and has not shown it"}
	case w.Tried:
		return Event{What: w.Named() + ": tried, and not known to have been done"}
	}
	return Event{What: w.Named() + ": planned"}
}

// unfinished says in words what a desk still owes; none when nothing.
func (d *Desk) unfinished() (open []string) {
	if !d.Outcome.over() {
		open = append(open, fmt.Sprintf("%s: %s: %s", d.Name, d.Outcome, d.Says))
	}
	if c := d.Conversations; c != nil && (c.Left > 0 || !c.Done) {
		open = append(open, fmt.Sprintf("%s: %d conversations are still theirs", d.Name, c.Left))
	}
	if d.Sessions.Waiting > 0 {
		open = append(open, fmt.Sprintf("%s: %d desk sessions are not over, or the desk has not taken the notice", d.Name, d.Sessions.Waiting))
	}
	return open
}
