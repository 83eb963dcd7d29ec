package breakglass

import (
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp/totp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/session"
)

const (
	minPassword   = 14
	recoveryCodes = 8
	// sessionLife is how long a break-glass admin stays signed in: long enough to mend a
	// connection.
	sessionLife                        = time.Hour
	totpStep                           = 30 * time.Second
	oneTimeSession session.OneTimeKind = "owner session"
	refusedSignIn                      = "break-glass"
	unknownAdmin                       = "$argon2id$v=19$m=65536,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// SignIn signs a break-glass admin in by password and one-time or recovery code, and
// returns the secret of their session. Everything that is wrong is the same
// Denied error, and takes as long. Either way the audit log tells of it.
//
// Whoever has the password and guesses one-time codes gets no more than
// [codeGuesses] an hour; the recovery codes go on to serve.
func (s *Service) SignIn(ctx context.Context, c provision.Cause, name, password, code string) (secret string, _ error) {
	known, err := s.store.BreakGlassAdmin(ctx, name)
	if err != nil && !provision.IsNotFound(err) {
		return "", err
	}
	queue := s.passwords
	if known.recovery(code) >= 0 {
		queue = s.recoveries
	}
	select {
	case queue <- struct{}{}:
		defer func() { <-queue }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	hash := unknownAdmin
	if err == nil {
		hash = known.Password
	}
	right, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return "", err
	}
	guesses := known.ID != "" && s.wrong.Left(known.ID)
	err = s.inTx(ctx, func(tx Store) error {
		passed := false
		if right && known.ID != "" {
			o, err := tx.LockBreakGlassAdmin(ctx, name)
			if err != nil {
				return err
			}
			if passed = o.ID == known.ID && o.accept(code, s.now(), guesses); passed {
				now := s.now()
				o.UsedAt = &now
				if err := tx.SaveBreakGlassAdmin(ctx, o); err != nil {
					return err
				}
			}
		}
		action := audit.BreakGlassRefused
		if passed {
			action = audit.BreakGlassSignedIn
			secret = provision.NewSecret()
		}
		return s.audit.Record(ctx, tx, s.audit.Entry(c, "", action, string(known.ID)))
	})
	if err != nil {
		return "", err
	}
	if secret == "" {
		if right && known.ID != "" {
			s.wrong.Allow(known.ID)
		}
		return "", provision.Refuse(refusedSignIn, "the name, the password or the code is wrong")
	}
	return secret, s.sessions.KeepOneTime(ctx, oneTimeSession, "", secret, known.ID, sessionLife)
}

// accept takes a recovery code that is left, or if oneTime says so a one-time
// code that is newer than the last, and uses it up.
func (o *Admin) accept(code string, now time.Time, oneTime bool) bool {
	if at := o.recovery(code); at >= 0 {
		o.Recovery = slices.Delete(slices.Clone(o.Recovery), at, at+1)
		return true
	}
	code = plainCode(code)
	for _, step := range []int64{0, -1, 1} { // clocks differ by less than a step
		at := now.Add(time.Duration(step) * totpStep)
		want, err := totp.GenerateCode(o.Secret, at)
		number := at.Unix() / int64(totpStep/time.Second)
		if err == nil && oneTime && number > o.LastStep && subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 {
			o.LastStep = number
			return true
		}
	}
	return false
}

// recovery returns which of the recovery codes that are left a code is; -1 when
// it is none.
func (o *Admin) recovery(code string) int {
	sum := provision.HashSecret(plainCode(code))
	return slices.IndexFunc(o.Recovery, func(left []byte) bool { return subtle.ConstantTimeCompare(left, sum) == 1 })
}

// plainCode is a code as somebody would have typed it from an app.
func plainCode(code string) string { return strings.ToLower(strings.Join(strings.Fields(code), "")) }

// Session returns the break-glass admin who is signed in with this secret: Denied when
// nobody is.
func (s *Service) Session(ctx context.Context, secret string) (Admin, error) {
	admin, _, err := s.SignedIn(ctx, secret)
	return admin, err
}

// SignedIn is [Service.Session], with when they signed in.
func (s *Service) SignedIn(ctx context.Context, secret string) (Admin, time.Time, error) {
	var id provision.AdminID
	ends, err := s.sessions.PeekOneTimeUntil(ctx, oneTimeSession, "", secret, &id)
	if err == nil {
		admins, err := s.store.BreakGlassAdmins(ctx)
		if err != nil {
			return Admin{}, time.Time{}, err
		}
		if at := slices.IndexFunc(admins, func(o Admin) bool { return o.ID == id }); at >= 0 {
			return admins[at], ends.Add(-sessionLife), nil
		}
	}
	if err != nil && !provision.IsNotFound(err) {
		return Admin{}, time.Time{}, err
	}
	return Admin{}, time.Time{}, session.ErrNone
}

// SignOut ends a break-glass admin's session.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	var id provision.AdminID
	if err := s.sessions.TakeOneTime(ctx, oneTimeSession, "", secret, &id); err != nil && !provision.IsNotFound(err) {
		return err
	}
	return nil
}
