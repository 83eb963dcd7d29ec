package plan

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/profile"
)

// ProfileCount is a field of the profiles on a desk that somebody else keeps once a plan
// is applied. What the desk shows of the people is not read for a plan.
type ProfileCount struct {
	Desk   string        `json:"desk"`
	Field  keeping.Field `json:"field"`
	Before keeping.Keep  `json:"before"`
	After  keeping.Keep  `json:"after"`
	People int           `json:"people"` // who have a user there, and are to have access
	Said   int           `json:"said"`   // of those, the ones of whom the identity provider says something that the desk keeps
}

// profileCounts says which fields of profiles change who keeps them, and for how many.
func (s *Service) profileCounts(ctx context.Context, state *draftState) (counts []ProfileCount, _ error) {
	for _, desk := range state.desks {
		have, err := s.store.Desk(ctx, string(desk.ID))
		if provision.IsNotFound(err) { // nobody is there yet
			continue
		}
		if err != nil {
			return nil, err
		}
		changed := have.Profile.Changed(desk.Profile)
		if len(changed) == 0 {
			continue
		}
		accounts, err := s.store.AccountsWhere(ctx, provision.AccountFilter{Desk: desk.ID}, 0)
		if err != nil {
			return nil, err
		}
		accounts = slices.DeleteFunc(accounts, func(a provision.Account) bool { return !mayWrite(&a) })
		said := make(map[keeping.Field]int)
		for i := range accounts {
			kept, _ := s.settings.Fit(desk, profile.Of(&accounts[i], accounts[i].Desired))
			for _, f := range changed {
				if profile.Has(&kept, f) {
					said[f]++
				}
			}
		}
		for _, f := range changed {
			counts = append(counts, ProfileCount{Desk: desk.Name, Field: f, Before: have.Profile.Of(f), After: desk.Profile.Of(f), People: len(accounts), Said: said[f]})
		}
	}
	return counts, nil
}

// mayWrite reports whether a run may write the profile of an account's desk user.
func mayWrite(a *provision.Account) bool {
	return a.DeskUser != "" && a.Origin != provision.OriginNone && a.Desired.Status == provision.AccessActive
}

// keptElse returns the accounts on a desk that are looked at again because others keep
// what it shows of people: those of whom more may be written, and those that wait for an
// admin to do what nobody may ask for any more.
func keptElse(ctx context.Context, tx Store, have, want provision.Desk) (again []provision.Account, _ error) {
	if have.Profile.Same(want.Profile) {
		return nil, nil
	}
	accounts, err := tx.AccountsWhere(ctx, provision.AccountFilter{Desk: want.ID}, 0)
	for _, a := range accounts {
		if mayWrite(&a) && (a.State == provision.AccountReady && have.Profile.Sends(want.Profile) || a.State == provision.AccountNeedsAttention && a.ReasonCode == provision.ReasonByHand) {
			again = append(again, a)
		}
	}
	return again, err
}
