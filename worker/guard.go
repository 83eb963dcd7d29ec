package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	// callTimeout bounds one call of a connector; the lease outlives it.
	callTimeout = 30 * time.Second
	// listTimeout bounds a page of a list, before which the connector may have
	// to read who is in each team.
	listTimeout = 4 * time.Minute
	// renewEvery is how old a lease may be when a call begins.
	renewEvery = provision.Lease / 3
)

// guard stands between visits and a desk: it keeps to the desk's rate, stops
// calling a desk that fails, and bounds each call. One guard serves all visits
// of this process to a desk.
type guard struct {
	desk    provision.Desk
	limit   *limiter // nil: none
	circuit *circuit // nil: never paused
	core    *provision.Service
	log     *slog.Logger
	metrics *metrics
}

// pausedError says that a call was not made, and why, and when to ask again.
type pausedError struct {
	wait   time.Duration // until a call may be made
	lasted time.Duration // how long none has been made; 0: the desk is merely busy
	reason string
}

// Error returns the reason.
func (e *pausedError) Error() string { return e.reason }

func isPaused(err error) bool {
	_, ok := errors.AsType[*pausedError](err)
	return ok
}

// call makes one call, when that may be made.
func (g *guard) call(ctx context.Context, timeout time.Duration, do func(ctx context.Context) error) error {
	t := turnOf(ctx)
	if err := g.circuit.closed(); err != nil { // before waiting in vain
		return err
	}
	if err := g.limit.wait(ctx, t.rank); err != nil {
		return err
	}
	if err := t.keep(ctx); err != nil {
		return err
	}
	done, err := g.circuit.allow()
	if err != nil {
		return err
	}
	outcome := errGivenUp // also of a connector that panics: whoever tries a desk alone must be heard of
	defer func() {
		done(outcome)
		g.note(ctx)
	}()
	inner, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = do(inner)
	if ctx.Err() != nil {
		return err
	}
	outcome = err
	g.metrics.called(g.desk, err)
	return err
}

// note tells people when the desk is not called for a while, and when it is
// again.
func (g *guard) note(ctx context.Context) {
	pause, over := g.circuit.news()
	if pause == nil && !over {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	var err error
	if pause != nil {
		g.metrics.paused(g.desk, true)
		g.log.WarnContext(ctx, "desk paused", "desk", g.desk.Name, "for", pause.wait, "reason", pause.reason)
		err = g.core.NotePause(ctx, g.desk.ID, pause.reason, pause.wait)
	} else {
		g.metrics.paused(g.desk, false)
		g.log.InfoContext(ctx, "desk answers again", "desk", g.desk.Name)
		err = g.core.EndPause(ctx, g.desk.ID)
	}
	if err != nil {
		g.log.ErrorContext(ctx, "noting a pause failed", "desk", g.desk.Name, "err", err)
	}
}

// rank says who waits for whom. Lower ones go first.
type rank int

const (
	rankEnding   rank = iota // access ends
	rankGranting             // everything else that changes a desk
	rankLooking              // sweeps
	ranks
)

// turn is what a guard knows of whoever calls.
type turn struct {
	rank    rank
	renew   func(ctx context.Context) error // prolongs the caller's lease; nil: it has none
	renewed time.Time
}

type turnKey struct{}

// withTurn returns a context for the calls of one visit, which makes one at a
// time.
func withTurn(ctx context.Context, t *turn) context.Context {
	return context.WithValue(ctx, turnKey{}, t)
}

func turnOf(ctx context.Context) *turn {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		return t
	}
	return &turn{rank: rankGranting}
}

// keep prolongs the caller's lease when it has become old, for instance while
// the caller waited for its turn: who has lost it must not call any more.
func (t *turn) keep(ctx context.Context) error {
	if t.renew == nil || time.Since(t.renewed) < renewEvery {
		return nil
	}
	if err := t.renew(ctx); err != nil {
		return err
	}
	t.renewed = time.Now()
	return nil
}

// guarded is a desk behind its guard.
type guarded struct {
	desk.Desk
	guard *guard
}

// ask is [guard.call] for calls that answer.
func ask[T any](ctx context.Context, g *guard, do func(ctx context.Context) (T, error)) (answer T, err error) {
	err = g.call(ctx, callTimeout, func(ctx context.Context) (err error) {
		answer, err = do(ctx)
		return err
	})
	return answer, err
}

func (d guarded) tell(ctx context.Context, do func(ctx context.Context) error) error {
	return d.guard.call(ctx, callTimeout, do)
}

// Check implements [desk.Desk].
func (d guarded) Check(ctx context.Context) (desk.Profile, error) {
	return ask(ctx, d.guard, d.Desk.Check)
}

// Find implements [desk.Desk].
func (d guarded) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return ask(ctx, d.guard, func(ctx context.Context) (*provision.DeskUser, error) { return d.Desk.Find(ctx, key) })
}

// Create implements [desk.Desk].
func (d guarded) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	return ask(ctx, d.guard, func(ctx context.Context) (*provision.DeskUser, error) { return d.Desk.Create(ctx, want) })
}

// SetProfile implements [desk.Desk].
func (d guarded) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.SetProfile(ctx, id, want) })
}

// SetRole implements [desk.Desk].
func (d guarded) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.SetRole(ctx, id, role) })
}

// ChangeTeams implements [desk.Desk].
func (d guarded) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.ChangeTeams(ctx, id, add, remove) })
}

// ChangeMailboxes implements [desk.Desk].
func (d guarded) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.ChangeMailboxes(ctx, id, add, remove) })
}

// SetActive implements [desk.Desk].
func (d guarded) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.SetActive(ctx, id, active) })
}

// Delete implements [desk.Desk].
func (d guarded) Delete(ctx context.Context, id provision.DeskUserID) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.Delete(ctx, id) })
}

// Anonymize implements [desk.Desk].
func (d guarded) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.Anonymize(ctx, id) })
}

// EndSessions implements [desk.Desk].
func (d guarded) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.EndSessions(ctx, id) })
}

// OpenConversations implements [desk.Desk].
func (d guarded) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	return ask(ctx, d.guard, func(ctx context.Context) ([]desk.Conversation, error) {
		return d.Desk.OpenConversations(ctx, id, limit)
	})
}

// Assign implements [desk.Desk].
func (d guarded) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	return d.tell(ctx, func(ctx context.Context) error { return d.Desk.Assign(ctx, conversation, to) })
}

// Admins implements [desk.Desk].
func (d guarded) Admins(ctx context.Context) (int, error) { return ask(ctx, d.guard, d.Desk.Admins) }

// TeamMembers implements [desk.Desk].
func (d guarded) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	return ask(ctx, d.guard, func(ctx context.Context) ([]provision.DeskUserID, error) { return d.Desk.TeamMembers(ctx, team) })
}

// list returns the desk as one that is read in bulk; nil where it cannot be.
func (d guarded) list() func(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
	lister, ok := d.Desk.(desk.Lister)
	if !ok {
		return nil
	}
	return func(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
		err = d.guard.call(ctx, listTimeout, func(ctx context.Context) (err error) {
			users, next, err = lister.List(ctx, cursor)
			return err
		})
		return users, next, err
	}
}
