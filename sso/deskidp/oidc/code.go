package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

const (
	codeLife = 60 * time.Second

	kindCode  session.OneTimeKind = "idp.code"
	kindSpent session.OneTimeKind = "idp.spent" // what a code was exchanged for

	// How long a code verifier is (RFC 7636 §4.1).
	minVerifier = 43
	maxVerifier = 128
)

// grant is what a code stands for: what was asked for, and who was let in.
type grant struct {
	DeskSession provision.DeskSessionID `json:"desk_session"`
	Client      string                  `json:"client"`
	Redirect    string                  `json:"redirect_uri"`
	Challenge   string                  `json:"code_challenge,omitempty"` // PKCE, S256; "": none was sent
	Nonce       string                  `json:"nonce,omitempty"`
	Scopes      []string                `json:"scopes"`
	Subject     string                  `json:"sub"`
	AuthTime    time.Time               `json:"auth_time"` // by the identity provider's word; zero: it did not say
}

// spent remembers what a code was exchanged for, so that its second use can
// undo the first (RFC 6749 §4.1.2).
type spent struct {
	Token       string                  `json:"token"`
	DeskSession provision.DeskSessionID `json:"desk_session"`
	Desk        provision.DeskID        `json:"desk"`
}

// errUnknownCode is the answer to a code that nobody was given, that has run
// out, or that was used.
var errUnknownCode = newProblem(invalidGrant, "")

// issueCode keeps g and returns the code for it.
func (h *Handler) issueCode(ctx context.Context, g grant) (string, error) {
	return h.Core.Sessions.IssueOneTime(ctx, kindCode, "", g, codeLife)
}

// takeCode returns what a code stands for. The code is good no more, whatever
// is wrong with the rest of the request: of any number of replicas one gets it,
// once. An unknown code is errUnknownCode.
func (h *Handler) takeCode(ctx context.Context, code string) (g grant, err error) {
	err = h.Core.Sessions.TakeOneTime(ctx, kindCode, "", code, &g)
	if site.IsCode(err, provision.NotFound) {
		return g, errUnknownCode
	}
	return g, err
}

// check reports what keeps desk from exchanging the code of g with form (RFC
// 6749 §4.1.3).
func (g grant) check(desk provision.Desk, form url.Values) error {
	switch {
	case g.Client != desk.SignIn.OIDC.ClientID:
		return newProblem(invalidGrant, "The OAuth 2.0 Client ID from this request does not match the one from the authorize request.")
	case g.Redirect != form.Get("redirect_uri"):
		return newProblem(invalidGrant, "The 'redirect_uri' from this request does not match the one from the authorize request.")
	}
	return g.checkVerifier(form.Get("code_verifier"), desk.SignIn.OIDC.Public)
}

// checkVerifier reports whether whoever shows the code is who asked for it (RFC
// 7636 §4.6). A public client has nothing else to show. A verifier without a
// challenge is refused: somebody may have taken the challenge away (RFC 9700
// §2.1.1).
func (g grant) checkVerifier(verifier string, public bool) error {
	switch {
	case g.Challenge == "" && public:
		return newProblem(invalidRequest, "This client must include a code_challenge when performing the authorize code flow, but it is missing.")
	case g.Challenge == "" && verifier == "":
		return nil
	case g.Challenge == "":
		return newProblem(invalidGrant, "Unable to find initial PKCE data tied to this request")
	case len(verifier) < minVerifier:
		return newProblem(invalidGrant, "The PKCE code verifier must be at least 43 characters.")
	case len(verifier) > maxVerifier:
		return newProblem(invalidGrant, "The PKCE code verifier can not be longer than 128 characters.")
	case strings.ContainsFunc(verifier, notInVerifier):
		return newProblem(invalidGrant, "The PKCE code verifier must only contain [a-Z], [0-9], '-', '.', '_', '~'.")
	}
	sum := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(g.Challenge)) != 1 {
		return newProblem(invalidGrant, "The PKCE code challenge did not match the code verifier.")
	}
	return nil
}

func notInVerifier(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
}
