package store

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
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

// ofSeats is the condition of the index audit_seats, as it spells it.
const ofSeats = `action IN ('account.confirmed', 'account.ended', 'seat.given_back', 'desk_session.signed_in')`

// sitters is the query of [Store.Sitters] for $1, a desk, and $2, a moment: with a row each
// of what the desk tells, of terms, and from the index of when they last signed in.
const sitters = `SELECT a.id, a.identity_id, a.granted ->> 'role', a.created_at, t.last_at, t.told_at, (SELECT i.terms FROM identities i WHERE i.id = a.identity_id AND i.terms IS NOT NULL),
		(SELECT max(e.at) FROM audit e WHERE e.` + ofSeats + ` AND e.desk_id = a.desk_id AND e.action = 'desk_session.signed_in' AND e.subject = a.identity_id)
	FROM accounts a LEFT JOIN desk_activity t ON t.account_id = a.id
	WHERE a.desk_id = $1 AND (t.last_at IS NULL OR t.last_at <= $2) AND a.state <> 'ended' AND a.granted ->> 'status' = 'active'`

// Sitters implements [seat.Store].
func (s *Store) Sitters(ctx context.Context, f seat.SitterFilter) (out []seat.Sitter, _ error) {
	query, args := sitters, []any{string(f.Desk), int64(math.MaxInt64)}
	if !f.Unseen.IsZero() {
		args[1] = fromTime(f.Unseen)
	}
	if f.Person != "" {
		query, args = query+` AND a.identity_id = $3`, append(args, string(f.Person))
	}
	err := s.each(ctx, query, args, func(row scanner) error {
		var account, person, role string
		var created int64
		var last, told, signedIn *int64
		var said *string
		if err := row.Scan(&account, &person, &role, &created, &last, &told, &said, &signedIn); err != nil {
			return err
		}
		one := seat.Sitter{Account: provision.AccountID(account), Person: provision.IdentityID(person), Role: provision.Role(role), CreatedAt: toTime(created),
			Last: timeOrZero(last), ToldAt: timeOrZero(told), SignedIn: timeOrZero(signedIn)}
		if said != nil {
			if err := decodeJSON(*said, &one.Terms); err != nil {
				return fmt.Errorf("store: terms of person %s: %w", person, err)
			}
		}
		out = append(out, one)
		return nil
	})
	return out, err
}

// timeOrZero is a moment that may not be known.
func timeOrZero(at *int64) time.Time {
	if at == nil {
		return time.Time{}
	}
	return toTime(*at)
}

// seatsSince is the query of [Store.SeatsSince] for $1, a desk; %[1]s is a further condition
// on whom an entry is about. It reads the index audit_seats alone, but for who was back from an absence.
const seatsSince = `SELECT e.subject, coalesce(min(CASE WHEN e.action = 'account.confirmed' AND (x.at IS NULL OR e.at > x.at) THEN e.at END), 0), coalesce(max(CASE WHEN e.action = 'seat.given_back' THEN e.at END), 0)
	FROM audit e LEFT JOIN (SELECT subject, max(at) AS at FROM audit WHERE ` + ofSeats + ` AND desk_id = $1 AND action = 'account.ended'%[1]s GROUP BY subject) x ON x.subject = e.subject
	WHERE e.` + ofSeats + ` AND e.desk_id = $1 AND e.action IN ('account.confirmed', 'seat.given_back')%[2]s GROUP BY e.subject
	UNION ALL SELECT subject, 0, max(at) FROM audit WHERE action = 'person.back'%[1]s GROUP BY subject`

// SeatsSince implements [seat.Store].
func (s *Store) SeatsSince(ctx context.Context, f seat.SitterFilter) (map[provision.IdentityID]time.Time, error) {
	query, args := fmt.Sprintf(seatsSince, "", ""), []any{string(f.Desk)}
	if f.Person != "" {
		query, args = fmt.Sprintf(seatsSince, ` AND subject = $2`, ` AND e.subject = $2`), append(args, string(f.Person))
	}
	since := make(map[provision.IdentityID]time.Time)
	err := s.each(ctx, query, args, func(row scanner) error {
		var subject string
		var had, back int64
		if err := row.Scan(&subject, &had, &back); err != nil {
			return err
		}
		id := provision.IdentityID(subject)
		if at := max(had, back); at > 0 && toTime(at).After(since[id]) {
			since[id] = toTime(at)
		}
		return nil
	})
	return since, err
}

// UntoldAccounts implements [seat.Store].
func (s *Store) UntoldAccounts(ctx context.Context, d provision.DeskID, since time.Time, limit int) ([]provision.Account, error) {
	return findAccounts(s.read(ctx).Where("desk_id = ? AND desk_user <> '' AND granted ->> 'status' = 'active'", string(d)).
		Where("NOT EXISTS (SELECT 1 FROM desk_activity t WHERE t.account_id = accounts.id AND t.told_at > ?)", fromTime(since)).Order("id").Limit(limit))
}

// SeatsTakenOn implements [seat.Store], and [plan.Store]: by an index.
func (s *Store) SeatsTakenOn(ctx context.Context, desks []provision.DeskID) (map[provision.DeskID]int, error) {
	taken := make(map[provision.DeskID]int, len(desks))
	if len(desks) == 0 {
		return taken, nil
	}
	var rows []struct {
		DeskID provision.DeskID
		N      int
	}
	err := s.read(ctx).Raw("SELECT desk_id, count(*) AS n FROM accounts WHERE seat AND desk_id "+s.sql.inList+" GROUP BY desk_id", bindIDs(desks)).Scan(&rows).Error
	for _, r := range rows {
		taken[r.DeskID] = r.N
	}
	return taken, err
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

// EntriesFor implements [seat.Store]. One index leads to the entries of each action in their
// order, and what else happened, which is most, is not read.
func (s *Store) EntriesFor(ctx context.Context, actions []provision.Action, until time.Time, after audit.Place, limit int) (out []provision.Entry, _ error) {
	end := int64(math.MaxInt64)
	if !until.IsZero() {
		end = fromTime(until)
	}
	from := int64(math.MinInt64)
	if after.ID > 0 {
		from = fromTime(after.At)
	}
	args := []any{end, from, after.ID, limit}
	for _, action := range actions {
		args = append(args, string(action))
	}
	err := s.each(ctx, entriesFor(len(actions)), args, func(row scanner) error {
		var e auditRow
		if err := row.Scan(&e.ID, &e.At, &e.Action, &e.Subject, &e.DeskID, &e.AccountID, &e.Detail); err != nil {
			return err
		}
		entry, err := e.entry()
		out = append(out, entry)
		return err
	})
	return out, err
}

// entriesFor is the query of [Store.EntriesFor] for so many actions.
func entriesFor(actions int) string {
	of := make([]string, actions)
	for i := range of {
		of[i] = fmt.Sprintf(`SELECT id, at, action, subject, desk_id, account_id, detail FROM audit WHERE action = $%d AND at < $1 AND (at, id) > ($2, $3)`, i+5)
	}
	return strings.Join(of, " UNION ALL ") + " ORDER BY at, id LIMIT $4"
}
