package deskhealth

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	audit.Appender
	PaceStore

	Desks(ctx context.Context) ([]provision.Desk, error) // by name
	LockDesk(ctx context.Context, id provision.DeskID) (provision.Desk, error)
	Account(ctx context.Context, id provision.AccountID) (provision.Account, error)
	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id; limit 0: all
	SettledAccounts(ctx context.Context, f SettledFilter) ([]provision.Account, error)                    // by id
	Sweep(ctx context.Context, d provision.DeskID) (Sweep, error)
	Sweeps(ctx context.Context) ([]Sweep, error) // by desk
	SaveSweep(ctx context.Context, sw Sweep) error
	// Drifts returns those whose account has the same Revision still, by account.
	Drifts(ctx context.Context, f DriftFilter) ([]Drift, error)
	CountDrifts(ctx context.Context) (map[provision.DeskID]int, error) // of the same
	SaveDrift(ctx context.Context, d Drift) error
	DeleteDrift(ctx context.Context, a provision.AccountID) error
	DeskIDs(ctx context.Context) ([]provision.DeskID, error)
	Pauses(ctx context.Context) ([]Pause, error) // by desk
	SavePause(ctx context.Context, p Pause) error
	DeletePause(ctx context.Context, d provision.DeskID) error
	DeskPauses(ctx context.Context) ([]provision.DeskPause, error) // of admins, by desk; also those that are over
	SaveDeskPause(ctx context.Context, p provision.DeskPause) error
	Leavers(ctx context.Context) (map[provision.DeskID]Leavers, error) // desks without any are left out
	// CountAsking counts, by desk, accounts whose access is to end and that need
	// attention for one of codes.
	CountAsking(ctx context.Context, codes []provision.ReasonCode) (map[provision.DeskID]int, error)
	Backlogs(ctx context.Context) (map[string]Backlog, error)         // by queue; empty ones are left out
	HandOverProblems(ctx context.Context) ([]HandOverProblem, error)  // by desk and mailbox
	SaveHandOverProblem(ctx context.Context, p HandOverProblem) error // by desk and mailbox
	DeleteHandOverProblem(ctx context.Context, d provision.DeskID, mailbox string) error
	Rules(ctx context.Context, c provision.ConnectionID) ([]provision.Rule, error) // c "": of all connections
	// EvaluationPending reports whether somebody of a connection is still to be
	// evaluated who was to be at that time already.
	EvaluationPending(ctx context.Context, c provision.ConnectionID, at time.Time) (bool, error)
	// NamesOfAccounts returns the names of teams and mailboxes that somebody has on
	// a desk, or is to have, each once.
	NamesOfAccounts(ctx context.Context, d provision.DeskID) (named map[provision.UnitKind][]string, _ error)
	KnownUnits(ctx context.Context, d provision.DeskID) ([]KnownUnit, error)                          // by kind and name; d "": of all desks
	SaveKnownUnit(ctx context.Context, u KnownUnit) error                                             // by desk, kind and name
	DeleteKnownUnit(ctx context.Context, d provision.DeskID, k provision.UnitKind, name string) error // name as [KnownUnit.Name]
}
