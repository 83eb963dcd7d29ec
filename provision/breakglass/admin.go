package breakglass

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp/totp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Admin is somebody who can sign in here when no identity provider works: the
// break-glass sign-in. Nothing else has a password.
type Admin struct {
	ID       provision.AdminID
	Name     string
	Password string   // argon2id, in its encoded form
	Secret   string   // of the one-time codes (RFC 6238); sealed by the store
	Recovery [][]byte // SHA-256 of the codes that are left, each good once
	LastStep int64    // the newest one-time code that was used, as its 30 s step; older ones are not taken again

	CreatedAt time.Time
	UsedAt    *time.Time
}

// Enrolment is what a new break-glass admin must keep. It can be seen once.
type Enrolment struct {
	URL   string   // otpauth://…, for an authenticator app
	Codes []string // each signs in once without the app
}

// Add makes somebody who can sign in without any identity provider.
func (s *Service) Add(ctx context.Context, c provision.Cause, name, password string) (Admin, Enrolment, error) {
	return s.add(ctx, c, name, password, false)
}

// AddFirst is Add while there is no admin: of several who try, on whichever server,
// one succeeds. Once there is one, it is Denied.
func (s *Service) AddFirst(ctx context.Context, c provision.Cause, name, password string) (Admin, Enrolment, error) {
	return s.add(ctx, c, name, password, true)
}

func (s *Service) add(ctx context.Context, c provision.Cause, name, password string, first bool) (Admin, Enrolment, error) {
	if err := s.CheckNew(name, password); err != nil {
		return Admin{}, Enrolment{}, err
	}
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return Admin{}, Enrolment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Deskbridge", AccountName: name})
	if err != nil {
		return Admin{}, Enrolment{}, err
	}
	o := Admin{ID: provision.NewID[provision.AdminID](), Name: name, Password: hash, Secret: key.Secret(), CreatedAt: s.now()}
	e := Enrolment{URL: key.URL()}
	for range recoveryCodes {
		code := strings.ToLower(rand.Text())[:20]
		e.Codes = append(e.Codes, code)
		o.Recovery = append(o.Recovery, provision.HashSecret(code))
	}
	err = s.inTx(ctx, func(tx Store) error {
		if err := tx.LockBreakGlass(ctx); err != nil {
			return err
		}
		have, err := tx.BreakGlassAdmins(ctx)
		if err != nil {
			return err
		}
		if first && len(have) > 0 {
			return errNotFirst
		}
		if err := tx.SaveBreakGlassAdmin(ctx, o); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.audit.Entry(c, "", audit.BreakGlassCreated, string(o.ID)))
	})
	return o, e, err
}

var errNotFirst = provision.Errorf(provision.Denied, "", "there is an admin already, who can make others: `deskbridge admin add`")

// CheckNew returns an Invalid error unless somebody new can have the name and the
// password.
func (s *Service) CheckNew(name, password string) error {
	if err := provision.ValidateName("name", name); err != nil {
		return err
	}
	if len(password) < minPassword || len(password) > 1024 {
		return provision.Errorf(provision.Invalid, "password", "the password needs at least %d characters", minPassword)
	}
	return nil
}

// Admins returns all break-glass admins, by name.
func (s *Service) Admins(ctx context.Context) ([]Admin, error) { return s.store.BreakGlassAdmins(ctx) }

// Remove ends a break-glass admin, and what they are signed in to.
func (s *Service) Remove(ctx context.Context, c provision.Cause, name string) error {
	return s.inTx(ctx, func(tx Store) error {
		o, err := tx.LockBreakGlassAdmin(ctx, name)
		if err != nil {
			return err
		}
		if err := tx.DeleteBreakGlassAdmin(ctx, o.ID); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.audit.Entry(c, "", audit.BreakGlassRemoved, string(o.ID)))
	})
}
