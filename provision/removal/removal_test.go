package removal_test

import (
	"context"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/removal"
	"github.com/deskbridge/deskbridge/store"
)

// TestAWorkerIsFaster: somebody who comes in between the look whether anybody is in
// and the deletion is not forgotten.
func TestAWorkerIsFaster(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		ann := h.Person("ann", "agent")
		_, err := h.Core.Removal.RemoveDesk(h.Context(), provisiontest.ByTest, h.Desk.ID, false)
		h.Must(err)
		comesIn := func() {
			a := h.Account(ann.ID)
			a.DeskUser, a.Origin, a.LeaseUntil = "7", provision.OriginMade, nil
			h.Must(h.Store.SaveAccounts(h.Context(), []provision.Account{a}))
		}
		n := 0
		c := h.Core
		late := removal.New(h.Store, func(ctx context.Context, fn func(removal.Store) error) error {
			if n++; n == 2 { // the first lets go of what is on hold
				comesIn()
			}
			return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(tx) })
		}, c.Audit, c.Entitlement, c.Sessions, c.Tokens, c.Settings, removal.Hosting{}, h.Now)
		h.Must(late.Finish(h.Context()))
		if a := h.Account(ann.ID); a.DeskUser != "7" || n < 2 {
			h.Errorf("after %d transactions: %+v", n, a)
		}
		if _, err := h.Store.Desk(h.Context(), string(h.Desk.ID)); err != nil {
			h.Errorf("the desk: %v", err)
		}
	})
}
