package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

const (
	idTokenLife = 5 * time.Minute // a desk reads it once, at sign-in

	typID = "JWT"
)

// typLogout marks logout tokens, so that none passes for an ID token (OpenID
// Connect Back-Channel Logout §2.4).
const typLogout = "logout+jwt"

// sign returns a signed token with the key that signs now.
func (h *Handler) sign(ctx context.Context, typ string, claims map[string]any) (string, error) {
	keys, err := h.SigningKeys(ctx)
	if err != nil {
		return "", err
	}
	key := jose.JSONWebKey{Key: keys[0].Private, KeyID: keys[0].ID}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("idp: sign: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("idp: sign: %w", err)
	}
	return token, nil
}

// idToken returns the ID token that goes with an access token (OpenID Connect
// Core §2): who was let in and when they signed in, and what the desk is told
// of them.
func (h *Handler) idToken(ctx context.Context, g grant, access string, claims map[string]any) (string, error) {
	now := h.Now()
	claims["iss"], claims["aud"], claims["sub"], claims["sid"] = h.issuer(), []string{g.Client}, g.Subject, string(g.DeskSession)
	claims["iat"], claims["exp"] = now.Unix(), now.Add(idTokenLife).Unix()
	if !g.AuthTime.IsZero() {
		claims["auth_time"] = g.AuthTime.Unix()
	}
	claims["jti"], claims["at_hash"] = uuid.NewString(), accessTokenHash(access)
	if g.Nonce != "" {
		claims["nonce"] = g.Nonce
	}
	return h.sign(ctx, typID, claims)
}

// accessTokenHash binds an access token to an ID token that is signed with
// RS256 (OpenID Connect Core §3.1.3.6).
func accessTokenHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

var errHint = errors.New("idp: not an ID token of ours")

// readIDToken returns the claims of an ID token that we have signed, whether it
// has expired or not: desks give it back as a hint at who they talk about.
func (h *Handler) readIDToken(ctx context.Context, token string) (map[string]any, error) {
	signed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(signed.Headers) != 1 {
		return nil, errHint
	}
	if typ, _ := signed.Headers[0].ExtraHeaders[jose.HeaderType].(string); strings.EqualFold(typ, typLogout) {
		return nil, errHint
	}
	keys, err := h.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		var claims map[string]any
		if k.ID == signed.Headers[0].KeyID && signed.Claims(k.Private.Public(), &claims) == nil && claims["iss"] == h.issuer() {
			return claims, nil
		}
	}
	return nil, errHint
}
