package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
)

type seatCountRow struct {
	DeskID     string `gorm:"primaryKey"`
	Used       int64
	Seats      int64
	CountedBy  string
	CountedAt  int64
	Proposed   int64
	Held       int64
	ProposedAt int64
}

func (seatCountRow) TableName() string { return "seat_counts" }

func (s *Store) seatCounts(ctx context.Context) (rows []seatCountRow, _ error) {
	err := s.read(ctx).Order("desk_id").Find(&rows).Error
	return rows, err
}

// SeatCounts implements [seat.Store].
func (s *Store) SeatCounts(ctx context.Context) (map[provision.DeskID]seat.Counted, error) {
	rows, err := s.seatCounts(ctx)
	counts := make(map[provision.DeskID]seat.Counted, len(rows))
	for _, r := range rows {
		if r.CountedBy != "" {
			counts[provision.DeskID(r.DeskID)] = seat.Counted{Used: int(r.Used), Limit: int(r.Seats), By: seat.CountedBy(r.CountedBy), At: toTime(r.CountedAt)}
		}
	}
	return counts, err
}

// ProposedIdle implements [plan.Store].
func (s *Store) ProposedIdle(ctx context.Context) (map[provision.DeskID]seating.Proposed, error) {
	rows, err := s.seatCounts(ctx)
	proposed := make(map[provision.DeskID]seating.Proposed, len(rows))
	for _, r := range rows {
		if r.Proposed > 0 {
			proposed[provision.DeskID(r.DeskID)] = seating.Proposed{Count: int(r.Proposed), Held: r.Held != 0, At: toTime(r.ProposedAt)}
		}
	}
	return proposed, err
}

// saveSeatCount writes some columns of a row, which may be new.
func (s *Store) saveSeatCount(ctx context.Context, row seatCountRow, columns ...string) error {
	return translate(s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "desk_id"}}, DoUpdates: clause.AssignmentColumns(columns)}).Create(&row).Error, "seat count")
}

// SaveSeatCount implements [seat.Store].
func (s *Store) SaveSeatCount(ctx context.Context, d provision.DeskID, c seat.Counted) error {
	return s.saveSeatCount(ctx, seatCountRow{DeskID: string(d), Used: int64(c.Used), Seats: int64(c.Limit), CountedBy: string(c.By), CountedAt: fromTime(c.At)},
		"used", "seats", "counted_by", "counted_at")
}

// SaveProposed implements [seat.Store].
func (s *Store) SaveProposed(ctx context.Context, d provision.DeskID, p seating.Proposed) error {
	row := seatCountRow{DeskID: string(d), Proposed: int64(p.Count), ProposedAt: fromTime(p.At)}
	if p.Held {
		row.Held = 1
	}
	return s.saveSeatCount(ctx, row, "proposed", "held", "proposed_at")
}

// DeskActivity implements [seat.Store].
func (s *Store) DeskActivity(ctx context.Context, d provision.DeskID, ids ...provision.AccountID) (map[provision.AccountID]seat.Activity, error) {
	query := s.read(ctx).Table("desk_activity").Where("desk_id = ?", string(d))
	if len(ids) > 0 {
		query = query.Where("account_id "+s.sql.inList, bindIDs(ids))
	}
	var rows []struct {
		AccountID string
		LastAt    *int64
		ToldAt    int64
	}
	err := query.Select("account_id, last_at, told_at").Scan(&rows).Error
	told := make(map[provision.AccountID]seat.Activity, len(rows))
	for _, r := range rows {
		a := seat.Activity{Account: provision.AccountID(r.AccountID), ToldAt: toTime(r.ToldAt)}
		if r.LastAt != nil {
			a.Last = toTime(*r.LastAt)
		}
		told[a.Account] = a
	}
	return told, err
}

// SaveDeskActivity implements [seat.Store]. A statement each: a desk tells of a page of
// users at a time.
func (s *Store) SaveDeskActivity(ctx context.Context, d provision.DeskID, told []seat.Activity) error {
	return s.InTx(ctx, func(tx *Store) error {
		for _, a := range told {
			var last *int64
			if !a.Last.IsZero() {
				last = new(fromTime(a.Last))
			}
			err := tx.write(ctx).Exec(`INSERT INTO desk_activity (account_id, desk_id, last_at, told_at)
				SELECT id, desk_id, ?, ? FROM accounts WHERE id = ? AND desk_id = ?
				ON CONFLICT (account_id) DO UPDATE SET told_at = excluded.told_at,
					last_at = CASE WHEN excluded.last_at > coalesce(desk_activity.last_at, 0) THEN excluded.last_at ELSE desk_activity.last_at END`,
				last, fromTime(a.ToldAt), string(a.Account), string(d)).Error
			if err != nil {
				return translate(err, "desk activity")
			}
		}
		return nil
	})
}

// PeopleByID implements [seat.Store].
func (s *Store) PeopleByID(ctx context.Context, ids []provision.IdentityID) ([]provision.Identity, error) {
	return s.findIdentities(s.read(ctx).Where("id "+s.sql.inList, bindIDs(ids)).Order("id"), identityColumns)
}

// SignInsSince implements [seat.Store]: by the index on actions and times.
func (s *Store) SignInsSince(ctx context.Context, d provision.DeskID, since time.Time) (map[provision.IdentityID]time.Time, error) {
	in := make(map[provision.IdentityID]time.Time)
	err := s.each(ctx, `SELECT subject, max(at) FROM audit WHERE action = 'desk_session.signed_in' AND at >= $1 AND desk_id = $2 GROUP BY subject`,
		[]any{fromTime(since), string(d)}, func(row scanner) error {
			var subject string
			var at int64
			if err := row.Scan(&subject, &at); err != nil {
				return err
			}
			in[provision.IdentityID(subject)] = toTime(at)
			return nil
		})
	return in, err
}

// EntriesOf implements [seat.Store]. Subjects are few beside all that happened: what is
// asked of the actions is for no index.
func (s *Store) EntriesOf(ctx context.Context, subjects []string, actions []provision.Action) ([]provision.Entry, error) {
	return findEntries(s.read(ctx).Where("subject "+s.sql.inList, bindIDs(subjects)).Where("action || '' IN ?", actions).Order("at, id"))
}
