package store

import (
	"context"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// JournalOf implements [offboarding.Store].
func (s *Store) JournalOf(ctx context.Context, accounts []provision.AccountID) ([]reconcile.Write, error) {
	var rows []writeRow
	if err := s.read(ctx).Where("account_id "+s.sql.inList, bindIDs(accounts)).Order("account_id, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, writeRow.write)
}

// OpenDeskSessions implements [offboarding.Store].
func (s *Store) OpenDeskSessions(ctx context.Context, id provision.IdentityID) ([]desksession.Session, error) {
	var rows []deskSessionRow
	if err := s.read(ctx).Where("identity_id = ? AND (ended_at IS NULL OR tell_at IS NOT NULL)", string(id)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row deskSessionRow) (desksession.Session, error) { return row.deskSession(), nil })
}

// Endings implements [offboarding.Store]: by the index on actions and times.
func (s *Store) Endings(ctx context.Context, since time.Time) (found []offboarding.Ending, _ error) {
	err := s.each(ctx, `SELECT desk_id, at, detail FROM audit WHERE action = 'account.ended' AND at >= $1 ORDER BY at, id`, []any{fromTime(since)}, func(row scanner) error {
		var desk, detail string
		var at int64
		if err := row.Scan(&desk, &at, &detail); err != nil {
			return err
		}
		var said struct {
			Since time.Time `json:"since"`
		}
		if err := decodeJSON(detail, &said); err != nil {
			return fmt.Errorf("store: audit entry: %w", err)
		}
		if !said.Since.IsZero() { // else there was no access, or an older release wrote it
			found = append(found, offboarding.Ending{Desk: provision.DeskID(desk), At: toTime(at), Since: said.Since})
		}
		return nil
	})
	return found, err
}
