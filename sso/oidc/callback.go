package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/url"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Callback returns whom the provider has signed in. query is the raw query of
// the request to the redirect URL, and a the attempt that the caller has kept
// under its state for this browser; neither serves a second time, whatever
// comes of it here.
//
// It makes one request to the provider, one more for userinfo, and one for
// keys when they are new. A [Refusal] says what was wrong.
func (rp *RelyingParty) Callback(ctx context.Context, query url.Values, a Attempt) (*Token, error) {
	code, err := rp.readAnswer(query, a)
	if err != nil {
		return nil, err
	}
	tokens, err := rp.exchange(ctx, code, a)
	if err != nil {
		return nil, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return nil, refuse(ReasonNoIDToken, "the provider sent no ID token; is the scope openid allowed for this client there?")
	}
	id, err := rp.idToken(ctx, raw, tokens.AccessToken, a.Nonce)
	if err != nil {
		return nil, err
	}
	info, err := rp.userInfo(ctx, tokens, id.text("sub"))
	if err != nil {
		return nil, err
	}
	token := rp.newToken(id, info, raw)
	if rp.config.Offline {
		token.Refresh = tokens.RefreshToken
	}
	return token, nil
}

// readAnswer returns the code in an answer to a (RFC 6749 §4.1.2, RFC 9207
// §2.4). Tokens in the query are not looked at.
func (rp *RelyingParty) readAnswer(query url.Values, a Attempt) (code string, _ error) {
	for _, values := range query {
		if len(values) != 1 {
			return "", refuse(ReasonParameter, "the answer has a parameter twice")
		}
	}
	if !a.complete() || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.State)) != 1 {
		return "", refuse(ReasonState, "the answer belongs to another sign-in")
	}
	if query.Has("iss") && query.Get("iss") != rp.metadata.Issuer {
		return "", refuse(ReasonAnswerIssuer, "the answer is another issuer's")
	}
	if query.Has("error") {
		known := shown(query.Get("error"))
		return "", &Refusal{Reason: ReasonProviderError, Detail: advice(known), Code: known}
	}
	if rp.metadata.AnswersWithIssuer && !query.Has("iss") {
		return "", refuse(ReasonAnswerIssuer, "the answer does not say whose it is, although the provider's document says that it does")
	}
	if code := query.Get("code"); code != "" {
		return code, nil
	}
	return "", refuse(ReasonCode, "the answer has no code")
}

// advice says what an error of the provider means for an admin.
func advice(code string) string {
	switch code {
	case "access_denied":
		return "the provider answers access_denied: the person gave up, or is not assigned to the application there"
	case "login_required", "interaction_required", "account_selection_required", "consent_required":
		return "the provider answers " + code + ": it would have to ask the person, and prompt=none forbids that"
	case "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_request":
		return "the provider answers " + code + ": compare client id, scopes and redirect URL with what is set up there"
	case "server_error", "temporarily_unavailable":
		return "the provider answers " + code + ": it has a fault of its own; try again later"
	case "invalid_client":
		return "the provider answers invalid_client: the client id, or the secret or key, is not the one that it knows, or has run out"
	case "invalid_grant":
		return "the provider answers invalid_grant: the code was used before, has run out, or was given for another redirect URL"
	case "":
		return "the provider answers with an error of no known form"
	}
	return "the provider answers " + code
}

// exchange gives the code for tokens (OpenID Connect Core §3.1.3).
func (rp *RelyingParty) exchange(ctx context.Context, code string, a Attempt) (*oauth2.Token, error) {
	options, err := rp.auth.assertion(rp.config.ClientID, rp.metadata.Token, rp.config.Now())
	if err != nil {
		return nil, err
	}
	tokens, err := rp.oauth.Exchange(rp.context(ctx), code, append(options, oauth2.VerifierOption(a.Verifier))...)
	if answer, is := errors.AsType[*oauth2.RetrieveError](err); is {
		known := shown(answer.ErrorCode)
		return nil, &Refusal{Reason: ReasonExchange, Detail: advice(known), Code: known}
	}
	if err != nil {
		return nil, unfetched(err, ReasonExchange, "the provider gave no tokens for the code")
	}
	return tokens, nil
}

// userInfo returns what the userinfo end point says of subject; nil if it is
// not to be asked (OpenID Connect Core §5.3).
func (rp *RelyingParty) userInfo(ctx context.Context, tokens *oauth2.Token, subject string) (claims, error) {
	if !rp.config.UserInfo {
		return nil, nil
	}
	info, err := rp.provider.UserInfo(rp.context(ctx), oauth2.StaticTokenSource(tokens))
	if err != nil {
		return nil, unfetched(err, ReasonUserInfo, "the userinfo end point gave nothing that can be read")
	}
	c, err := userInfoClaims(info)
	if err != nil {
		return nil, err
	}
	if c.text("sub") != subject {
		return nil, refuse(ReasonUserInfoSub, "the userinfo end point spoke of somebody else than the ID token")
	}
	return c, nil
}

func userInfoClaims(info *gooidc.UserInfo) (claims, error) {
	var text []byte
	if err := info.Claims((*json.RawMessage)(&text)); err != nil {
		return nil, refuse(ReasonUserInfo, "the userinfo end point gave nothing that can be read")
	}
	c, err := readClaims(text)
	if err != nil {
		return nil, refuse(ReasonUserInfo, "the userinfo end point's claims are no JSON object, or have a name twice")
	}
	return c, nil
}
