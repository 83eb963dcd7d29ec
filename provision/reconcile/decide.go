package reconcile

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

// Whom says about whose losses an admin decides.
type Whom struct {
	All    bool     // of the connection, and not People
	People []string // by any name
}

// decideAtOnce is how many accounts one transaction decides about: whoever
// pushes meanwhile waits for no more.
const decideAtOnce = 100

// lockUndecided locks a connection about whose losses an admin decides: a Conflict
// while it is being removed, which has decided about all of them.
func lockUndecided(ctx context.Context, tx Store, id provision.ConnectionID) (provision.Connection, error) {
	conn, err := tx.LockConnection(ctx, id)
	if err == nil && conn.Removal != provision.RemovalNone {
		err = provision.Errorf(provision.Conflict, "connection", "the connection %s is being removed, which has decided about the access of its people; `deskbridge status` shows who is still in", conn.Name)
	}
	return conn, err
}

// apart takes out of accounts those on desks that are being removed, and returns
// both: about these the removal has decided.
func apart(ctx context.Context, tx Store, accounts []provision.Account) (staying, gone []provision.Account, _ error) {
	removed := make(map[provision.DeskID]bool)
	for _, a := range accounts {
		if _, known := removed[a.Desk]; !known {
			on, err := tx.Desk(ctx, string(a.Desk))
			if err != nil {
				return nil, nil, err
			}
			removed[a.Desk] = on.Removal != provision.RemovalNone
		}
		if removed[a.Desk] {
			gone = append(gone, a)
		} else {
			staying = append(staying, a)
		}
	}
	return staying, gone, nil
}

// Release has losses carried out that mass-change protection has put on hold. Of
// people who are named also those that it has not decided about yet, and those
// that were rejected before. After a release of all, losses from now on are
// counted anew. It returns how many accounts these are; Invalid says that there
// is nothing to release of somebody who is named, NotFound that nobody is called
// so, and Denied with [secondadmin.Reason] that a second admin has to do the same.
func (s *Service) Release(ctx context.Context, c provision.Cause, connection string, whom Whom) (int, error) {
	return s.decide(ctx, c, connection, whom, provision.VerdictReleased)
}

// Reject has losses not carried out: the accounts keep what they have on their
// desks. That ends when access is desired again, or when the person is suspended
// or removed, which is decided anew. It is about losses on hold; with all, also
// about those that are not explicit and not decided about yet. See
// [Service.Release].
func (s *Service) Reject(ctx context.Context, c provision.Cause, connection string, whom Whom) (int, error) {
	return s.decide(ctx, c, connection, whom, provision.VerdictRejected)
}

func (s *Service) decide(ctx context.Context, c provision.Cause, connection string, whom Whom, v provision.Verdict) (int, error) {
	conn, err := s.store.Connection(ctx, connection)
	if err != nil {
		return 0, err
	}
	if whom.All {
		return s.decideAll(ctx, c, conn, v)
	}
	people, err := s.peopleCalled(ctx, conn, whom.People)
	if err != nil {
		return 0, err
	}
	n := 0
	err = secondadmin.InTx(ctx, s.inTx, func(tx Store) error {
		n = 0
		conn, err := lockUndecided(ctx, tx, conn.ID)
		if err != nil {
			return err
		}
		accounts, err := tx.LockAccountsOf(ctx, people)
		if err != nil {
			return err
		}
		if accounts, _, err = apart(ctx, tx, accounts); err != nil {
			return err
		}
		accounts = slices.DeleteFunc(accounts, func(a provision.Account) bool { return !mayDecide(&a, v) })
		for i, id := range people {
			if !slices.ContainsFunc(accounts, func(a provision.Account) bool { return a.Identity == id }) {
				return provision.Errorf(provision.Invalid, "person", "there is nothing to decide about the access of %q; `deskbridge explain` shows what they have", provision.Clip(whom.People[i]))
			}
		}
		if v == provision.VerdictReleased {
			if _, err = s.second.Release(ctx, tx, c, conn, people, func() ([]provision.Account, error) { return accounts, nil }); err != nil {
				return err
			}
		}
		n = len(accounts)
		if err = s.pronounce(ctx, tx, c, conn, accounts, v); err == nil {
			_, err = s.braked(ctx, tx, conn)
		}
		return err
	})
	return n, err
}

// held selects what is on hold of a connection.
func held(conn provision.ConnectionID) provision.AccountFilter {
	return provision.AccountFilter{Connection: conn, State: provision.AccountOnHold, ReasonCode: provision.ReasonMassChange}
}

// peopleCalled returns the people of a connection with these names, in order.
func (s *Service) peopleCalled(ctx context.Context, conn provision.Connection, names []string) ([]provision.IdentityID, error) {
	if len(names) == 0 {
		return nil, provision.Errorf(provision.Invalid, "person", "name somebody, or say that all are meant")
	}
	people := make([]provision.IdentityID, len(names))
	for i, name := range names {
		p, err := s.entitlement.PersonCalled(ctx, conn, name)
		if err != nil {
			return nil, err
		}
		people[i] = p.ID
	}
	return people, nil
}

// mayDecide reports whether v can be said of an account of somebody who is named:
// not once a run that ends their access has begun, see [Service.Begin].
func mayDecide(a *provision.Account, v provision.Verdict) bool {
	if a.Loss.Since == nil || a.State == provision.AccountEnded {
		return false
	}
	switch a.Loss.Verdict {
	case provision.VerdictNone, provision.VerdictOnHold:
		return true
	case provision.VerdictRejected:
		return v == provision.VerdictReleased
	}
	return false
}

// decideAll decides about all that is on hold. Losses are put on hold under the
// lock on the connection, so that none is when it is let go of. Where two admins had to
// agree, only what they are agreed on is released, and nothing of before is passed over.
func (s *Service) decideAll(ctx context.Context, c provision.Cause, conn provision.Connection, v provision.Verdict) (n int, _ error) {
	if v == provision.VerdictRejected { // first what is only about to be put on hold
		undecided, err := s.rejectUndecided(ctx, c, conn)
		if n += undecided; err != nil {
			return n, err
		}
	}
	var agreed secondadmin.Losses
	var after provision.AccountID
	for first, last := true, false; !last; first = false {
		decided, next := 0, after
		err := secondadmin.InTx(ctx, s.inTx, func(tx Store) error {
			locked, err := lockUndecided(ctx, tx, conn.ID)
			if err != nil {
				return err
			}
			conn, which := locked, held(conn.ID)
			if first && v == provision.VerdictReleased {
				all := func() (all []provision.Account, err error) {
					if all, err = tx.AccountsWhere(ctx, which, 0); err == nil {
						all, _, err = apart(ctx, tx, all)
					}
					return all, err
				}
				if agreed, err = s.second.Release(ctx, tx, c, conn, nil, all); err != nil {
					return err
				}
			}
			which.After = after
			found, err := tx.AccountsWhere(ctx, which, decideAtOnce)
			if err != nil {
				return err
			}
			if agreed != nil && len(found) > 0 {
				next = found[len(found)-1].ID
			}
			accounts, err := entitlement.LockThose(ctx, tx, found, func(a *provision.Account) bool {
				return a.State == provision.AccountOnHold && a.ReasonCode == provision.ReasonMassChange && agreed.Has(a)
			})
			if err != nil {
				return err
			}
			accounts, gone, err := apart(ctx, tx, accounts)
			if err != nil {
				return err
			}
			decided, last = len(accounts), len(found) < decideAtOnce
			if err := s.entitlement.Requeue(ctx, tx, gone); err != nil {
				return err
			}
			if err := s.pronounce(ctx, tx, c, conn, accounts, v); err != nil || !last {
				return err
			}
			entry := s.audit.Entry(c, conn.ID, audit.BrakeRejected, string(conn.ID))
			if v == provision.VerdictReleased {
				conn.ReleasedAt, entry.Action = new(s.now()), audit.BrakeReleased
			}
			if conn.HeldAt = nil; agreed == nil {
				err = tx.SaveConnection(ctx, conn)
			} else {
				_, err = s.braked(ctx, tx, locked) // others may be on hold since, and what is not yet counts on
			}
			if err != nil {
				return err
			}
			entry.Detail = map[string]any{"accounts": n + decided}
			return s.audit.Record(ctx, tx, entry)
		})
		if err != nil {
			return n, err
		}
		n, after = n+decided, next
	}
	return n, nil
}

// rejectUndecided rejects the losses of a connection whose run has not begun,
// but for those of people who were suspended or removed.
func (s *Service) rejectUndecided(ctx context.Context, c provision.Cause, conn provision.Connection) (int, error) {
	return s.eachUndecided(ctx, provision.AccountFilter{Connection: conn.ID}, undecided, func(tx Store, accounts []provision.Account) (int, bool, error) {
		conn, err := lockUndecided(ctx, tx, conn.ID)
		if err != nil {
			return 0, false, err
		}
		if accounts, err = entitlement.LockThose(ctx, tx, accounts, undecided); err != nil {
			return 0, false, err
		}
		if accounts, _, err = apart(ctx, tx, accounts); err != nil {
			return 0, false, err
		}
		return len(accounts), true, s.pronounce(ctx, tx, c, conn, accounts, provision.VerdictRejected)
	})
}

// eachUndecided calls do with accounts that filter selects and that wait, those
// that which selects, by id and some in a transaction, in the turn of their
// connection, for as long as there is more to do. It returns how many do has
// decided about.
func (s *Service) eachUndecided(ctx context.Context, filter provision.AccountFilter, which func(*provision.Account) bool, do func(Store, []provision.Account) (decided int, more bool, _ error)) (n int, _ error) {
	filter.State = provision.AccountWaiting
	for more := true; more; {
		found, err := s.store.AccountsWhere(ctx, filter, decideAtOnce)
		if err != nil || len(found) == 0 {
			return n, err
		}
		filter.After = found[len(found)-1].ID
		found = slices.DeleteFunc(found, func(a provision.Account) bool { return !which(&a) })
		if len(found) == 0 {
			continue
		}
		decided := 0
		err = s.inTurn(ctx, filter.Connection, func(tx Store) (err error) {
			decided, more, err = do(tx, found)
			return err
		})
		if err != nil {
			return n, err
		}
		n += decided
	}
	return n, nil
}

// inTurn runs fn in a transaction, in the turn of a connection.
func (s *Service) inTurn(ctx context.Context, conn provision.ConnectionID, fn func(Store) error) error {
	turn, err := s.turns.Take(ctx, conn, 1, mostTurn)
	if err != nil {
		return err
	}
	defer turn.GiveBack()
	return s.inTx(ctx, fn)
}

func undecided(a *provision.Account) bool {
	return a.Loss.Since != nil && a.Loss.Verdict == provision.VerdictNone && !a.Loss.Explicit() && a.State == provision.AccountWaiting
}

// pronounce says v of losses whose accounts are locked.
func (s *Service) pronounce(ctx context.Context, tx Store, c provision.Cause, conn provision.Connection, accounts []provision.Account, v provision.Verdict) error {
	if len(accounts) == 0 {
		return nil
	}
	action := audit.AccountReleased
	if v == provision.VerdictRejected {
		action = audit.AccountKept
	}
	now := s.now()
	var entries []provision.Entry
	var again []provision.Account
	for i := range accounts {
		a := &accounts[i]
		a.Loss.Verdict, a.Loss.By, a.UpdatedAt = v, c.Who(), now
		switch {
		case v == provision.VerdictRejected:
			a.State, a.ReasonCode, a.Reason, a.RetryAt = provision.AccountOnHold, provision.ReasonRejected, rejectedReason(conn.Name, a.Loss.By), nil
		case a.State == provision.AccountOnHold:
			again = append(again, *a)
		}
		e := s.accountEntry(*a, action, nil)
		e.Cause = c
		entries = append(entries, e)
	}
	if err := tx.SaveAccounts(ctx, accounts); err != nil {
		return err
	}
	if err := s.entitlement.Requeue(ctx, tx, again); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, entries...)
}

// keep leaves an account as it is whose loss was rejected.
func (s *Service) keep(ctx context.Context, tx Store, conn provision.Connection, a provision.Account) error {
	if a.State == provision.AccountOnHold {
		return nil
	}
	a.State, a.ReasonCode, a.UpdatedAt = provision.AccountOnHold, provision.ReasonRejected, s.now()
	a.Reason = rejectedReason(conn.Name, a.Loss.By)
	return tx.SaveAccounts(ctx, []provision.Account{a})
}

// rejectedReason says why access stays that nothing grants, and what ends that.
func rejectedReason(connection, by string) string {
	return "kept by " + by + ": access that is not granted any more stays until the identity provider grants it again, " +
		"or suspends or removes the person; `deskbridge connection release " + connection + " --person USER` ends it"
}
