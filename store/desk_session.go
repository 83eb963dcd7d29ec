package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
)

type deskSessionRow struct {
	ID           string `gorm:"primaryKey"`
	SessionID    string
	IdentityID   string
	ConnectionID string
	DeskID       string
	Protocol     string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	SeenAt       int64
	EndedAt      *int64
	Reason       string
	NotifyAt     *int64 `gorm:"column:tell_at" db:"tell_at"`
	Attempts     int64
}

func (deskSessionRow) TableName() string { return "app_sessions" }

func newDeskSessionRow(a desksession.Session) deskSessionRow {
	return deskSessionRow{
		ID:           string(a.ID),
		SessionID:    string(a.Session),
		IdentityID:   string(a.Identity),
		ConnectionID: string(a.Connection),
		DeskID:       string(a.Desk),
		Protocol:     string(a.Protocol),
		CreatedAt:    fromTime(a.CreatedAt),
		SeenAt:       fromTime(a.SeenAt),
		EndedAt:      fromTimePtr(a.EndedAt),
		Reason:       string(a.Reason),
		NotifyAt:     fromTimePtr(a.NotifyAt),
		Attempts:     int64(a.Attempts),
	}
}

func (row deskSessionRow) deskSession() desksession.Session {
	return desksession.Session{
		ID:         provision.DeskSessionID(row.ID),
		Session:    provision.SessionID(row.SessionID),
		Identity:   provision.IdentityID(row.IdentityID),
		Connection: provision.ConnectionID(row.ConnectionID),
		Desk:       provision.DeskID(row.DeskID),
		Protocol:   provision.Protocol(row.Protocol),
		CreatedAt:  toTime(row.CreatedAt),
		SeenAt:     toTime(row.SeenAt),
		EndedAt:    toTimePtr(row.EndedAt),
		Reason:     desksession.End(row.Reason),
		NotifyAt:   toTimePtr(row.NotifyAt),
		Attempts:   int(row.Attempts),
	}
}

// DeskSession implements [desksession.Store].
func (s *Store) DeskSession(ctx context.Context, id provision.DeskSessionID) (desksession.Session, error) {
	return takeDeskSession(s.read(ctx).Where("id = ?", string(id)))
}

// OpenDeskSession implements [desksession.Store].
func (s *Store) OpenDeskSession(ctx context.Context, session provision.SessionID, d provision.DeskID, p provision.Protocol) (desksession.Session, error) {
	return takeDeskSession(s.read(ctx).Where("session_id = ? AND desk_id = ? AND protocol = ? AND ended_at IS NULL", string(session), string(d), string(p)))
}

func takeDeskSession(db *gorm.DB) (desksession.Session, error) {
	var row deskSessionRow
	if err := db.Take(&row).Error; err != nil {
		return desksession.Session{}, translateRead(err, "desk session")
	}
	return row.deskSession(), nil
}

// SaveDeskSession implements [desksession.Store].
func (s *Store) SaveDeskSession(ctx context.Context, a desksession.Session) error {
	row := newDeskSessionRow(a)
	return translate(upsert(s.write(ctx)).Create(&row).Error, "desk session")
}

// MoveDeskSessions implements [session.Store].
func (s *Store) MoveDeskSessions(ctx context.Context, from, to provision.SessionID) error {
	return s.do(ctx, "desk session", func(db *gorm.DB) *gorm.DB {
		return db.Model(&deskSessionRow{}).Where("session_id = ? AND ended_at IS NULL", string(from)).Update("session_id", string(to))
	})
}

// lapsedDeskSessions finds what has lost its ground among the desk sessions that
// have not ended.
const lapsedDeskSessions = `SELECT a.id, CASE WHEN i.status <> 'active' THEN 'person' WHEN s.ended_at IS NOT NULL THEN 'session' ELSE 'access' END AS why
FROM app_sessions a
JOIN identities i ON i.id = a.identity_id
LEFT JOIN sessions s ON s.id = a.session_id
LEFT JOIN accounts x ON x.identity_id = a.identity_id AND x.desk_id = a.desk_id
WHERE a.ended_at IS NULL
AND (i.status <> 'active' OR s.ended_at IS NOT NULL OR x.id IS NULL OR x.ending_since IS NOT NULL OR x.state = 'ended')`

// changedDeskSessions are those whose session or access ended after a moment. Whoever
// is suspended or removed loses their access with it. CROSS JOIN is an order to
// SQLite: begin with what ended, which is little.
const changedDeskSessions = `SELECT a.id FROM sessions s CROSS JOIN app_sessions a WHERE s.ended_at > ? AND a.session_id = s.id AND a.ended_at IS NULL
UNION SELECT a.id FROM accounts x CROSS JOIN app_sessions a WHERE x.ending_since > ? AND a.identity_id = x.identity_id AND a.desk_id = x.desk_id AND a.ended_at IS NULL
ORDER BY 1 LIMIT ?`

// LapsedDeskSessions implements [desksession.Store].
func (s *Store) LapsedDeskSessions(ctx context.Context, since time.Time, limit int) (lapsed []desksession.Lapsed, _ error) {
	if since.IsZero() {
		return lapsed, s.read(ctx).Raw(lapsedDeskSessions+` ORDER BY a.id LIMIT ?`, limit).Scan(&lapsed).Error
	}
	var changed []string
	err := s.read(ctx).Raw(changedDeskSessions, fromTime(since), fromTime(since), limit).Scan(&changed).Error
	if err != nil || len(changed) == 0 {
		return nil, err
	}
	return lapsed, s.read(ctx).Raw(lapsedDeskSessions+` AND a.id `+s.sql.inList+` ORDER BY a.id`, bindIDs(changed)).Scan(&lapsed).Error
}

// EndDeskSession implements [desksession.Store].
func (s *Store) EndDeskSession(ctx context.Context, id provision.DeskSessionID, why desksession.End, at time.Time) (desksession.Session, error) {
	var rows []deskSessionRow
	done := s.write(ctx).Model(&rows).Clauses(clause.Returning{}).Where("id = ? AND ended_at IS NULL", string(id)).
		Updates(map[string]any{"ended_at": fromTime(at), "reason": string(why), "tell_at": fromTime(at)})
	if done.Error != nil {
		return desksession.Session{}, done.Error
	}
	if len(rows) == 0 {
		return desksession.Session{}, translate(gorm.ErrRecordNotFound, "desk session")
	}
	return rows[0].deskSession(), nil
}

// DesksToNotify implements [desksession.Store].
func (s *Store) DesksToNotify(ctx context.Context, now time.Time) (desks []provision.DeskID, _ error) {
	return desks, s.read(ctx).Model(&deskSessionRow{}).Where("tell_at <= ?", fromTime(now)).Distinct().Order("desk_id").Pluck("desk_id", &desks).Error
}

// ClaimLogoutNotices implements [desksession.Store]. Of two who claim at once the
// second finds tell_at moved on, and gets nothing of what the first has.
func (s *Store) ClaimLogoutNotices(ctx context.Context, d provision.DeskID, now, until time.Time, limit int) ([]desksession.Session, error) {
	var due []string
	err := s.read(ctx).Model(&deskSessionRow{}).Where("tell_at <= ? AND desk_id = ?", fromTime(now), string(d)).Order("tell_at, id").Limit(limit).Pluck("id", &due).Error
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var rows []deskSessionRow
	err = s.write(ctx).Model(&rows).Clauses(clause.Returning{}).Where("id "+s.sql.inList+" AND tell_at <= ?", bindIDs(due), fromTime(now)).
		Updates(map[string]any{"tell_at": fromTime(until), "attempts": gorm.Expr("attempts + 1")}).Error
	if err != nil {
		return nil, err
	}
	return convert(rows, func(row deskSessionRow) (desksession.Session, error) { return row.deskSession(), nil })
}

// SweepDeskSessions implements [desksession.Store].
func (s *Store) SweepDeskSessions(ctx context.Context, ended, seen time.Time) error {
	return s.write(ctx).Where("ended_at < ? AND tell_at IS NULL OR seen_at < ?", fromTime(ended), fromTime(seen)).Delete(&deskSessionRow{}).Error
}
