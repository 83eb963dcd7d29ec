package oidc

import (
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxSubject is how long sub may be (OpenID Connect Core §2).
const maxSubject = 255

// idToken returns the claims of an ID token that is right in all that OpenID
// Connect Core §3.1.3.7 asks for. The library checks as much as it knows to;
// our own checks stand behind it, on the same bytes, and also say which one
// failed. Both have to agree.
func (rp *RelyingParty) idToken(ctx context.Context, raw, accessToken, nonce string) (claims, error) {
	return rp.checkedToken(ctx, raw, accessToken, rp.checkSignIn, func(c claims) error {
		if subtle.ConstantTimeCompare([]byte(c.text("nonce")), []byte(nonce)) != 1 {
			return refuse(ReasonNonce, "the ID token is another sign-in's, or has no nonce")
		}
		return nil
	})
}

// refreshedIDToken is idToken for one that came for a refresh token: nobody signs in, so
// that how and when they did does not matter, and there is no nonce of an attempt
// (OpenID Connect Core §12.2). Whom it speaks of is for the caller to compare.
func (rp *RelyingParty) refreshedIDToken(ctx context.Context, raw, accessToken string) (claims, error) {
	return rp.checkedToken(ctx, raw, accessToken)
}

// checkedToken checks an ID token in all but what further checks see to.
func (rp *RelyingParty) checkedToken(ctx context.Context, raw, accessToken string, further ...func(claims) error) (claims, error) {
	e, err := openEnvelope(raw)
	if err != nil {
		return nil, err
	}
	if e.typ == logoutType {
		return nil, refuse(ReasonLogout, "this is a logout token")
	}
	if !e.is() {
		return nil, refuse(ReasonType, "the header says that this is another kind of token than an ID token")
	}
	ctx, seen := withWitness(rp.context(ctx))
	token, libraryErr := rp.verifier.Verify(ctx, raw)
	c, err := seen.claims()
	if err != nil {
		return nil, err
	}
	for _, check := range append([]func(claims) error{rp.checkKind, rp.checkParties, rp.checkTimes, rp.checkPerson}, further...) {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	if libraryErr != nil {
		return nil, refuse(ReasonMalformed, "a claim cannot be read as OpenID Connect means it")
	}
	if c.has("at_hash") && token.VerifyAccessToken(accessToken) != nil {
		return nil, refuse(ReasonAccessToken, "the access token beside the ID token does not belong to it")
	}
	return c, nil
}

// checkKind tells ID tokens from logout tokens, which are signed by the same
// keys (OpenID Connect Back-Channel Logout §2.4).
func (rp *RelyingParty) checkKind(c claims) error {
	if _, has := c["events"]; has {
		return refuse(ReasonLogout, "this is a logout token")
	}
	return nil
}

// checkParties checks who issued the token, and for whom.
func (rp *RelyingParty) checkParties(c claims) error {
	if err := rp.checkIssuer(c); err != nil {
		return err
	}
	audience := c.texts("aud")
	if !slices.Contains(audience, rp.config.ClientID) {
		return refuse(ReasonAudience, "the token is for another client; compare the client id with the provider's")
	}
	several := slices.ContainsFunc(audience, func(other string) bool { return other != rp.config.ClientID })
	if azp, has := c["azp"]; (has || several) && azp != rp.config.ClientID {
		return refuse(ReasonAuthorized, "the token was given to another client, or does not say to which of several")
	}
	return nil
}

// checkIssuer lets Google leave out the scheme, as it documents that it may
// (https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload).
func (rp *RelyingParty) checkIssuer(c claims) error {
	issuer := c.text("iss")
	if issuer == rp.metadata.Issuer || rp.config.isGoogle() && "https://"+issuer == googleIssuer {
		return nil
	}
	return refuse(ReasonIssuer, "the token is another issuer's")
}

// checkTimes checks exp, nbf and iat. A clock of the provider's that is ahead
// by the skew does no harm; nobody's clock makes a token last longer.
func (rp *RelyingParty) checkTimes(c claims) error {
	now := rp.config.Now()
	if exp, ok := c.time("exp"); !ok || !now.Before(exp) {
		return refuse(ReasonExpired, "the token has expired, or does not say when it does; compare the clocks")
	}
	if nbf, ok := c.time("nbf"); c.has("nbf") && (!ok || nbf.After(now.Add(rp.config.Skew))) {
		return refuse(ReasonNotYet, "the token is not valid yet; compare the clocks")
	}
	iat, ok := c.time("iat")
	if !ok || iat.After(now.Add(rp.config.Skew)) || iat.Before(now.Add(-MaxTokenAge)) {
		return refuse(ReasonIssuedAt, "the token was not issued just now, or does not say when; compare the clocks")
	}
	return nil
}

// checkPerson checks whom the token speaks of.
func (rp *RelyingParty) checkPerson(c claims) error {
	subject := c.text("sub")
	if strings.TrimSpace(subject) == "" || len(subject) > maxSubject ||
		strings.ContainsFunc(subject, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
		return refuse(ReasonSubject, "the token has no sub that could name a person")
	}
	if tid := c.text("tid"); rp.config.isEntra() && tid != "" && rp.config.tenant() != "" && !strings.EqualFold(tid, rp.config.tenant()) {
		return refuse(ReasonTenant, "the token speaks of somebody in another tenant than the issuer's")
	}
	if (rp.config.isGoogle() || len(rp.config.HostedDomains) > 0) && !rp.config.ours(c.text("hd")) {
		return refuse(ReasonHostedDomain, "the Google account belongs to no domain of this connection, or to no Workspace at all")
	}
	return nil
}

// checkSignIn checks how and when the person signed in, if that matters.
func (rp *RelyingParty) checkSignIn(c claims) error {
	if len(rp.config.ACRValues) > 0 && !slices.Contains(rp.config.ACRValues, c.text("acr")) {
		return refuse(ReasonACR, "the person did not sign in by the means that acr_values demands, or the provider does not say how")
	}
	if rp.config.MaxAge > 0 {
		oldest := rp.config.Now().Add(-rp.config.MaxAge.Truncate(time.Second) - rp.config.Skew)
		if at, ok := c.time("auth_time"); !ok || at.Before(oldest) {
			return refuse(ReasonAuthTime, "the person signed in at the provider longer ago than max_age, or the provider does not say when")
		}
	}
	return nil
}
