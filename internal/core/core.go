// Package core puts the services of the core together on a database. It is
// where the packages below provision are wired to each other, for the program,
// for tests and for the demo alike.
//
// It decides nothing.
package core

import (
	"context"
	"log/slog"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/approval"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/byhand"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/erasure"
	"github.com/deskbridge/deskbridge/provision/expiry"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/leavestep"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/removal"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/provision/setuplink"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/provision/terms"
	"github.com/deskbridge/deskbridge/store"
)

// Core is every service of the core on one database.
type Core struct {
	Administration *administration.Service
	Audit          *audit.Service
	Entitlement    *entitlement.Service
	Directory      *directory.Service
	Sessions       *session.Service
	SignIn         *signin.Service
	BreakGlass     *breakglass.Service
	DeskSessions   *desksession.Service
	Reconcile      *reconcile.Service
	DeskHealth     *deskhealth.Service
	ByHand         *byhand.Service
	Settings       *settings.Service
	Tokens         *credential.Service
	Plan           *plan.Service
	Explanation    *explanation.Service
	Erasure        *erasure.Service
	Expiry         *expiry.Service
	Removal        *removal.Service
	Report         *report.Service
	Offboarding    *offboarding.Service
	Terms          *terms.Service
	Approval       *approval.Service
	SecondAdmin    *secondadmin.Service
	Alarms         *alarm.Service
	LeaveSteps     *leavestep.Service
	Adoption       *adoption.Service
	Requests       *request.Service
	Seats          *seat.Service
	SetupLinks     *setuplink.Service

	Now provision.Clock // what time it is for all of them
}

// Policy holds the limits that apply to every connection.
type Policy struct {
	// Grace is how long a person who lost their last group keeps access; see
	// [entitlement.New]. Default 5 s; negative: none.
	Grace time.Duration
	Brake reconcile.Brake
	// SecondAdmin says whether what takes access from many needs two admins.
	SecondAdmin secondadmin.Policy
	Session     session.Policy
	Checks      settings.Checks // what connectors and the sign-in edge know of settings
	Hosting     removal.Hosting // which desks are kept here
	// SilentAfter is how long an identity provider may be silent before somebody
	// should look; 0: as [plan.Service] has it; negative: for ever.
	SilentAfter time.Duration
	Remains     func(provision.Desk) offboarding.Remains // what connectors know of what is left of people on a desk; nil: nothing
	// RequestLog is for how long requests are kept; 0: they are not.
	RequestLog time.Duration
	Alarms     alarm.Options

	Now func() time.Time // what time it is; nil: the system's clock
}

// Database is what the services together need of a database: a [store.Store],
// or in tests something around one.
type Database interface {
	administration.Store
	adoption.Store
	alarm.Store
	approval.Store
	audit.Store
	breakglass.Store
	byhand.Store
	credential.Store
	deskhealth.Store
	desksession.Store
	directory.Store
	entitlement.Store
	erasure.Store
	expiry.Store
	explanation.Store
	leavestep.Store
	offboarding.Store
	plan.Store
	reconcile.Store
	removal.Store
	report.Store
	request.Store
	seat.Store
	secondadmin.Store
	session.Store
	settings.Store
	signin.Store
	terms.Store

	InTx(ctx context.Context, fn func(tx *store.Store) error) error
}

// New returns the services on db. A nil log is the default logger.
func New(db Database, policy Policy, log *slog.Logger) *Core {
	switch {
	case policy.Grace == 0:
		policy.Grace = 5 * time.Second
	case policy.Grace < 0:
		policy.Grace = 0
	}
	if log == nil {
		log = slog.Default()
	}
	db = keepingConditions(db)
	now := provision.NewClock(policy.Now)
	c := Core{Now: now}
	c.Audit = audit.New(db, in[audit.Store](db), now)
	c.Administration = administration.New(db, in[administration.Store](db), c.Audit, now)
	c.SecondAdmin = secondadmin.New(db, in[secondadmin.Store](db), c.Audit, policy.SecondAdmin, now)
	c.Entitlement = entitlement.New(db, in[entitlement.Store](db), c.Audit, policy.Grace, now)
	c.Sessions = session.New(db, in[session.Store](db), c.Audit, policy.Session, now)
	c.Tokens = credential.New(db, in[credential.Store](db), c.Audit, now, log)
	c.Directory = directory.New(db, in[directory.Store](db), c.Audit, c.Entitlement, c.Sessions, now)
	c.SignIn = signin.New(db, in[signin.Store](db), c.Audit, c.Directory, c.Entitlement, c.Sessions, now)
	c.Expiry = expiry.New(db, in[expiry.Store](db), c.Audit, c.Entitlement, c.Sessions, now)
	c.BreakGlass = breakglass.New(db, in[breakglass.Store](db), c.Audit, c.Sessions, now)
	c.DeskSessions = desksession.New(db, in[desksession.Store](db), c.Audit, now)
	c.Reconcile = reconcile.New(db, in[reconcile.Store](db), c.Audit, c.Entitlement, policy.Grace, policy.Brake, c.SecondAdmin, now)
	c.DeskHealth = deskhealth.New(db, in[deskhealth.Store](db), c.Audit, c.Entitlement, c.Reconcile, now)
	c.ByHand = byhand.New(db, in[byhand.Store](db), c.Audit, c.Entitlement, now)
	c.Settings = settings.New(db, in[settings.Store](db), c.Audit, c.Entitlement, c.Sessions, c.Tokens, policy.Checks, now)
	c.Seats = seat.New(db, in[seat.Store](db), c.Audit, c.Entitlement, c.Reconcile, c.Settings, now)
	c.Plan = plan.New(db, in[plan.Store](db), c.Audit, c.Entitlement, c.Reconcile, c.DeskHealth, c.Settings, c.SecondAdmin, now)
	c.Explanation = explanation.New(db, c.Settings, now)
	c.Erasure = erasure.New(db, in[erasure.Store](db), c.Audit, now)
	c.Removal = removal.New(db, in[removal.Store](db), c.Audit, c.Entitlement, c.Sessions, c.Tokens, c.Settings, c.SecondAdmin, policy.Hosting, now)
	c.Report = report.New(db)
	c.Terms = terms.New(db, in[terms.Store](db), c.Audit, c.Entitlement, c.Sessions, now)
	c.Offboarding = offboarding.New(db, c.Audit, c.Settings, policy.Remains, now)
	c.Requests = request.New(db, policy.RequestLog, now, log)
	c.SetupLinks = setuplink.New(c.Sessions, c.Tokens, c.Audit, now)
	c.LeaveSteps = leavestep.New(db, in[leavestep.Store](db), c.Entitlement, now)
	c.Approval = approval.New(db, in[approval.Store](db), c.Audit, c.Entitlement, now)
	c.Adoption = adoption.New(db, in[adoption.Store](db), c.Audit, c.Entitlement, c.Reconcile, now)
	c.Alarms = alarm.New(db, in[alarm.Store](db), c.Audit, c.Plan.Glance, policy.Alarms, now)
	c.Plan.SilentAfter, c.Plan.SignIns = policy.SilentAfter, c.Expiry
	return &c
}

// in returns the transactions of db as a service sees them: with what that
// service needs, and no more.
func in[T any](db Database) provision.InTx[T] {
	return func(ctx context.Context, fn func(tx T) error) error {
		return db.InTx(ctx, func(tx *store.Store) error { return fn(any(tx).(T)) })
	}
}
