package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Lease is how long a worker may hold an account without a word. A worker that
// dies is replaced after that; one that lives renews at each write.
const Lease = 45 * time.Second

// Run is one attempt to bring a desk to the access that one account should
// have: what was desired when it began, everything that decides what may be
// written, and what it has noted since. [Service.Begin] returns a run that
// holds the account's lease; one of [Run.Confirm], [Run.NeedsAttention],
// [Run.Ask], [Run.Fail], [Run.PutOff] and [Run.Defer] ends it. Every method that
// notes something returns [ErrBusy] once the lease is lost: the caller must stop
// writing then. Its states are in docs/house/reconcile-run.md.
//
// Runs of [Service.RunsOf] hold no lease: they are for looking, and note nothing.
//
// A Run belongs to one goroutine. Its fields are for reading; its methods keep
// them as the database has them.
type Run struct {
	Account    provision.Account
	Desk       provision.Desk
	Connection provision.Connection
	Paused     *provision.DeskPause // of the desk, by an admin; nil: there is none

	// Unfinished are the writes, of this run or an earlier one, that were
	// journalled and may or may not have reached the desk.
	Unfinished []Write
	// InDoubt are the hand-overs that an earlier run tried, and that the desk does
	// not show; see [Run.ResolveInterrupted].
	InDoubt []Write
	// Teams, Mailboxes and DeskRoles are the managed scope on this desk, now or
	// when access was last confirmed. All others are people's own business and
	// stay as they are. Sorted.
	Teams     []string
	Mailboxes []string
	DeskRoles []string

	anew    bool                // the user has access again that had ended: what follows later begins anew; see [Run.Journal]
	lacking []string            // teams, mailboxes and desk roles that the desk turned out not to have
	shown   *provision.DeskUser // the account's user as the desk last showed them in this run
	shownAt time.Time
	service *Service // where it notes things; set by Begin and RunsOf
	seen    []Write  // what the desk shows by now, to be entered with whatever is noted next; see [Run.Seen]
}

// Ending reports whether the account's access is to end.
func (r *Run) Ending() bool { return r.Account.Desired.Status != provision.AccessActive }

// Granted is what the account is to have and can have: what is desired, without
// the places that the desk does not have.
func (r *Run) Granted() provision.Access {
	access := r.Account.Desired
	there := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return provision.ContainsFold(r.lacking, name) })
	}
	access.Teams, access.Mailboxes, access.DeskRoles = there(access.Teams), there(access.Mailboxes), there(access.DeskRoles)
	return access
}

// Lacks notes for this run that the desk has no team, mailbox or role of a name. It
// reports whether that is news, and the run can go on without.
func (r *Run) Lacks(name string) bool {
	g := r.Granted()
	if name == "" || r.Ending() || !provision.ContainsFold(slices.Concat(g.Teams, g.Mailboxes, g.DeskRoles), name) {
		return false
	}
	r.lacking = append(r.lacking, name)
	return true
}

// Ours reports whether we made have, even if a crash kept us from noting it:
// it carries our external id, or we had journalled its making after having looked that
// there was none.
func (r *Run) Ours(have *provision.DeskUser) bool {
	if have.ExternalID != "" {
		return have.ExternalID == string(r.Account.ID)
	}
	return slices.ContainsFunc(r.Unfinished, func(s Write) bool { return s.Kind == WriteCreate })
}

// adoptionAgreed reports whether a person has said yes to taking over whatever user
// the desk already has, and that user has not been looked at since.
func (r *Run) adoptionAgreed() bool {
	return r.Account.Origin == provision.OriginAdopted && r.Account.DeskUser == ""
}

// Renew prolongs the lease of a run that takes long. It fails with [ErrBusy]
// when the lease was lost: the run must stop writing.
func (r *Run) Renew(ctx context.Context) error {
	return r.update(ctx, func(Store, *provision.Account) error { return nil })
}

// Claim notes which desk user the account is about, before anything is written
// to it. Claiming one that another account of ours holds is a Conflict.
func (r *Run) Claim(ctx context.Context, user provision.DeskUserID, origin provision.Origin) error {
	if r.Account.DeskUser == user && r.Account.Origin == origin {
		return nil
	}
	return r.update(ctx, func(_ Store, a *provision.Account) error {
		a.DeskUser, a.Origin = user, origin
		return nil
	})
}

// update changes the account under the run's lease, and renews it.
func (r *Run) update(ctx context.Context, change func(tx Store, a *provision.Account) error) error {
	s := r.service
	var saved provision.Account // r changes only once that is committed: a transaction may run twice
	err := s.inTx(ctx, func(tx Store) error {
		a, err := r.lock(ctx, tx)
		if err != nil {
			return err
		}
		if err := r.enter(ctx, tx, &a); err != nil {
			return err
		}
		if err := change(tx, &a); err != nil {
			return err
		}
		until := s.now().Add(Lease)
		a.LeaseUntil, a.UpdatedAt = &until, s.now()
		saved = a
		return tx.SaveAccounts(ctx, []provision.Account{a})
	})
	if err != nil {
		return err
	}
	r.seen = nil
	r.Account.LeaseUntil = saved.LeaseUntil
	r.Account.DeskUser, r.Account.Origin, r.Account.Seat, r.Account.Transfer = saved.DeskUser, saved.Origin, saved.Seat, saved.Transfer
	r.Account.Leaving, r.Account.Approval = saved.Leaving, saved.Approval
	return nil
}

// lock locks the run's account and makes sure that it still holds its lease.
func (r *Run) lock(ctx context.Context, tx Store) (provision.Account, error) {
	a, err := tx.LockAccount(ctx, r.Account.ID)
	if err != nil {
		return a, err
	}
	return a, r.leases(a)
}

// leases returns [ErrBusy] unless the run holds the lease of a.
func (r *Run) leases(a provision.Account) error {
	if a.LeaseUntil == nil || r.Account.LeaseUntil == nil || !a.LeaseUntil.Equal(*r.Account.LeaseUntil) {
		return ErrBusy
	}
	return nil
}
