package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

const (
	logoutTokenLife = 2 * time.Minute
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
)

// SendLogout tells a desk that a desk session has ended, by a logout token
// (OpenID Connect Back-Channel Logout §2.5). o has the address for it.
func (h *Handler) SendLogout(ctx context.Context, deskSession desksession.Session, o *protocol.DeskOIDC) error {
	now := h.Now()
	token, err := h.sign(ctx, typLogout, map[string]any{
		"iss": h.issuer(), "aud": o.ClientID, "sub": string(deskSession.Identity), "sid": string(deskSession.ID),
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
