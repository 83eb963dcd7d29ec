package deskidp

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	fositejwt "github.com/ory/fosite/token/jwt"
)

// typLogout marks logout tokens, so that none passes for an ID token (OpenID
// Connect Back-Channel Logout §2.4).
const typLogout = "logout+jwt"

// sign returns a signed token with the key that signs now.
func (h *Handler) sign(ctx context.Context, typ string, claims map[string]any) (string, error) {
	keys, err := h.signingKeys(ctx)
	if err != nil {
		return "", err
	}
	key := jose.JSONWebKey{Key: keys[0].private, KeyID: keys[0].id}
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
	keys, err := h.signingKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		var claims map[string]any
		if k.id == signed.Headers[0].KeyID && signed.Claims(k.private.Public(), &claims) == nil && claims["iss"] == h.issuer() {
			return claims, nil
		}
	}
	return nil, errHint
}

// signer lets fosite sign with our keys, and read what they have signed.
type signer struct{ *Handler }

var _ fositejwt.Signer = signer{}

// Generate implements [fositejwt.Signer].
func (s signer) Generate(ctx context.Context, claims fositejwt.MapClaims, _ fositejwt.Mapper) (token, signature string, err error) {
	delete(claims, "rat") // fosite's own note of when the desk asked
	token, err = s.sign(ctx, "JWT", claims)
	if err != nil {
		return "", "", err
	}
	signature, err = s.GetSignature(ctx, token)
	return token, signature, err
}

// Decode implements [fositejwt.Signer] for hints.
func (s signer) Decode(ctx context.Context, token string) (*fositejwt.Token, error) {
	claims, err := s.readIDToken(ctx, token)
	if err != nil {
		return nil, err
	}
	return &fositejwt.Token{Claims: claims}, nil
}

// Validate implements [fositejwt.Signer].
func (s signer) Validate(ctx context.Context, token string) (string, error) {
	if _, err := s.readIDToken(ctx, token); err != nil {
		return "", err
	}
	return s.GetSignature(ctx, token)
}

// Hash implements [fositejwt.Signer].
func (signer) Hash(_ context.Context, in []byte) ([]byte, error) {
	sum := sha256.Sum256(in)
	return sum[:], nil
}

// GetSignature implements [fositejwt.Signer].
func (signer) GetSignature(_ context.Context, token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errHint
	}
	return parts[2], nil
}

// GetSigningMethodLength implements [fositejwt.Signer].
func (signer) GetSigningMethodLength(context.Context) int { return sha256.Size }
