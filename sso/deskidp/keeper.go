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
	noticesAtOnce = 16 // to one desk; each may take as long as a request of ours may
)

// Run ends desk sessions that have lost what they rest on, and sends logout
// notices to those desks, until ctx ends. Any number of replicas may run it:
// one of them at a time sends a notice, and what one leaves undone when it dies
// the next one does. Sessions end and desks are notified whatever another desk
// does with its notices.
func (h *Handler) Run(ctx context.Context) error {
	var sending lanes
	defer sending.group.Wait()
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	var looked, swept time.Time
	for {
		all := h.site.Now().Sub(looked) > keepAllEvery
		if all {
			looked = h.site.Now()
		}
		if err := errors.Join(h.end(ctx, all), h.send(ctx, &sending)); err != nil && ctx.Err() == nil {
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

// Keep is one round of [Handler.Run], which waits until all desks have been
// notified or have not answered. With all it looks at every desk session,
// otherwise at what changed of late.
func (h *Handler) Keep(ctx context.Context, all bool) error {
	var sending lanes
	err := errors.Join(h.end(ctx, all), h.send(ctx, &sending))
	sending.group.Wait()
	return err
}

// end ends the desk sessions that have lost what they rest on.
func (h *Handler) end(ctx context.Context, all bool) error {
	for {
		ended, err := h.site.Core.DeskSessions.End(ctx, all)
		if err != nil || ended == 0 {
			return err
		}
	}
}

// lanes are the desks that are being sent notices: each has one lane, in which
// its notices wait for each other and for no other desk's.
type lanes struct {
	group sync.WaitGroup
	mu    sync.Mutex
	taken map[provision.DeskID]bool
}

// take reports whether nobody else is in the lane of a desk, and takes it then.
func (l *lanes) take(d provision.DeskID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken[d] {
		return false
	}
	if l.taken == nil {
		l.taken = make(map[provision.DeskID]bool)
	}
	l.taken[d] = true
	return true
}

func (l *lanes) leave(d provision.DeskID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.taken, d)
}

// send begins to send notices to all desks that wait for some and have not
// begun yet. What goes wrong then is in the log.
func (h *Handler) send(ctx context.Context, sending *lanes) error {
	desks, err := h.site.Core.DeskSessions.DesksToNotify(ctx)
	for _, d := range desks {
		if !sending.take(d) {
			continue
		}
		sending.group.Go(func() {
			defer sending.leave(d)
			if err := h.notifyDesk(ctx, d); err != nil && ctx.Err() == nil {
				h.site.Log.ErrorContext(ctx, "a desk could not be sent logout notices", "desk", d, "err", err)
			}
		})
	}
	return err
}

// notifyDesk sends a desk its notices until none is due, some at once.
func (h *Handler) notifyDesk(ctx context.Context, d provision.DeskID) error {
	for {
		due, err := h.site.Core.DeskSessions.ClaimLogoutNotices(ctx, d, noticesAtOnce)
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
