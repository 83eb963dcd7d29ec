package administration

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"regexp"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	// DelegationKind is the kind of the one-time token behind which a [Delegation] waits.
	DelegationKind = "command-line"
	// DelegationWait is for how long one waits.
	DelegationWait = 2 * time.Minute
	// DelegationLife is how long the token lives that comes of one.
	DelegationLife = 12 * time.Hour
)

// Delegation is what somebody at a browser has agreed to: that a command line acts in
// their name for a while. Whoever shows the code that it waits behind, and the verifier
// that only that command line knows, gets the token.
type Delegation struct {
	Challenge string // RFC 7636 section 4.2, of method S256
	Draft     TokenDraft
	By        Maker
	Actor     string // who agreed, as the audit log names them
}

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// CheckChallenge returns an Invalid error unless text is a challenge of method S256.
func CheckChallenge(text string) error {
	if !challengeForm.MatchString(text) {
		return provision.Errorf(provision.Invalid, "challenge", "this address is no request of a command line; run `deskbridge login` again")
	}
	return nil
}

// Redeem makes the token of a delegation. What its person may at this moment counts,
// not what they might when they agreed. Denied when verifier is not that of whoever
// asked for it, or they have no longer what they delegated.
func (s *Service) Redeem(ctx context.Context, request string, d Delegation, verifier string) (t Token, secret string, _ error) {
	sum := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(d.Challenge)) != 1 {
		return t, "", ErrDelegation
	}
	if d.By.Person != "" {
		standing, err := s.standingOfID(ctx, d.By.Connection, d.By.Person)
		if err != nil {
			return t, "", err
		}
		if !standing.Covers(Standing{Role: d.Draft.Role, Reach: d.Draft.Reach}) {
			return t, "", ErrDelegation
		}
	}
	return s.CreateToken(ctx, provision.Cause{Actor: d.Actor, Action: "deskbridge login", Request: request}, d.By, d.Draft)
}

// ErrDelegation is the one error of a code that is not accepted, whatever is wrong
// with it.
var ErrDelegation = &provision.Error{Code: provision.Denied, Reason: "code", Detail: "the code is unknown, was used, has expired, or is another command line's; run `deskbridge login` again"}
