package oidc

import (
	"context"
	"slices"
	"time"
)

const (
	logoutType  = "logout+jwt" // typ of a logout token (OpenID Connect Back-Channel Logout §2.4)
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	maxTokenID  = 255 // bytes; the standards name no limit, and the caller has to keep it
)

// Logout is a provider's word that somebody has signed out.
type Logout struct {
	Issuer  string
	Subject string    // all sessions of this person, if SID is empty
	SID     string    // the session, as in [Token.SID]; Subject, when not empty, is whose it is
	JTI     string    // at most 255 bytes; serves once: the caller remembers it until Expires
	Issued  time.Time // iat
	Expires time.Time
}

// LogoutToken reads a logout token that the provider has posted (OpenID
// Connect Back-Channel Logout §2.6). Whether its JTI comes a second time is
// the caller's to find out.
func (rp *RelyingParty) LogoutToken(ctx context.Context, raw string) (*Logout, error) {
	e, err := openEnvelope(raw)
	if err != nil {
		return nil, err
	}
	if !e.is(logoutType) {
		return nil, refuse(ReasonType, "the header says that this is another kind of token than a logout token")
	}
	ctx, seen := withWitness(rp.context(ctx))
	_, libraryErr := rp.verifier.VerifyLogout(ctx, raw)
	c, err := seen.claims()
	if err != nil {
		return nil, err
	}
	if err := rp.checkLogout(c); err != nil {
		return nil, err
	}
	if libraryErr != nil {
		return nil, refuse(ReasonMalformed, "a claim cannot be read as OpenID Connect means it")
	}
	return rp.newLogout(c), nil
}

// checkLogout checks what makes a logout token one.
func (rp *RelyingParty) checkLogout(c claims) error {
	events, _ := c["events"].(map[string]any)
	if _, is := events[logoutEvent].(map[string]any); !is {
		return refuse(ReasonEvents, "the token tells of no back-channel logout")
	}
	if _, has := c["nonce"]; has {
		return refuse(ReasonNonce, "a logout token has no nonce; this is an ID token, or made of one")
	}
	if err := rp.checkIssuer(c); err != nil {
		return err
	}
	if !slices.Contains(c.texts("aud"), rp.config.ClientID) {
		return refuse(ReasonAudience, "the token is for another client; compare the client id with the provider's")
	}
	if err := rp.checkTimes(c); err != nil {
		return err
	}
	if jti := c.text("jti"); jti == "" || len(jti) > maxTokenID {
		return refuse(ReasonTokenID, "the token has no jti that could be remembered, without which a second use cannot be told")
	}
	if c.text("sub") == "" && c.text("sid") == "" {
		return refuse(ReasonSession, "the token says neither who has signed out nor of which session")
	}
	return nil
}

func (rp *RelyingParty) newLogout(c claims) *Logout {
	expires, _ := c.time("exp")
	issued, ok := c.time("iat")
	if ok && issued.Add(MaxTokenAge).Before(expires) {
		expires = issued.Add(MaxTokenAge) // after which iat alone refuses it
	}
	return &Logout{
		Issuer:  rp.metadata.Issuer,
		Subject: c.text("sub"),
		SID:     c.text("sid"),
		JTI:     c.text("jti"),
		Issued:  issued,
		Expires: expires.Add(time.Second), // iat and exp are cut to seconds
	}
}
