package deskidp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
)

const (
	keepEvery    = time.Second
	keepAllEvery = time.Minute // what a round that looks at changes alone has missed, this one finds
	sweepEvery   = time.Hour
	tellAtOnce   = 16 // desks; each may take as long as a request of ours may
)

// Run ends sessions at desks that have lost what they rest on, and tells those
// desks, until ctx ends. Any number of replicas may run it: each session is
// told by one of them at a time, and what one leaves undone when it dies the
// next one does.
func (h *Handler) Run(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	var looked, swept time.Time
	for {
		all := h.site.Now().Sub(looked) > keepAllEvery
		if all {
			looked = h.site.Now()
		}
		if err := h.Keep(ctx, all); err != nil && ctx.Err() == nil {
			h.site.Log.ErrorContext(ctx, "sessions at desks could not be looked after", "err", err)
		}
		if now := h.site.Now(); now.Sub(swept) > sweepEvery {
			swept = now
			if err := h.site.Core.DeskSessions.Sweep(ctx); err != nil && ctx.Err() == nil {
				h.site.Log.ErrorContext(ctx, "old sessions at desks could not be deleted", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Keep is one round of [Handler.Run]. With all it looks at every session at a
// desk, otherwise at what changed of late.
func (h *Handler) Keep(ctx context.Context, all bool) error {
	for {
		ended, err := h.site.Core.DeskSessions.End(ctx, all)
		if err != nil {
			return err
		}
		if ended == 0 {
			break
		}
	}
	for {
		due, err := h.site.Core.DeskSessions.ClaimLogoutNotices(ctx, tellAtOnce)
		if err != nil || len(due) == 0 {
			return err
		}
		errs := make([]error, len(due))
		var group sync.WaitGroup
		for i, app := range due {
			group.Go(func() { errs[i] = h.tell(ctx, app) })
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

// tell tells a desk that a session has ended, if it can hear that.
func (h *Handler) tell(ctx context.Context, app desksession.Session) error {
	desk, err := h.site.Core.Settings.Desk(ctx, string(app.Desk))
	if err != nil {
		return err
	}
	o := desk.SignIn.OIDC
	if app.Protocol != provision.ProtocolOIDC || o == nil || o.BackchannelLogoutURL == "" {
		return h.site.Core.DeskSessions.NoticeDelivered(ctx, app, "")
	}
	err = h.oidc.SendLogout(ctx, app, o)
	if err == nil {
		return h.site.Core.DeskSessions.NoticeDelivered(ctx, app, "backchannel_logout")
	}
	if ctx.Err() != nil {
		return ctx.Err() // somebody else does it, soon
	}
	again, saveErr := h.site.Core.DeskSessions.NoticeFailed(ctx, app, err.Error())
	h.site.Log.WarnContext(ctx, "a desk was not told that somebody is signed out", "desk", desk.Name, "attempts", app.Attempts, "again", again, "err", err)
	return saveErr
}
