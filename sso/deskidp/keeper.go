package deskidp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	keepEvery    = time.Second
	keepAllEvery = time.Minute // what a round that looks at changes alone has missed, this one finds
	sweepEvery   = time.Hour
	tellAtOnce   = 16 // desks; each may take as long as a request of ours may

	logoutTokenLife = 2 * time.Minute
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
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
		all := h.now().Sub(looked) > keepAllEvery
		if all {
			looked = h.now()
		}
		if err := h.Keep(ctx, all); err != nil && ctx.Err() == nil {
			h.log.ErrorContext(ctx, "sessions at desks could not be looked after", "err", err)
		}
		if now := h.now(); now.Sub(swept) > sweepEvery {
			swept = now
			if err := h.core.SweepApps(ctx); err != nil && ctx.Err() == nil {
				h.log.ErrorContext(ctx, "old sessions at desks could not be deleted", "err", err)
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
		ended, err := h.core.EndApps(ctx, all)
		if err != nil {
			return err
		}
		if ended == 0 {
			break
		}
	}
	for {
		due, err := h.core.ClaimAppTellings(ctx, tellAtOnce)
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
func (h *Handler) tell(ctx context.Context, app provision.AppSession) error {
	desk, err := h.core.Desk(ctx, string(app.Desk))
	if err != nil {
		return err
	}
	o := desk.SignIn.OIDC
	if app.Protocol != provision.ProtocolOIDC || o == nil || o.BackchannelLogoutURL == "" {
		return h.core.AppTold(ctx, app, "")
	}
	err = h.sendLogout(ctx, app, o)
	if err == nil {
		return h.core.AppTold(ctx, app, "backchannel_logout")
	}
	if ctx.Err() != nil {
		return ctx.Err() // somebody else does it, soon
	}
	again, saveErr := h.core.AppNotTold(ctx, app, err.Error())
	h.log.WarnContext(ctx, "a desk was not told that somebody is signed out", "desk", desk.Name, "attempts", app.Attempts, "again", again, "err", err)
	return saveErr
}

// sendLogout posts a logout token (OpenID Connect Back-Channel Logout §2.5).
func (h *Handler) sendLogout(ctx context.Context, app provision.AppSession, o *provision.DeskOIDC) error {
	now := h.now()
	token, err := h.sign(ctx, typLogout, map[string]any{
		"iss": h.issuer(), "aud": o.ClientID, "sub": string(app.Identity), "sid": string(app.ID),
		"iat": now.Unix(), "exp": now.Add(logoutTokenLife).Unix(), "jti": uuid.NewString(),
		"events": map[string]any{logoutEvent: struct{}{}},
	})
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {token}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.BackchannelLogoutURL, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("idp: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := h.client.Do(request)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address, whose query may hold anything
		}
		return err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, 4<<10)) //nolint:errcheck // what it says is of no use
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the desk answers a logout token with the status %d", answer.StatusCode)
	}
	return nil
}
