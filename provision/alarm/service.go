package alarm

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Store is what this package needs of a database. Look-ups of a single object return
// a NotFound [provision.Error] when there is none.
type Store interface {
	audit.Appender

	// LockAlarms keeps others from changing targets and alarms, and from taking
	// deliveries, until the transaction ends.
	LockAlarms(ctx context.Context) error
	AlarmTargets(ctx context.Context) ([]Target, error) // by name
	InsertAlarmTarget(ctx context.Context, t Target) error
	DeleteAlarmTarget(ctx context.Context, id TargetID) error // its deliveries, too
	Alarms(ctx context.Context) ([]Alarm, error)              // by key
	SaveAlarms(ctx context.Context, a []Alarm) error
	DeleteAlarms(ctx context.Context, keys []string) error

	Delivery(ctx context.Context, id DeliveryID) (Delivery, error)
	Deliveries(ctx context.Context, of TargetID, limit int) ([]Delivery, error)     // "": to all; the newest first
	DueDeliveries(ctx context.Context, at time.Time, limit int) ([]Delivery, error) // the longest due first
	InsertDeliveries(ctx context.Context, d []Delivery) error
	SaveDelivery(ctx context.Context, d Delivery) error
	SaveTry(ctx context.Context, d Delivery) error                       // if it still waits, else NotFound
	DropRaised(ctx context.Context, alarms []string, at time.Time) error // what waits to tell that they are raised
	PruneDeliveries(ctx context.Context, before time.Time) error         // that ended before
}

// Options are what the service is told of the server.
type Options struct {
	Console  string                 // address of the console, for people
	CheckURL func(url string) error // what is wrong with a webhook's address; nil: nothing is
	Mails    bool                   // whether a mail server is known
}

// Service tells. It is safe for concurrent use, by any number of processes on one
// database.
type Service struct {
	store    Store
	inTx     provision.InTx[Store]
	audit    *audit.Service
	overview func(context.Context) (plan.Overview, error)
	now      provision.Clock

	console  string
	checkURL func(string) error
	mails    bool
}

// New returns a Service on store, that tells of what overview finds.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, overview func(context.Context) (plan.Overview, error), o Options, now provision.Clock) *Service {
	if o.CheckURL == nil {
		o.CheckURL = func(string) error { return nil }
	}
	return &Service{store: store, inTx: inTx, audit: log, overview: overview, now: now, console: o.Console, checkURL: o.CheckURL, mails: o.Mails}
}
