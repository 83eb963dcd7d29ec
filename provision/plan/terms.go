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

// termed returns everybody of whom an admin has said something, but for who is
// removed and not blocked: they have no access that could end.
func termed(ctx context.Context, store Store) (out []Termed, _ error) {
	people, err := store.PeopleWithTerms(ctx)
	for _, p := range people {
		if p.Status != provision.StatusRemoved || p.Terms.Block != nil {
			out = append(out, Termed{PersonOf(p), p.Status, p.Terms})
		}
	}
	return out, err
}

// ofEnds returns what ends by itself within [endsInDays], of people and of rules.
func ofEnds(people []Termed, rules []provision.Rule, o *Overview) (out []Finding) {
	soon := func(at time.Time) bool { return at.After(o.At) && at.Sub(o.At) <= endsInDays*24*time.Hour }
	found := func(names []string, first time.Time, what [2]string, do string) {
		if len(names) > 0 {
			out = append(out, Finding{Code: FindingEnds, At: &first, Count: len(names), Do: do,
				Text: fmt.Sprintf("%s within %d days: %s.", count(len(names), what[0], what[1]), endsInDays, few(names))})
		}
	}
	var names []string
	var first time.Time
	note := func(name string, at time.Time) {
		if len(names) == 0 || at.Before(first) {
			first = at
		}
		names = append(names, name+" ("+provision.LastDay(at)+")")
	}
	for _, p := range people {
		if u := p.Terms.Until; u != nil && soon(u.At) && p.Terms.Block == nil && p.Status == provision.StatusActive {
			note(p.Person.String(), u.At)
		}
	}
	found(names, first, [2]string{"person's access ends", "people's access ends"}, "`deskbridge person valid-until USER DATE` prolongs it; if it is meant, nothing is to be done")
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

// barred says why the terms of a person keep them from having what is asked for;
// false when they do not.
func barred(p *provision.Identity, now time.Time) (Why, bool) {
	switch b := p.Terms.Block; {
	case b != nil:
		return Why{Code: WhyBlocked, Text: fmt.Sprintf("they are blocked, by %s since %s: %s; whatever the identity provider says, until `deskbridge person unblock %s`", b.By, b.At.Format(time.DateOnly), b.Reason, p.ID)}, true
	case p.Terms.Ended(now) && p.Active():
		return Why{Code: WhyEnded, Text: fmt.Sprintf("their access ended on %s, as %s had set; `deskbridge person valid-until %s DATE` prolongs it", provision.LastDay(p.Terms.Until.At), p.Terms.Until.By, p.ID)}, true
	}
	return Why{}, false
}
