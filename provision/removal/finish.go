package removal

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// batch is how much one transaction deletes: others wait for it on SQLite.
const batch = 200

// finisher is the cause of what is deleted in the end.
var finisher = provision.Cause{Actor: "system", Action: "removal"}

// Finish deletes what is left of removed connections and desks whose access has
// ended, or stays. It may be called at any time, and be cut short.
func (s *Service) Finish(ctx context.Context) error {
	connections, desks, err := s.store.Removals(ctx)
	errs := []error{err}
	for _, id := range desks {
		errs = append(errs, s.finishDesk(ctx, id))
	}
	for _, id := range connections {
		errs = append(errs, s.finishConnection(ctx, id))
	}
	return errors.Join(errs...)
}

func (s *Service) finishDesk(ctx context.Context, id provision.DeskID) error {
	d, err := s.store.Desk(ctx, string(id))
	if err != nil {
		return unlessGone(err)
	}
	left, err := s.endAccounts(ctx, d.Removal, Scope{Desk: id})
	if err != nil || left {
		return err
	}
	if s.hosting.hosts(d) && s.hosting.Drop != nil {
		if err := s.hosting.Drop(ctx, d); err != nil {
			return err
		}
	}
	return unlessGone(s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockDesk(ctx, id); err != nil {
			return err
		}
		if err := tx.DeleteDesk(ctx, id); err != nil {
			return err
		}
		e := s.audit.Entry(finisher, "", audit.DeskDeleted, string(id))
		e.Desk, e.Detail = id, map[string]any{"name": d.Name}
		return s.audit.Record(ctx, tx, e)
	}))
}

func (s *Service) finishConnection(ctx context.Context, id provision.ConnectionID) error {
	conn, err := s.store.Connection(ctx, string(id))
	if err != nil {
		return unlessGone(err)
	}
	left, err := s.endAccounts(ctx, conn.Removal, Scope{Connection: id})
	if err != nil || left {
		return err
	}
	for _, some := range []func(Store, context.Context, provision.ConnectionID, int) (bool, error){Store.DeleteGroups, Store.DeletePeople} {
		for more := true; more; {
			err := s.inTx(ctx, func(tx Store) (err error) {
				if _, err := tx.LockConnection(ctx, id); err != nil {
					return err
				}
				more, err = some(tx, ctx, id, batch)
				return err
			})
			if err != nil {
				return unlessGone(err)
			}
		}
	}
	return unlessGone(s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockConnection(ctx, id); err != nil {
			return err
		}
		if err := tx.DeleteConnection(ctx, id); err != nil {
			return err
		}
		e := s.audit.Entry(finisher, id, audit.ConnectionDeleted, string(id))
		e.Detail = map[string]any{"name": conn.Name}
		return s.audit.Record(ctx, tx, e)
	}))
}

// unlessGone leaves out that somebody else was faster.
func unlessGone(err error) error {
	if provision.IsNotFound(err) {
		return nil
	}
	return err
}

// endAccounts deletes the accounts of what is removed, once none of them has
// access on a desk or that does not matter. left reports that some must stay for
// now.
func (s *Service) endAccounts(ctx context.Context, how provision.Removal, of Scope) (left bool, _ error) {
	if how == provision.RemovalNone {
		return true, nil
	}
	if err := s.letGo(ctx, how, of); err != nil { // whom somebody has put on hold who did not see the removal yet
		return true, err
	}
	if how == provision.RemovalEnding {
		n, err := s.store.CountUnended(ctx, of, s.now())
		if err != nil || n > 0 {
			return true, err
		}
	}
	var after provision.AccountID
	for {
		n := 0
		err := s.inTx(ctx, func(tx Store) error {
			ids, err := tx.DeletableAccounts(ctx, of, s.now(), after, batch)
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			locked, err := tx.LockAccounts(ctx, ids)
			if err != nil {
				return err
			}
			after = ids[n-1]
			free := ids[:0]
			for _, a := range locked {
				busy := a.LeaseUntil != nil && s.now().Before(*a.LeaseUntil)
				in := how == provision.RemovalEnding && a.State != provision.AccountEnded && (a.DeskUser != "" || a.ConfirmedAt != nil)
				if !busy && !in { // a worker may have been faster
					free = append(free, a.ID)
				}
			}
			return tx.DeleteAccounts(ctx, free)
		})
		if err != nil {
			return true, err
		}
		if n < batch {
			break
		}
	}
	rest, err := s.store.AccountsWhere(ctx, provision.AccountFilter{Connection: of.Connection, Desk: of.Desk}, 1)
	return len(rest) > 0, err
}
