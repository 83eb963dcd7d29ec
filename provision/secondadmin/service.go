package secondadmin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	audit.Appender

	// AnyIdentity returns a person of any connection, removed ones included.
	AnyIdentity(ctx context.Context, id provision.IdentityID) (provision.Identity, error)
	// APITokenOwner returns the actor whose a token of the admin API is: the person, or
	// whoever made it. It is that of the one that is not revoked.
	APITokenOwner(ctx context.Context, name string) (actor string, _ error)

	// LockSecondAdminRequest locks the request with a key.
	LockSecondAdminRequest(ctx context.Context, key string) (Request, error)
	SecondAdminRequests(ctx context.Context) ([]Request, error) // the first to be asked first
	InsertSecondAdminRequest(ctx context.Context, r Request) error
	DeleteSecondAdminRequest(ctx context.Context, id RequestID) error

	// SecondAdminNoted returns whether two admins were needed when that was last noted;
	// false when it never was.
	SecondAdminNoted(ctx context.Context) (bool, error)
	NoteSecondAdmin(ctx context.Context, on bool, at time.Time) error
}

// Policy says whether two admins are needed. The zero value needs none.
type Policy struct {
	On   bool
	Wait time.Duration // how long a request waits; 0: [DefaultWait]
}

// DefaultWait is how long a request waits unless the policy says otherwise.
const DefaultWait = 24 * time.Hour

// Reason is the Reason of the Denied errors that say that a second admin is needed.
const Reason = "second-admin"

// Service keeps what waits for a second admin. It is safe for concurrent use, by any
// number of processes on one database.
type Service struct {
	store  Store
	inTx   provision.InTx[Store]
	audit  *audit.Service
	policy Policy
	now    provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, policy Policy, now provision.Clock) *Service {
	if policy.Wait == 0 {
		policy.Wait = DefaultWait
	}
	return &Service{store: store, inTx: inTx, audit: log, policy: policy, now: now}
}

// Needed reports whether two admins are needed for what c is about to do in a transaction
// that takes access from many. Where that is said otherwise than before, it enters that in
// the audit log.
func (s *Service) Needed(ctx context.Context, tx Store, c provision.Cause) (bool, error) {
	if s == nil {
		return false, nil
	}
	return s.policy.On, s.note(ctx, tx, c)
}

// waiting is the error that something waits for a second admin: the transaction that says
// so is committed all the same, for the request is noted in it. See [InTx].
type waiting struct{ told *provision.Error }

// Error implements error.
func (w *waiting) Error() string { return w.told.Error() }

// Unwrap returns what whoever asks is told.
func (w *waiting) Unwrap() error { return w.told }

// InTx is inTx for a change that may wait for a second admin: where fn returns what
// [Service.Confirm] does, what fn wrote until then takes effect.
func InTx[T any](ctx context.Context, inTx provision.InTx[T], fn func(tx T) error) error {
	var told error
	err := inTx(ctx, func(tx T) error {
		told = nil
		err := fn(tx)
		if w, ok := errors.AsType[*waiting](err); ok {
			told = w.told
			return nil
		}
		return err
	})
	return cmp.Or(err, told)
}

// Confirm decides in a transaction of [InTx] whether what c wants, which needs two admins,
// is done in it. It returns nil when it is: c is the second who asks for it. Else the error
// is Denied with [Reason], and says to whoever asks what it waits for: the caller does
// nothing of it, and returns the error.
//
// The caller holds a lock that everybody takes who asks for the same.
func (s *Service) Confirm(ctx context.Context, tx Store, c provision.Cause, w Wanted) error {
	who, behind, err := namesOf(ctx, tx, c.Actor)
	if err != nil {
		return err
	}
	if len(who) == 0 {
		return provision.Refuse(Reason, "this needs two admins, and it cannot be told who %s is; use sudo from an account of your own, your own API token, or the console. Nothing is done", c.Who())
	}
	now := s.now()
	fresh := Request{ID: provision.NewID[RequestID](), Kind: w.Kind, Key: w.key(), Digest: w.taking(), Subject: w.Subject, People: w.People, What: w.What, Accounts: w.Accounts,
		By: c.Actor, Behind: behind, AskedAt: now, Until: now.Add(s.policy.Wait)}
	have, err := tx.LockSecondAdminRequest(ctx, fresh.Key)
	if err != nil && !provision.IsNotFound(err) {
		return err
	}
	before := ""
	if err == nil {
		first, err := s.askerOf(ctx, tx, &have)
		if err != nil {
			return err
		}
		ended := audit.SecondAdminVoid
		switch {
		case !have.Until.After(now):
			ended, before = audit.SecondAdminExpired, fmt.Sprintf(" What %s asked for was not confirmed until %s, and is void.", have.Who(), moment(have.Until))
		case have.Digest != fresh.Digest:
			before = fmt.Sprintf(" What %s asked for at %s was about something else (%s), and is void.", have.Who(), moment(have.AskedAt), have.What)
		case len(first) == 0:
			before = fmt.Sprintf(" What %s asked for at %s is void: they have left, or it cannot be told who they are.", have.Who(), moment(have.AskedAt))
		case samePerson(first, who):
			return provision.Refuse(Reason, "waits for a second admin: %s asked at %s to %s, and that is you, or may be you; another admin has to do the same until %s. Nothing is done",
				have.Who(), moment(have.AskedAt), have.What, moment(have.Until))
		default:
			ended = audit.SecondAdminConfirmed
		}
		if err := s.end(ctx, tx, c, have, ended); err != nil || ended == audit.SecondAdminConfirmed {
			return err
		}
	}
	if err := tx.InsertSecondAdminRequest(ctx, fresh); err != nil {
		return err
	}
	if err := s.audit.Record(ctx, tx, s.entry(c, fresh, audit.SecondAdminAsked)); err != nil {
		return err
	}
	return &waiting{provision.Refuse(Reason, "waits for a second admin: to %s needs two.%s Another admin than %s has to do the same until %s; nothing is done before",
		fresh.What, before, fresh.Who(), moment(fresh.Until))}
}

// askerOf returns the names of who asked; none when it cannot be told any more, or they
// have left.
func (s *Service) askerOf(ctx context.Context, tx Store, r *Request) ([]string, error) {
	actor := r.By
	if r.Behind != "" {
		actor = r.Behind // the token may be gone
	}
	names, _, err := namesOf(ctx, tx, actor)
	return names, err
}

// end ends a request that is locked.
func (s *Service) end(ctx context.Context, tx Store, c provision.Cause, r Request, how provision.Action) error {
	if err := tx.DeleteSecondAdminRequest(ctx, r.ID); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, s.entry(c, r, how))
}

func (s *Service) entry(c provision.Cause, r Request, action provision.Action) provision.Entry {
	conn, desk := provision.ConnectionID(""), provision.DeskID("")
	switch r.Kind {
	case KindRelease, KindRemoveConnection:
		conn = provision.ConnectionID(r.Subject)
	case KindRemoveDesk:
		desk = provision.DeskID(r.Subject)
	case KindApply:
	}
	e := s.audit.Entry(c, conn, action, r.Subject)
	e.Desk = desk
	e.Detail = map[string]any{"what": string(r.Kind), "accounts": r.Accounts, "asked_by": r.By, "until": r.Until.UTC().Format(time.RFC3339)}
	if r.Behind != "" {
		e.Detail["token_of"] = r.Behind
	}
	return e
}

// List returns what waits for a second admin, the first to be asked first.
func (s *Service) List(ctx context.Context) (open []Request, _ error) {
	return Open(ctx, s.store, s.now())
}

// Open returns what waits for a second admin at now.
func Open(ctx context.Context, store interface {
	SecondAdminRequests(ctx context.Context) ([]Request, error)
}, now time.Time) (open []Request, _ error) {
	all, err := store.SecondAdminRequests(ctx)
	for _, r := range all {
		if r.Until.After(now) {
			open = append(open, r)
		}
	}
	return open, err
}

// MayConfirm reports whether c is somebody else than whoever asked for r.
func (s *Service) MayConfirm(ctx context.Context, c provision.Cause, r *Request) (bool, error) {
	first, err := s.askerOf(ctx, s.store, r)
	if err != nil {
		return false, err
	}
	who, _, err := namesOf(ctx, s.store, c.Actor)
	return !samePerson(first, who), err
}

// Withdraw ends a request: whoever asked has thought better of it, or another admin will
// not have it. It takes nothing from anybody, so one is enough.
func (s *Service) Withdraw(ctx context.Context, c provision.Cause, id RequestID) (r Request, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		var err error
		if r, err = s.lockOpen(ctx, tx, id); err != nil {
			return err
		}
		return s.end(ctx, tx, c, r, audit.SecondAdminWithdrawn)
	})
	return r, err
}

// lockOpen locks a request by its id.
func (s *Service) lockOpen(ctx context.Context, tx Store, id RequestID) (Request, error) {
	all, err := tx.SecondAdminRequests(ctx)
	for _, r := range all {
		if r.ID == id {
			locked, err := tx.LockSecondAdminRequest(ctx, r.Key)
			if err == nil && locked.ID == id {
				return locked, nil
			}
			if err != nil && !provision.IsNotFound(err) {
				return r, err
			}
		}
	}
	if err != nil {
		return Request{}, err
	}
	return Request{}, provision.Errorf(provision.NotFound, "request", "no such request waits for a second admin; it may have been confirmed, withdrawn, or have expired")
}

// byClock is who ends what nobody has confirmed in time, and who notes what the server was
// told.
var byClock = provision.Cause{Actor: "system", Action: "second_admin"}

// Pass ends requests that nobody has confirmed in time, and notes in the audit log where
// the server was told to need two admins, or not any more.
func (s *Service) Pass(ctx context.Context) error {
	noted, err := s.store.SecondAdminNoted(ctx)
	if err != nil {
		return err
	}
	if noted != s.policy.On {
		err = s.inTx(ctx, func(tx Store) error { return s.note(ctx, tx, byClock) })
	}
	all, listed := s.store.SecondAdminRequests(ctx)
	failed := []error{err, listed}
	for _, r := range all {
		if r.Until.After(s.now()) {
			continue
		}
		err := s.inTx(ctx, func(tx Store) error {
			locked, err := s.lockOpen(ctx, tx, r.ID)
			if err != nil {
				return err
			}
			return s.end(ctx, tx, byClock, locked, audit.SecondAdminExpired)
		})
		if !provision.IsNotFound(err) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// note enters in the audit log that two admins are needed from now on, or not any more,
// where this process is told otherwise than was noted last: nobody turns it off unseen.
func (s *Service) note(ctx context.Context, tx Store, c provision.Cause) error {
	noted, err := tx.SecondAdminNoted(ctx)
	if err != nil || noted == s.policy.On {
		return err
	}
	action := audit.SecondAdminSwitchedOff
	if s.policy.On {
		action = audit.SecondAdminSwitchedOn
	}
	if err := tx.NoteSecondAdmin(ctx, s.policy.On, s.now()); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, s.audit.Entry(c, "", action, "second_admin"))
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
