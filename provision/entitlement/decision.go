package entitlement

import (
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// decision says what made access end, as far as an admin has decided it before:
// mass-change protection asks nobody about that once more.
type decision struct {
	cause string // in words; "": the identity provider did
	by    string // who has decided that it ends; "": nobody has
	terms bool   // by the person's terms, whatever was decided of a loss before
}

// decided returns what an admin has decided about access of person to the desk of a,
// if that is to end at now. Otherwise it is not asked. cause is what an admin did
// with the configuration.
func decided(a *provision.Account, person *provision.Identity, rules []provision.Rule, cause string, now time.Time) decision {
	why, by := person.Terms.Why(now)
	if by != "" {
		return decision{cause: why, by: by, terms: true}
	}
	if m := person.Terms.Idle.On(string(a.Desk)); m != nil && person.Active() {
		d := decision{cause: m.Words() + byWhom + m.By, by: m.By}
		if m.Policy { // nobody has looked who they are: mass-change protection counts them
			d.by = ""
		}
		return d
	}
	if why != "" && person.Active() {
		return decision{cause: why}
	}
	if r, all := ended(a.Desired.Grants, rules, now); all && person.Active() {
		return decision{cause: "end of the rule on " + r.String() + " on " + provision.LastDay(*r.Until), by: "the end of the rule"}
	}
	return decision{cause: cause}
}

// ended reports whether every rule by which grants gave a role has ended at now, and
// returns the last of them.
func ended(grants []provision.Grant, rules []provision.Rule, now time.Time) (last provision.Rule, all bool) {
	for _, g := range grants {
		if g.Role.Rank() == 0 {
			continue
		}
		i := slices.IndexFunc(rules, func(r provision.Rule) bool { return r.ID == g.Rule })
		if i < 0 || !rules[i].Ended(now) {
			return last, false
		}
		if last.Until == nil || rules[i].Until.After(*last.Until) {
			last = rules[i]
		}
	}
	return last, last.Until != nil
}

// pronounce has a loss carried out that an admin has decided, which is new or not. It
// reports whether a run has to look at it for that.
func (d decision) pronounce(l *provision.Loss, isNew bool) bool {
	undone := l.Verdict != provision.VerdictPassed && l.Verdict != provision.VerdictReleased
	if d.by == "" || !undone || !isNew && !d.terms {
		return false
	}
	l.Verdict, l.By, l.Cause = provision.VerdictReleased, d.by, d.cause
	return true
}
