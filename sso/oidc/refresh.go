package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"
)

// Answer is what came of asking a provider by a refresh token whether it still vouches
// for a person.
type Answer int

// The answers.
const (
	// NoAnswer: nothing is known. The provider was not reached, is out of order or wants
	// to be left alone, refuses us and not the token, or says what cannot be read.
	NoAnswer Answer = iota
	Vouches
	// Revoked: the provider refuses the token (invalid_grant, RFC 6749 §5.2).
	Revoked
	// WantsPerson: it does so until the person has been there, for a second factor, a new
	// password or a consent.
	WantsPerson
	// SomebodyElse: the ID token is about another person, or another issuer's.
	SomebodyElse
)

// Refreshed is the answer to a refresh request (RFC 6749 §6, OpenID Connect Core §12).
type Refreshed struct {
	Answer  Answer
	Used    bool   // the provider may have used up the token: the request was sent, and what it did is not known
	Problem string // of NoAnswer and SomebodyElse, for an admin: no token, no personal data
}

// wantsPerson are the suberrors of Entra ID's invalid_grant that are about what the
// person has to do, and not about who they are (its documentation of MSAL, 2026-11-30).
var wantsPerson = []string{"basic_action", "additional_action", "message_only", "consent_required", "user_password_expired"}

// maxTokenAnswer is how long an answer of the token end point may be, in bytes.
const maxTokenAnswer = 1 << 20

// Refresh asks the provider by a refresh token whether it still vouches for subject. keep
// is called with the token that the provider gives in its place, or "", before anything
// else is made of the answer: the one that was used may serve no more. Its error is
// returned, and none else: whatever the provider does is in the answer.
func (rp *RelyingParty) Refresh(ctx context.Context, token, subject string, keep func(replaced string) error) (Refreshed, error) {
	request, err := rp.refreshRequest(ctx, token)
	if err != nil {
		return Refreshed{Problem: err.Error()}, nil
	}
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	resp, err := rp.client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	if err != nil {
		return Refreshed{Used: sent.Load(), Problem: unfetched(err, ReasonExchange, "the token end point gave no answer").Error()}, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenAnswer))
	if err != nil {
		return Refreshed{Used: true, Problem: unfetched(err, ReasonExchange, "the answer of the token end point breaks off").Error()}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return refused(resp.StatusCode, body), nil
	}
	var got struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		IDToken      string `json:"id_token"`
	}
	if json.Unmarshal(body, &got) != nil || got.AccessToken == "" {
		return Refreshed{Used: true, Problem: "oidc: the token end point gave no tokens that can be read"}, nil
	}
	if err := keep(got.RefreshToken); err != nil {
		return Refreshed{Used: true}, err
	}
	if got.IDToken == "" { // it need not give one (OpenID Connect Core §12.2)
		return Refreshed{Answer: Vouches}, nil
	}
	id, err := rp.refreshedIDToken(ctx, got.IDToken, got.AccessToken)
	if refusal, is := errors.AsType[*Refusal](err); is {
		answer := NoAnswer
		if slices.Contains([]string{ReasonIssuer, ReasonAudience, ReasonAuthorized, ReasonTenant}, refusal.Reason) {
			answer = SomebodyElse
		}
		return Refreshed{Answer: answer, Problem: refusal.Error()}, nil
	}
	if subtle.ConstantTimeCompare([]byte(id.text("sub")), []byte(subject)) != 1 {
		return Refreshed{Answer: SomebodyElse, Problem: "oidc: the ID token speaks of somebody else than the one of the sign-in"}, nil
	}
	return Refreshed{Answer: Vouches}, nil
}

// refused reads an error of the token end point.
func refused(status int, body []byte) Refreshed {
	var e struct {
		Error    string `json:"error"`
		SubError string `json:"suberror"`
	}
	readable := json.Unmarshal(body, &e) == nil
	problem := "oidc: the token end point answers " + http.StatusText(status)
	switch code := shown(e.Error); {
	case status == http.StatusTooManyRequests:
		return Refreshed{Problem: problem} // it has not looked at the request
	case status < 400 || status >= 500 || !readable || code == "":
		return Refreshed{Used: true, Problem: problem}
	case code == "invalid_grant" && slices.Contains(wantsPerson, e.SubError), code == "interaction_required", code == "consent_required", code == "login_required":
		return Refreshed{Answer: WantsPerson}
	case code == "invalid_grant":
		return Refreshed{Answer: Revoked}
	default:
		return Refreshed{Problem: "oidc: " + ReasonExchange + ": " + advice(code)}
	}
}

// refreshRequest makes the request, with which we say who we are as at a sign-in.
func (rp *RelyingParty) refreshRequest(ctx context.Context, token string) (*http.Request, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	inHeader := rp.auth.style == oauth2.AuthStyleInHeader
	if !inHeader {
		form.Set("client_id", rp.config.ClientID)
	}
	if rp.auth.signer != nil {
		assertion, err := rp.auth.text(rp.config.ClientID, rp.metadata.Token, rp.config.Now())
		if err != nil {
			return nil, refuse(ReasonConfig, "the private key could not sign")
		}
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	} else if !inHeader {
		form.Set("client_secret", rp.auth.secret)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, rp.metadata.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, unusable(ReasonEndpoint, "the token end point cannot be asked", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if inHeader { // encoded before (RFC 6749 §2.3.1)
		request.SetBasicAuth(url.QueryEscape(rp.config.ClientID), url.QueryEscape(rp.auth.secret))
	}
	return request, nil
}
