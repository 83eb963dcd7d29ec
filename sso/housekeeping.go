package sso

import (
	"context"
	"errors"
	"sync"
	"time"
)

// housekeepingEvery is how often housekeeping looks whether there is something to do.
const housekeepingEvery = 5 * time.Minute

// Run keeps metadata fresh, clears away what has expired, and asks OpenID providers
// whether they still vouch for people, until ctx ends.
// Every replica may run it.
func (h *Handler) Run(ctx context.Context) {
	var rechecks sync.WaitGroup
	defer rechecks.Wait()
	rechecks.Go(func() { h.recheck.Run(ctx) })
	tick := time.NewTicker(housekeepingEvery)
	defer tick.Stop()
	for {
		if err := h.housekeep(ctx); err != nil && ctx.Err() == nil {
			h.site.Log.ErrorContext(ctx, "housekeeping of sign-in failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *Handler) housekeep(ctx context.Context) error {
	return errors.Join(h.core.Sessions.Sweep(ctx), h.clients.KeepFresh(ctx))
}
