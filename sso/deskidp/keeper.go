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
	keepEvery     = time.Second
	keepAllEvery  = time.Minute // what a round that looks at changes alone has missed, this one finds
	sweepEvery    = time.Hour
	noticesAtOnce = 16 // desks; each may take as long as a request of ours may
)

// Run ends desk sessions that have lost what they rest on, and sends logout
// notices to those desks, until ctx ends. Any number of replicas may run it:
// one of them at a time sends a notice, and what one leaves undone when it dies
// the next one does.
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
			h.site.Log.ErrorContext(ctx, "desk sessions could not be looked after", "err", err)
		}
		if now := h.site.Now(); now.Sub(swept) > sweepEvery {
			swept = now
			if err := h.site.Core.DeskSessions.Sweep(ctx); err != nil && ctx.Err() == nil {
				h.site.Log.ErrorContext(ctx, "old desk sessions could not be deleted", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Keep is one round of [Handler.Run]. With all it looks at every desk
// session, otherwise at what changed of late.
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
		due, err := h.site.Core.DeskSessions.ClaimLogoutNotices(ctx, noticesAtOnce)
		if err != nil || len(due) == 0 {
			return err
		}
		errs := make([]error, len(due))
		var group sync.WaitGroup
		for i, deskSession := range due {
			group.Go(func() { errs[i] = h.notify(ctx, deskSession) })
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

// notify sends a desk the logout notice of a desk session, if the desk takes any.
func (h *Handler) notify(ctx context.Context, deskSession desksession.Session) error {
	desk, err := h.site.Core.Settings.Desk(ctx, string(deskSession.Desk))
	if err != nil {
		return err
	}
	o := desk.SignIn.OIDC
	if deskSession.Protocol != provision.ProtocolOIDC || o == nil || o.BackchannelLogoutURL == "" {
		return h.site.Core.DeskSessions.NoticeDelivered(ctx, deskSession, "")
	}
	err = h.oidc.SendLogout(ctx, deskSession, o)
	if err == nil {
		return h.site.Core.DeskSessions.NoticeDelivered(ctx, deskSession, "backchannel_logout")
	}
	if ctx.Err() != nil {
		return ctx.Err() // somebody else does it, soon
	}
	again, saveErr := h.site.Core.DeskSessions.NoticeFailed(ctx, deskSession, err.Error())
	h.site.Log.WarnContext(ctx, "a desk did not take a logout notice", "desk", desk.Name, "attempts", deskSession.Attempts, "again", again, "err", err)
	return saveErr
}
