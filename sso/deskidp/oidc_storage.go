package deskidp

import (
	"context"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/deskbridge/deskbridge/provision"
)

// failed keeps an error of ours for the caller, and gives it to fosite.
func (e *exchange) failed(err error) error {
	e.err = err
	return err
}

// GetClient implements [fosite.ClientManager].
func (e *exchange) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	desk, err := e.handler.core.DeskByClientID(ctx, id)
	if isCode(err, provision.NotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, e.failed(err)
	}
	e.found = newClient(desk)
	return e.found, nil
}

// ClientAssertionJWTValid implements [fosite.ClientManager]: no client signs
// in by an assertion.
func (*exchange) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrJTIKnown }

// SetClientAssertionJWT implements [fosite.ClientManager].
func (*exchange) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// CreateAuthorizeCodeSession implements [oauth2.AuthorizeCodeStorage]. The
// caller saves the grant, once fosite has agreed to all of it.
func (*exchange) CreateAuthorizeCodeSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAuthorizeCodeSession implements [oauth2.AuthorizeCodeStorage]. It takes
// the code: whatever is wrong with the rest of the request, it is good no more.
func (e *exchange) GetAuthorizeCodeSession(ctx context.Context, code string, _ fosite.Session) (fosite.Requester, error) {
	if e.taken != nil && e.code == code {
		return e.taken, nil
	}
	var g grant
	err := e.handler.core.TakeTicket(ctx, ticketCode, "", code, &g)
	if isCode(err, provision.NotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, e.failed(err)
	}
	desk, err := e.handler.core.DeskByClientID(ctx, g.Client)
	if isCode(err, provision.NotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, e.failed(err)
	}
	e.code, e.grant, e.taken = code, &g, g.requester(newClient(desk))
	return e.taken, nil
}

// InvalidateAuthorizeCodeSession implements [oauth2.AuthorizeCodeStorage]: that
// was done when it was read.
func (*exchange) InvalidateAuthorizeCodeSession(context.Context, string) error { return nil }

// CreatePKCERequestSession implements [pkce.PKCERequestStorage].
func (*exchange) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetPKCERequestSession implements [pkce.PKCERequestStorage].
func (e *exchange) GetPKCERequestSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	if e.taken == nil || e.grant.Form.Get("code_challenge") == "" {
		return nil, fosite.ErrNotFound
	}
	return e.taken, nil
}

// DeletePKCERequestSession implements [pkce.PKCERequestStorage].
func (*exchange) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateOpenIDConnectSession implements [openid.OpenIDConnectRequestStorage].
func (*exchange) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetOpenIDConnectSession implements [openid.OpenIDConnectRequestStorage].
func (e *exchange) GetOpenIDConnectSession(context.Context, string, fosite.Requester) (fosite.Requester, error) {
	if e.taken == nil {
		return nil, fosite.ErrNotFound
	}
	return e.taken, nil
}

// DeleteOpenIDConnectSession implements [openid.OpenIDConnectRequestStorage].
func (*exchange) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

// CreateAccessTokenSession implements [oauth2.AccessTokenStorage].
func (e *exchange) CreateAccessTokenSession(_ context.Context, token string, _ fosite.Requester) error {
	e.token = token
	return nil
}

// errNoSuchThing is what the methods return that nothing calls.
var errNoSuchThing = fmt.Errorf("idp: %w", fosite.ErrNotFound)

// GetAccessTokenSession implements [oauth2.AccessTokenStorage]; userinfo looks
// by itself.
func (*exchange) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, errNoSuchThing
}

// DeleteAccessTokenSession implements [oauth2.AccessTokenStorage].
func (*exchange) DeleteAccessTokenSession(context.Context, string) error { return errNoSuchThing }

// CreateRefreshTokenSession implements [oauth2.RefreshTokenStorage]: there are
// none.
func (*exchange) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return errNoSuchThing
}

// GetRefreshTokenSession implements [oauth2.RefreshTokenStorage].
func (*exchange) GetRefreshTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, errNoSuchThing
}

// DeleteRefreshTokenSession implements [oauth2.RefreshTokenStorage].
func (*exchange) DeleteRefreshTokenSession(context.Context, string) error { return errNoSuchThing }

// RotateRefreshToken implements [oauth2.RefreshTokenStorage].
func (*exchange) RotateRefreshToken(context.Context, string, string) error { return errNoSuchThing }

// RevokeRefreshToken implements [oauth2.TokenRevocationStorage].
func (*exchange) RevokeRefreshToken(context.Context, string) error { return errNoSuchThing }

// RevokeAccessToken implements [oauth2.TokenRevocationStorage].
func (*exchange) RevokeAccessToken(context.Context, string) error { return errNoSuchThing }

// GenerateAuthorizeCode implements [oauth2.AuthorizeCodeStrategy]. A code's
// signature, by which fosite looks it up, is the code itself: the core keeps
// hashes alone.
func (e *exchange) GenerateAuthorizeCode(context.Context, fosite.Requester) (code, signature string, err error) {
	e.code = provision.NewSecret()
	return e.code, e.code, nil
}

// AuthorizeCodeSignature implements [oauth2.AuthorizeCodeStrategy].
func (*exchange) AuthorizeCodeSignature(_ context.Context, code string) string { return code }

// ValidateAuthorizeCode implements [oauth2.AuthorizeCodeStrategy]: taking it
// was the proof.
func (e *exchange) ValidateAuthorizeCode(_ context.Context, _ fosite.Requester, code string) error {
	if e.taken == nil || code != e.code {
		return fosite.ErrInvalidGrant
	}
	return nil
}

// GenerateAccessToken implements [oauth2.AccessTokenStrategy].
func (*exchange) GenerateAccessToken(context.Context, fosite.Requester) (token, signature string, err error) {
	token = provision.NewSecret()
	return token, token, nil
}

// AccessTokenSignature implements [oauth2.AccessTokenStrategy].
func (*exchange) AccessTokenSignature(_ context.Context, token string) string { return token }

// ValidateAccessToken implements [oauth2.AccessTokenStrategy].
func (*exchange) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return errNoSuchThing
}

// GenerateRefreshToken implements [oauth2.RefreshTokenStrategy].
func (*exchange) GenerateRefreshToken(context.Context, fosite.Requester) (token, signature string, err error) {
	return "", "", errNoSuchThing
}

// RefreshTokenSignature implements [oauth2.RefreshTokenStrategy].
func (*exchange) RefreshTokenSignature(_ context.Context, token string) string { return token }

// ValidateRefreshToken implements [oauth2.RefreshTokenStrategy].
func (*exchange) ValidateRefreshToken(context.Context, fosite.Requester, string) error {
	return errNoSuchThing
}
