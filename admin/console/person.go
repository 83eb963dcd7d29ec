package console

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
)

// personPage is all that is known of one person.
type personPage struct {
	plan.Person
	Identity   provision.Identity
	Connection string
	Groups     []provision.Membership
	Desks      []personDesk
	Presence   report.Presence
	Timeline   []event
	OnHold     bool // the end of some access is
	Kept       bool // some access stays, as an admin has decided
	Now        time.Time
}

// Undecided is what the buttons about what is on hold decide about.
func (b personPage) Undecided() any {
	var theirs []provision.Account
	for _, d := range b.Desks {
		if d.Account != nil {
			theirs = append(theirs, *d.Account)
		}
	}
	return undecidedAmong(theirs)
}

// personDesk is one desk of a person: should, has, why, and why not.
type personDesk struct {
	Desk    string
	Kind    string
	Should  provision.Access
	Has     *provision.Access // nil: nothing is confirmed yet
	At      *time.Time        // when that was confirmed
	Account *provision.Account
	State   string
	Because []because
	WhyNot  []string
	Profile []explanation.Told
	Differs []string // what was changed there by hand
	Next    string   // what happens next, and when
	ToCome  string   // the step of the desk's on_leave that is still to come, and when; "": none
	Adopt   bool     // somebody has to agree to adopt the desk user, or to say whose it is
}

// because is one part of an access, and what gives it.
type because struct{ What, Name, By string }

// event is a line of a timeline.
type event struct {
	At   time.Time
	Text string
	Link string // to the request; "": none
	Bad  bool   // something was refused
}

// timelineLength is how many audit entries, and how many requests, a timeline has.
const timelineLength = 40

// found returns the person whom the path names.
func (p *page) found() (provision.Identity, error) {
	id := p.PathValue("id")
	people, err := p.h.core.Directory.FindPeople(p.Context(), id)
	if err != nil {
		return provision.Identity{}, err
	}
	if i := slices.IndexFunc(people, func(one provision.Identity) bool { return string(one.ID) == id }); i >= 0 {
		return people[i], nil
	}
	return provision.Identity{}, provision.Errorf(provision.NotFound, "", "there is no such person")
}

func (h *handler) person(p *page) error {
	person, err := p.found()
	if err != nil {
		return err
	}
	names, err := p.names()
	if err != nil {
		return err
	}
	body := personPage{Person: plan.PersonOf(person), Identity: person, Connection: names.connection(person.Connection), Now: p.Now}
	if err := p.access(&body); err != nil {
		return err
	}
	if body.Presence, err = h.core.Report.Presence(p.Context(), person.ID); err != nil {
		return err
	}
	if body.Timeline, err = p.timeline(person.ID); err != nil {
		return err
	}
	title := cmp.Or(body.Name, body.Address, "Somebody who is forgotten")
	return p.show(http.StatusOK, "person", "/admin/people", title, layout.Frame{Body: body, Live: true, Command: "deskbridge explain " + string(person.ID)})
}

// access fills in what the person has on desks, and why.
func (p *page) access(body *personPage) error {
	all, err := p.h.core.Explanation.Explain(p.Context(), body.Identity)
	if err != nil {
		return err
	}
	answers, err := p.h.core.Explanation.WhyNot(p.Context(), body.Identity, explanation.Question{})
	if err != nil {
		return err
	}
	for _, e := range all {
		body.Groups = e.Groups
		d := personDesk{Desk: e.Desk.Name, Kind: string(e.Desk.Kind), Should: e.Desired, State: "no account", Profile: e.Profile}
		for _, r := range e.Reasons() {
			for _, g := range r.Grants {
				d.Because = append(d.Because, because{r.What, r.Name, g.Source()})
			}
		}
		for _, a := range answers {
			if a.Desk.ID != e.Desk.ID {
				continue
			}
			for _, why := range a.Why {
				d.WhyNot = append(d.WhyNot, why.Text)
			}
		}
		if a := e.Account; a != nil {
			d.Account, d.State, d.At, d.Next = a, stateText(a.State), a.ConfirmedAt, next(a, p.Now)
			if a.ConfirmedAt != nil {
				d.Has = &a.Confirmed
			}
			d.Adopt = a.State == provision.AccountNeedsAttention && (a.ReasonCode == provision.ReasonAdoption || a.Evidence.Doubted)
			d.ToCome = words.ToCome(&e.Desk, a)
			held := a.State == provision.AccountOnHold
			body.OnHold = body.OnHold || held && a.ReasonCode != provision.ReasonRejected
			body.Kept = body.Kept || held && a.ReasonCode == provision.ReasonRejected
			drifts, err := p.h.core.DeskHealth.Drifts(p.Context(), deskhealth.DriftFilter{Account: a.ID})
			if err != nil {
				return err
			}
			for _, drift := range drifts {
				d.Differs = append(d.Differs, drift.Differences()...)
			}
		}
		body.Desks = append(body.Desks, d)
	}
	return nil
}

// next says what happens next to an account, and when; "" when nothing is due.
func next(a *provision.Account, now time.Time) string {
	switch {
	case a.State == provision.AccountOnHold && a.ReasonCode == provision.ReasonRejected:
		return "Nothing, until the identity provider grants access again, or suspends the person."
	case a.State == provision.AccountOnHold:
		return "Nothing, until an admin decides."
	case a.State == provision.AccountNeedsAttention:
		return "Nothing, until somebody has seen to it."
	case a.Transfer.Before > 0:
		return a.Transfer.Progress() + "; the rest follow."
	case a.LeaseUntil != nil && a.LeaseUntil.After(now):
		return "A sync is under way."
	case a.State != provision.AccountWaiting && !a.Due():
		return ""
	case a.RetryAt != nil && a.RetryAt.After(now):
		return "The next sync is due " + words.Ago(now, a.RetryAt) + "."
	case a.EndingSince != nil:
		return "Access ends at the next sync, which is due now."
	}
	return "A sync is due now."
}

// timeline is what happened to somebody and what was asked about them, the newest
// first.
func (p *page) timeline(id provision.IdentityID) ([]event, error) {
	entries, err := p.h.core.Audit.Latest(p.Context(), audit.Filter{Subject: string(id)}, audit.Place{}, timelineLength)
	if err != nil {
		return nil, err
	}
	events, err := p.told(entries)
	if err != nil {
		return nil, err
	}
	requests, err := p.h.core.Requests.Latest(p.Context(), request.Filter{Identity: id}, request.Place{}, timelineLength)
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		text := "Asked to " + r.Says()
		if r.Token != "" {
			text = r.Token + " asked to " + r.Says()
		}
		if r.Refused() {
			text += fmt.Sprintf(": refused with %d, %s", r.Status, r.Reason)
		}
		events = append(events, event{At: r.At, Text: text, Link: "/admin/requests/" + r.ID, Bad: r.Refused()})
	}
	slices.SortStableFunc(events, func(a, b event) int { return b.At.Compare(a.At) })
	return events[:min(len(events), timelineLength)], nil
}

// namedIDs are ids that stand behind a name; logged are the actors whose requests
// are in the request log.
var (
	namedIDs = regexp.MustCompile(` \[[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\]`)
	logged   = regexp.MustCompile(`^(scim:|sso|break-glass$)`)
)

// mostListed is how much of a list is told on a page: a group may have thousands of members.
const mostListed = 20

// told returns audit entries in words, with names in place of ids.
func (p *page) told(entries []provision.Entry) ([]event, error) {
	say, err := p.h.options.Sentences(p.Context(), mostListed)
	if err != nil {
		return nil, err
	}
	events := make([]event, len(entries))
	for i, e := range entries {
		text, err := say.Of(p.Context(), e)
		if err != nil {
			return nil, err
		}
		events[i] = event{At: e.At, Text: namedIDs.ReplaceAllString(text, "")}
		if e.Cause.Request != "" && logged.MatchString(e.Cause.Actor) {
			events[i].Link = "/admin/requests/" + e.Cause.Request
		}
	}
	return events, nil
}

func (p *page) personPath() string { return "/admin/people/" + p.PathValue("id") }

func (h *handler) endSessions(p *page) error {
	person, err := p.found()
	if err != nil {
		return err
	}
	ended, err := h.core.Sessions.EndSessions(p.Context(), p.Cause(), provision.SessionFilter{Identity: person.ID}, provision.EndedByAdmin)
	if err != nil {
		return err
	}
	return p.Done(p.personPath(), "ended", len(ended))
}

func (h *handler) releasePerson(p *page) error {
	return h.decidePerson(p, h.core.Reconcile.Release, "released")
}

func (h *handler) rejectPerson(p *page) error {
	return h.decidePerson(p, h.core.Reconcile.Reject, "rejected")
}

func (h *handler) decidePerson(p *page, decide decision, done string) error {
	person, err := p.found()
	if err != nil {
		return err
	}
	n, err := decide(p.Context(), p.Cause(), string(person.Connection), reconcile.Whom{People: []string{string(person.ID)}})
	if err != nil {
		return err
	}
	return p.Done(p.Back(), done, n)
}

func (h *handler) retryAccount(p *page) error { return h.again(p, false) }

func (h *handler) adoptAccount(p *page) error { return h.again(p, true) }

// again has an account synced, and with adopt agrees to adopt the desk user.
func (h *handler) again(p *page, adopt bool) error {
	n, err := h.core.Reconcile.Retry(p.Context(), p.Cause(), provision.AccountFilter{}, provision.AccountID(p.PathValue("id")), adopt)
	if err != nil {
		return err
	}
	if adopt {
		return p.Done(p.Back(), "adopted", n)
	}
	return p.Done(p.Back(), "retried", n)
}
