package reconcile_test

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
)

// watched is a reconcile service of its own on the harness's database, whose
// transactions around sees.
func watched(h *provisiontest.Harness, around func(reconcile.Store) reconcile.Store) *reconcile.Service {
	clock := provision.NewClock(h.Now)
	log := audit.New(h.Store, func(ctx context.Context, fn func(audit.Store) error) error {
		return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(tx) })
	}, clock)
	entitlements := entitlement.New(h.Store, func(ctx context.Context, fn func(entitlement.Store) error) error {
		return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(tx) })
	}, log, 0, clock)
	return reconcile.New(around(h.Store), func(ctx context.Context, fn func(reconcile.Store) error) error {
		return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(around(tx)) })
	}, log, entitlements, 0, reconcile.Brake{}, nil, clock)
}
