package store_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestReasonsGetTheirCodes: accounts from before there were codes get one by
// the sentence that they have.
func TestReasonsGetTheirCodes(t *testing.T) {
	const beforeCodes = 13
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, d := seeded(t, s)
		cases := []struct {
			state  provision.AccountState
			reason string
			want   provision.ReasonCode
		}{
			{provision.AccountReady, "", provision.ReasonNone},
			{provision.AccountWaiting, "", provision.ReasonNone},
			{provision.AccountWaiting, "support is not called for now: it is down", provision.ReasonDeskPaused},
			{provision.AccountWaiting, "support refuses our credentials: no; `deskbridge desk check support` tells more", provision.ReasonUnauthorized},
			{provision.AccountWaiting, "the visit was interrupted", provision.ReasonInterrupted},
			{provision.AccountWaiting, "support: too many requests", provision.ReasonFailed},
			{provision.AccountOnHold, "held: unusually many people of this connection lost access at once", provision.ReasonMassChange},
			{provision.AccountNeedsAttention, "no seat left on support: 3 of 3 are taken; free one, or raise `seats` of the desk", provision.ReasonSeat},
			{provision.AccountNeedsAttention, "given up after many attempts; the last one said: support refuses our credentials: no", provision.ReasonGaveUp},
			{provision.AccountNeedsAttention, "an admin has to do this by hand: click", provision.ReasonByHand},
			{provision.AccountNeedsAttention, "desk support cannot be used: url: missing", provision.ReasonDeskUnusable},
			{provision.AccountNeedsAttention, "another person in Deskbridge already holds that user on support; free it", provision.ReasonUserTaken},
			{provision.AccountNeedsAttention, "desk user 7 is the service account that Deskbridge itself uses on support; give", provision.ReasonSelf},
			{provision.AccountNeedsAttention, "desk user 7 is the owner of support, which Deskbridge never takes over", provision.ReasonOwner},
			{provision.AccountNeedsAttention, "desk user 7 is the last admin of support; make somebody else admin", provision.ReasonLastAdmin},
			{provision.AccountNeedsAttention, "support already has a user 7 for this person that was not made by Deskbridge; run", provision.ReasonAdoption},
			{provision.AccountNeedsAttention, "support: no licence left", provision.ReasonRefused},
		}
		names := make([]string, len(cases))
		for i := range cases {
			names[i] = string(rune('a'+i)) + "nn"
		}
		var accounts []provision.Account
		for i, p := range people(t, s, c.ID, names...) {
			a := account(p, d.ID)
			a.State, a.Reason, a.ReasonCode, a.DeskUser = cases[i].state, cases[i].reason, "", provision.DeskUserID(names[i])
			accounts = append(accounts, a)
		}
		must(t, s.SaveAccounts(t.Context(), accounts))
		must(t, store.MigrateTo(t.Context(), s, beforeCodes))
		must(t, s.Migrate(t.Context()))
		for i, a := range accounts {
			equal(t, cases[i].reason, cases[i].want, got(s.Account(t.Context(), a.ID))(t).ReasonCode)
		}
	})
}
