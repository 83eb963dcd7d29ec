package provision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp/totp"
)

const (
	minOwnerPassword = 14
	recoveryCodes    = 8
	// ownerLife is how long an owner stays signed in: long enough to mend a
	// connection.
	ownerLife               = time.Hour
	totpStep                = 30 * time.Second
	ticketOwner  TicketKind = "owner session"
	refusedOwner            = "owner"
	unknownOwner            = "$argon2id$v=19$m=65536,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// Enrolment is what a new owner must keep. It can be seen once.
type Enrolment struct {
	URL   string   // otpauth://…, for an authenticator app
	Codes []string // each signs in once without the app
}

// AddOwner makes somebody who can sign in without any identity provider.
func (s *Service) AddOwner(ctx context.Context, c Cause, name, password string) (Owner, Enrolment, error) {
	if err := ValidateName("name", name); err != nil {
		return Owner{}, Enrolment{}, err
	}
	if len(password) < minOwnerPassword || len(password) > 1024 {
		return Owner{}, Enrolment{}, Errorf(Invalid, "password", "the password needs at least %d characters", minOwnerPassword)
	}
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return Owner{}, Enrolment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Deskbridge", AccountName: name})
	if err != nil {
		return Owner{}, Enrolment{}, err
	}
	o := Owner{ID: NewID[OwnerID](), Name: name, Password: hash, Secret: key.Secret(), CreatedAt: s.now()}
	e := Enrolment{URL: key.URL()}
	for range recoveryCodes {
		code := strings.ToLower(rand.Text())[:20]
		e.Codes = append(e.Codes, code)
		sum := sha256.Sum256([]byte(code))
		o.Recovery = append(o.Recovery, sum[:])
	}
	err = s.inTx(ctx, func(tx Store) error {
		if err := tx.SaveOwner(ctx, o); err != nil {
			return err
		}
		return s.record(ctx, tx, s.entry(c, "", "owner.created", string(o.ID)))
	})
	return o, e, err
}

// Owners returns all owners, by name.
func (s *Service) Owners(ctx context.Context) ([]Owner, error) { return s.store.Owners(ctx) }

// RemoveOwner ends an owner, and what they are signed in to.
func (s *Service) RemoveOwner(ctx context.Context, c Cause, name string) error {
	return s.inTx(ctx, func(tx Store) error {
		o, err := tx.LockOwner(ctx, name)
		if err != nil {
			return err
		}
		if err := tx.DeleteOwner(ctx, o.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, s.entry(c, "", "owner.removed", string(o.ID)))
	})
}

// OwnerSignIn signs an owner in by password and one-time or recovery code, and
// returns the secret of their session. Everything that is wrong is the same
// Denied error, and takes as long. Either way the audit log tells of it.
//
// Whoever has the password and guesses one-time codes gets no more than
// [codeGuesses] an hour; the recovery codes go on to serve.
func (s *Service) OwnerSignIn(ctx context.Context, c Cause, name, password, code string) (secret string, _ error) {
	known, err := s.store.Owner(ctx, name)
	if err != nil && !isNotFound(err) {
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
	hash := unknownOwner
	if err == nil {
		hash = known.Password
	}
	right, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return "", err
	}
	guesses := s.wrong.left(known.ID, s.now())
	err = s.inTx(ctx, func(tx Store) error {
		passed := false
		if right && known.ID != "" {
			o, err := tx.LockOwner(ctx, name)
			if err != nil {
				return err
			}
			if passed = o.ID == known.ID && o.accept(code, s.now(), guesses); passed {
				now := s.now()
				o.UsedAt = &now
				if err := tx.SaveOwner(ctx, o); err != nil {
					return err
				}
			}
		}
		action := "owner.refused"
		if passed {
			action = "owner.signed_in"
			secret = NewSecret()
		}
		return s.record(ctx, tx, s.entry(c, "", action, string(known.ID)))
	})
	if err != nil {
		return "", err
	}
	if secret == "" {
		if right && known.ID != "" {
			s.wrong.spend(known.ID, s.now())
		}
		return "", refuse(refusedOwner, "the name, the password or the code is wrong")
	}
	return secret, s.KeepTicket(ctx, ticketOwner, "", secret, known.ID, ownerLife)
}

// accept takes a recovery code that is left, or if oneTime says so a one-time
// code that is newer than the last, and uses it up.
func (o *Owner) accept(code string, now time.Time, oneTime bool) bool {
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
func (o *Owner) recovery(code string) int {
	sum := sha256.Sum256([]byte(plainCode(code)))
	return slices.IndexFunc(o.Recovery, func(left []byte) bool { return subtle.ConstantTimeCompare(left, sum[:]) == 1 })
}

// plainCode is a code as somebody would have typed it from an app.
func plainCode(code string) string { return strings.ToLower(strings.Join(strings.Fields(code), "")) }

// OwnerSession returns the owner who is signed in with this secret: Denied when
// nobody is.
func (s *Service) OwnerSession(ctx context.Context, secret string) (Owner, error) {
	var id OwnerID
	err := s.PeekTicket(ctx, ticketOwner, "", secret, &id)
	if err == nil {
		owners, err := s.store.Owners(ctx)
		if err != nil {
			return Owner{}, err
		}
		if at := slices.IndexFunc(owners, func(o Owner) bool { return o.ID == id }); at >= 0 {
			return owners[at], nil
		}
	}
	if err != nil && !isNotFound(err) {
		return Owner{}, err
	}
	return Owner{}, errNoSession
}

// OwnerSignOut ends an owner's session.
func (s *Service) OwnerSignOut(ctx context.Context, secret string) error {
	var id OwnerID
	if err := s.TakeTicket(ctx, ticketOwner, "", secret, &id); err != nil && !isNotFound(err) {
		return err
	}
	return nil
}

// Refusals returns why a sign-in was refused, by the reference on its page;
// none when there is no such reference.
func (s *Service) Refusals(ctx context.Context, reference string) ([]Entry, error) {
	return s.store.Refusals(ctx, reference)
}
