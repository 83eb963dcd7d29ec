package provision

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/time/rate"
)

// Service is the one door to the core. It is safe for concurrent use, by any
// number of processes on one database.
type Service struct {
	store  Store
	inTx   func(ctx context.Context, fn func(tx Store) error) error
	policy SessionPolicy
	grace  time.Duration
	brakes Brake
	now    func() time.Time
	log    *slog.Logger

	wrong *guesses // of owners' one-time codes
	// One password is checked at a time: it takes 64 MiB, and a processor.
	// Whoever shows a right recovery code, which nobody guesses, has a queue of
	// their own: no crowd of strangers keeps an owner waiting.
	passwords, recoveries chan struct{}
}

// Policy holds the limits that apply to every connection.
type Policy struct {
	// Grace is how long a person who lost their last group keeps access: an
	// IdP moves people between groups by a removal and an addition. It does
	// not apply to people who are suspended or removed. Default 5 s; negative:
	// none.
	Grace time.Duration

	Brake Brake

	Session SessionPolicy

	Now func() time.Time // what time it is; nil: the system's clock
}

// Brake stops mass changes: when more than max(People, Percent % of the people
// with access to a desk) of one connection lose access within Window, their
// destructive steps wait until an admin releases them. People without access
// count for nothing: a support team of forty must be safe in a company of ten
// thousand.
type Brake struct {
	Off     bool
	People  int           // default 5
	Percent int           // default 10
	Window  time.Duration // default 10 min
}

// NewService returns a Service on store. A nil log is the default logger.
func NewService(store Store, policy Policy, log *slog.Logger) *Service {
	switch {
	case policy.Grace == 0:
		policy.Grace = 5 * time.Second
	case policy.Grace < 0:
		policy.Grace = 0
	}
	if policy.Brake.People == 0 {
		policy.Brake.People = 5
	}
	if policy.Brake.Percent == 0 {
		policy.Brake.Percent = 10
	}
	if policy.Brake.Window == 0 {
		policy.Brake.Window = 10 * time.Minute
	}
	if policy.Session.Idle == 0 {
		policy.Session.Idle = 2 * time.Hour
	}
	if policy.Session.Life == 0 {
		policy.Session.Life = 12 * time.Hour
	}
	if policy.Now == nil {
		policy.Now = time.Now
	}
	if log == nil {
		log = slog.Default()
	}
	return &Service{store: store, inTx: store.InTx, policy: policy.Session, grace: policy.Grace, brakes: policy.Brake, log: log, passwords: make(chan struct{}, 1), recoveries: make(chan struct{}, 1), wrong: &guesses{by: make(map[OwnerID]*rate.Limiter)}, now: func() time.Time {
		return policy.Now().UTC().Truncate(time.Microsecond) // what both databases keep
	}}
}
