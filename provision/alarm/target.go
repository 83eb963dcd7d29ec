package alarm

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// MostTargets is how many there may be.
const MostTargets = 20

// TargetID is the id of a [Target].
type TargetID string

// Kind is how a target is reached.
type Kind string

// The kinds.
const (
	Mail    Kind = "mail"
	Webhook Kind = "webhook" // in the form of Standard Webhooks
)

// Target is who is told.
type Target struct {
	ID        TargetID
	Name      string // unique
	Kind      Kind
	Address   string // of mail, or a URL, which may hold a secret of the receiver's
	Secret    string // that signs what a webhook gets, whsec_ and base64 (Standard Webhooks, "Signature scheme")
	CreatedBy string // actor
	CreatedAt time.Time
}

// Shown returns the address as anybody may see it: of a webhook the host alone.
func (t *Target) Shown() string {
	if t.Kind != Webhook {
		return t.Address
	}
	u, err := url.Parse(t.Address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (t *Target) check(checkURL func(string) error) error {
	if err := provision.ValidateName("target", t.Name); err != nil {
		return err
	}
	switch t.Kind {
	case Mail:
		if a, err := mail.ParseAddress(t.Address); err != nil || a.Address != t.Address || len(t.Address) > 254 {
			return provision.Errorf(provision.Invalid, "mail", "this is no address of mail; write one like ops@example.com")
		}
	case Webhook:
		if err := checkURL(t.Address); err != nil {
			return provision.Errorf(provision.Invalid, "webhook", "%v", err)
		}
		if u, err := url.Parse(t.Address); err != nil || u.User != nil || u.Fragment != "" {
			return provision.Errorf(provision.Invalid, "webhook", "the URL may hold no user, no password and no fragment; what is sent is signed instead")
		}
	default:
		return provision.Errorf(provision.Invalid, "kind", "a target is reached by mail or by webhook")
	}
	return nil
}

// Targets returns who is told, by name.
func (s *Service) Targets(ctx context.Context) ([]Target, error) { return s.store.AlarmTargets(ctx) }

// Add adds a target, of which name, kind and address count, and tells it of what needs
// somebody already. It returns the target with its secret, which is shown once.
// Mistakes are Invalid, and a name that is taken is a Conflict.
func (s *Service) Add(ctx context.Context, c provision.Cause, t Target) (Target, error) {
	if err := t.check(s.checkURL); err != nil {
		return Target{}, err
	}
	if t.Kind == Mail && !s.mails {
		return Target{}, provision.Errorf(provision.Invalid, "mail", "no mail server is known; set DESKBRIDGE_SMTP_URL and DESKBRIDGE_MAIL_FROM, for the server and for this command")
	}
	t.ID, t.CreatedBy, t.Secret = provision.NewID[TargetID](), c.Actor, ""
	if t.Kind == Webhook {
		key := make([]byte, 32)
		rand.Read(key) // it never fails
		t.Secret = "whsec_" + base64.StdEncoding.EncodeToString(key)
	}
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockAlarms(ctx); err != nil {
			return err
		}
		t.CreatedAt = s.now()
		there, err := tx.AlarmTargets(ctx)
		if err != nil {
			return err
		}
		if len(there) >= MostTargets {
			return provision.Errorf(provision.Invalid, "target", "there are %d targets, and no more are possible; remove one first", MostTargets)
		}
		for _, other := range there {
			if other.Name == t.Name {
				return provision.Errorf(provision.Conflict, "target", "there is a target %s already; remove it first, or choose another name", t.Name)
			}
		}
		if err := tx.InsertAlarmTarget(ctx, t); err != nil {
			return err
		}
		open, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		var told []Delivery
		for _, a := range open {
			if a.ToldAt != nil {
				told = append(told, s.delivery(&t, Raised, &a, t.CreatedAt))
			}
		}
		if err := tx.InsertDeliveries(ctx, told); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.entry(c, &t, audit.AlarmTargetAdded))
	})
	return t, err
}

// Remove removes a target, and what was to be sent to it. NotFound when there is none
// of that name.
func (s *Service) Remove(ctx context.Context, c provision.Cause, name string) (t Target, _ error) {
	err := s.inTx(ctx, func(tx Store) (err error) {
		if err := tx.LockAlarms(ctx); err != nil {
			return err
		}
		if t, err = targetNamed(ctx, tx, name); err != nil {
			return err
		}
		if err := tx.DeleteAlarmTarget(ctx, t.ID); err != nil {
			return err
		}
		if err := forgetUnwatched(ctx, tx); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.entry(c, &t, audit.AlarmTargetRemoved))
	})
	return t, err
}

// forgetUnwatched forgets what is open when there is no target left: nobody looks any
// more, and whoever is added one day would be told of what was long over.
func forgetUnwatched(ctx context.Context, tx Store) error {
	if left, err := tx.AlarmTargets(ctx); err != nil || len(left) > 0 {
		return err
	}
	open, err := tx.Alarms(ctx)
	if err != nil {
		return err
	}
	keys := make([]string, len(open))
	for i := range open {
		keys[i] = open[i].Key
	}
	return tx.DeleteAlarms(ctx, keys)
}

// Try has a target told that this is a test. It returns what is sent.
func (s *Service) Try(ctx context.Context, name string) (d Delivery, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		t, err := targetNamed(ctx, tx, name)
		if err != nil {
			return err
		}
		d = s.delivery(&t, Test, &Alarm{Text: "This is a test: alarms of Deskbridge reach " + t.Name + ".", Do: "nothing has to be done"}, s.now())
		return tx.InsertDeliveries(ctx, []Delivery{d})
	})
	return d, err
}

func targetNamed(ctx context.Context, from Store, name string) (Target, error) {
	targets, err := from.AlarmTargets(ctx)
	if err != nil {
		return Target{}, err
	}
	for _, t := range targets {
		if t.Name == name {
			return t, nil
		}
	}
	return Target{}, provision.Errorf(provision.NotFound, "target", "there is no target %s; `deskbridge alarm list` shows them", cmp.Or(strings.TrimSpace(provision.Plain(name)), `""`))
}

func (s *Service) entry(c provision.Cause, t *Target, what provision.Action) provision.Entry {
	return provision.Entry{At: s.now(), Cause: c, Action: what, Subject: string(t.ID), Detail: map[string]any{"name": t.Name, "kind": t.Kind}}
}
