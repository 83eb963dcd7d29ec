package plan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// endsInDays is how long before its end somebody's access, or a rule, is told of.
const endsInDays = 14

// Termed is somebody of whom an admin has said something, and what.
type Termed struct {
	Person Person
	Status provision.Status // by the identity provider's word
	Terms  provision.Terms
}

// termed returns everybody of whom an admin has said something that counts, and of whom
// the identity provider has said an end that is near, or that nobody can read.
func termed(ctx context.Context, store Store, now time.Time) (out []Termed, _ error) {
	people, err := store.PeopleWithTerms(ctx, now.Add(endsInDays*24*time.Hour))
	for _, p := range people {
		if p.Status != provision.StatusRemoved || p.Terms.Block != nil {
			out = append(out, Termed{PersonOf(p), p.Status, p.Terms})
		}
	}
	return out, err
}

// ofEnds returns what ends by itself within [endsInDays], of people and of rules.
func ofEnds(people []Termed, byHand []Finding, rules []provision.Rule, o *Overview) (out []Finding) {
	soon := func(at time.Time) bool { return at.After(o.At) && at.Sub(o.At) <= endsInDays*24*time.Hour }
	found := func(names []string, first time.Time, what [2]string, do string) {
		if len(names) > 0 {
			out = append(out, Finding{Code: FindingEnds, At: &first, Count: len(names), Do: do,
				Text:    fmt.Sprintf("%s within %d days: %s.", count(len(names), what[0], what[1]), endsInDays, few(names)),
				Outside: fmt.Sprintf("%s within %d days.", count(len(names), what[0], what[1]), endsInDays)})
		}
	}
	out = append(out, byHand...)
	var names []string
	var first time.Time
	note := func(name string, at time.Time) {
		if len(names) == 0 || at.Before(first) {
			first = at
		}
		names = append(names, name+" ("+provision.LastDay(at)+")")
	}
	for _, p := range people {
		if u := p.Terms.End(); u != nil && soon(u.At) && p.Terms.Block == nil && p.Status == provision.StatusActive {
			note(p.Person.String(), u.At)
		}
	}
	found(names, first, [2]string{"person's access ends", "people's access ends"}, "`deskbridge person valid-until USER DATE` prolongs it, or a later date at the identity provider where that has said it; if it is meant, nothing is to be done")
	names = nil
	for _, p := range people {
		if at := p.Terms.Pushed; at != nil && at.Unread && p.Status == provision.StatusActive {
			names = append(names, p.Person.String()+" ("+at.By+")")
		}
	}
	if len(names) > 0 {
		out = append(out, Finding{Code: FindingEnds, Count: len(names), Do: "have the identity provider send a date, as 2027-01-31, or a moment, as 2027-01-31T17:00:00Z",
			Text:    fmt.Sprintf("The end that the identity provider gives %s is no date, and changes nothing: %s.", count(len(names), "person", "people"), few(names)),
			Outside: fmt.Sprintf("The end that the identity provider gives %s is no date, and changes nothing.", count(len(names), "person", "people"))})
	}
	names = nil
	for _, r := range rules {
		if r.Until == nil || !soon(*r.Until) {
			continue
		}
		i := slices.IndexFunc(o.Desks, func(d DeskOverview) bool { return d.Desk.ID == r.Desk })
		if i >= 0 && o.Desks[i].Desk.Removal == provision.RemovalNone {
			note(r.String()+" → "+o.Desks[i].Desk.Name, *r.Until)
		}
	}
	found(names, first, [2]string{"rule ends", "rules end"}, "a later `until` in access.yaml prolongs it; if it is meant, nothing is to be done")
	return out
}

// mostByHand is of how many accounts that is told at once; others follow as these are done.
const mostByHand = 200

// ofByHand returns what is to be done by hand about absences.
func ofByHand(ctx context.Context, store Store, desks []DeskOverview) (out []Finding, _ error) {
	accounts, err := store.AccountsWhere(ctx, provision.AccountFilter{ByHand: true}, mostByHand)
	if err != nil || len(accounts) == 0 {
		return nil, err
	}
	people := make([]provision.IdentityID, len(accounts))
	for i, a := range accounts {
		people[i] = a.Identity
	}
	names, err := store.PeopleNames(ctx, people)
	if err != nil {
		return nil, err
	}
	called := make(map[provision.IdentityID]Person, len(people))
	for _, id := range people {
		called[id] = Person{ID: id} // of whom nothing else is known any more
	}
	for _, p := range names {
		called[p.ID] = p
	}
	for _, a := range accounts {
		i := slices.IndexFunc(desks, func(d DeskOverview) bool { return d.Desk.ID == a.Desk })
		if i < 0 {
			continue // added since
		}
		desk := desks[i].Desk.Name
		out = append(out, Finding{Code: FindingByHand, Desk: desk, Count: 1, Text: fmt.Sprintf("To do by hand for %s: %s.", called[a.Identity], a.Confirmed.ByHand),
			Outside: fmt.Sprintf("Something is to be done by hand on desk %s about somebody's absence; `deskbridge status` says for whom, and what.", desk),
			Do:      fmt.Sprintf("when it is done: `deskbridge person done %s`", a.Identity)})
	}
	return out, nil
}

// ofIdle returns how many people do not use their seat on each desk, where its policy
// leaves them to an admin.
func ofIdle(ctx context.Context, store Store, desks []DeskOverview) (out []Finding, _ error) {
	proposed, err := store.ProposedIdle(ctx)
	for _, d := range desks {
		p, ok := proposed[d.Desk.ID]
		if !ok || !d.Desk.Idle.Set() || d.Desk.Removal != provision.RemovalNone {
			continue
		}
		f := Finding{Code: FindingIdle, Desk: d.Desk.Name, At: &p.At, Count: p.Count, Text: fmt.Sprintf("%s their seat on desk %s.", count(p.Count, "person does not use", "people do not use"), d.Desk.Name),
			Do: fmt.Sprintf("`deskbridge seat idle --desk %s` shows who; then `seat free USER --desk %s`", d.Desk.Name, d.Desk.Name)}
		if p.Held {
			f.Text += " These are more than mass-change protection lets the policy act on by itself."
		}
		out = append(out, f)
	}
	return out, err
}

// ofApprovals returns how much waits for an admin on each desk.
func ofApprovals(ctx context.Context, store Store, desks []DeskOverview) (out []Finding, _ error) {
	waiting, err := store.AccountsWhere(ctx, provision.AccountFilter{Approval: true}, 0)
	for _, d := range desks {
		f := Finding{Code: FindingApproval, Desk: d.Desk.Name, Do: "`deskbridge approval list` shows whose; then `approval approve` or `refuse`"}
		for _, a := range waiting {
			if a.Desk != d.Desk.ID {
				continue
			}
			if f.Count++; f.At == nil || a.Approval.AskedAt.Before(*f.At) {
				f.At = a.Approval.AskedAt
			}
		}
		if f.Count > 0 {
			f.Text = fmt.Sprintf("%s on desk %s to be deleted or anonymized, which needs approval; access has ended.", count(f.Count, "user waits", "users wait"), d.Desk.Name)
			out = append(out, f)
		}
	}
	return out, err
}
