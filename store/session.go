package store

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
)

const sessionTable = "sessions"

type sessionRow struct {
	ID           string `gorm:"primaryKey"`
	Hash         []byte
	IdentityID   string
	ConnectionID string
	Protocol     string
	Issuer       string
	Subject      string
	SessionIndex string
	NameID       string `gorm:"column:name_id"`
	Hint         string
	Agent        string
	AuthnAt      *int64
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	SeenAt       int64
	EndsAt       int64
	EndedAt      *int64
	Reason       string

	Identity   *identityRow   `db:"-"` // read by Session, never written
	Connection *connectionRow `db:"-"` // likewise
}

func (sessionRow) TableName() string { return sessionTable }

func (k *keyring) newSessionRow(s provision.Session) (sessionRow, error) {
	hint, err := k.seal(s.Hint, sessionTable, string(s.ID))
	return sessionRow{
		ID:           string(s.ID),
		Hash:         s.Hash,
		IdentityID:   string(s.Identity),
		ConnectionID: string(s.Connection),
		Protocol:     string(s.Protocol),
		Issuer:       s.Issuer,
		Subject:      s.Subject,
		SessionIndex: s.Index,
		NameID:       s.NameID,
		Hint:         hint,
		Agent:        s.Agent,
		AuthnAt:      fromTimeOrZero(s.AuthnAt),
		CreatedAt:    fromTime(s.CreatedAt),
		SeenAt:       fromTime(s.SeenAt),
		EndsAt:       fromTime(s.EndsAt),
		EndedAt:      fromTimePtr(s.EndedAt),
		Reason:       string(s.Reason),
	}, err
}

func (k *keyring) session(row sessionRow) (provision.Session, error) {
	hint, err := k.open(row.Hint, sessionTable, row.ID)
	return provision.Session{
		ID:         provision.SessionID(row.ID),
		Hash:       row.Hash,
		Identity:   provision.IdentityID(row.IdentityID),
		Connection: provision.ConnectionID(row.ConnectionID),
		Protocol:   provision.Protocol(row.Protocol),
		Issuer:     row.Issuer,
		Subject:    row.Subject,
		Index:      row.SessionIndex,
		NameID:     row.NameID,
		Hint:       hint,
		Agent:      row.Agent,
		AuthnAt:    toTimeOrZero(row.AuthnAt),
		CreatedAt:  toTime(row.CreatedAt),
		SeenAt:     toTime(row.SeenAt),
		EndsAt:     toTime(row.EndsAt),
		EndedAt:    toTimePtr(row.EndedAt),
		Reason:     provision.SessionEnd(row.Reason),
	}, err
}

// Session implements [session.Store].
func (s *Store) Session(ctx context.Context, hash []byte) (session provision.Session, id provision.Identity, c provision.Connection, err error) {
	var row sessionRow
	if err = s.read(ctx).InnerJoins("Identity").InnerJoins("Connection").Where("sessions.hash = ?", hash).Take(&row).Error; err != nil {
		return session, id, c, translate(err, "session")
	}
	if session, err = s.keys.session(row); err != nil {
		return session, id, c, err
	}
	if id, err = row.Identity.identity(); err != nil {
		return session, id, c, err
	}
	c, err = s.keys.connection(*row.Connection)
	return session, id, c, err
}

// Sessions implements [session.Store].
func (s *Store) Sessions(ctx context.Context, f provision.SessionFilter, limit int) ([]provision.Session, error) {
	query := selected(s.read(ctx), f).Order("created_at DESC, id DESC")
	if limit > 0 {
		query = query.Limit(limit)
	}
	var rows []sessionRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.session)
}

// selected returns the sessions that f selects and that have not ended.
func selected(db *gorm.DB, f provision.SessionFilter) *gorm.DB {
	db = db.Where("ended_at IS NULL")
	for column, value := range map[string]string{
		"id": string(f.ID), "identity_id": string(f.Identity), "connection_id": string(f.Connection), "protocol": string(f.Protocol),
		"issuer": f.Issuer, "subject": f.Subject, "session_index": f.Index,
	} {
		if checkText("", value) != nil {
			return db.Where("1 = 0") // no row holds that
		}
		if value != "" {
			db = db.Where(column+" = ?", value)
		}
	}
	if f.NameID != "" {
		prefix, err := nameIDPrefix(f.NameID)
		if err != nil {
			return db.Where("1 = 0") // no row holds that
		}
		db = db.Where("substr(lower(name_id), 1, length(lower(?))) = lower(?)", prefix, prefix)
	}
	return db
}

// nameIDPrefix returns how a NameID with that Value begins, as
// [provision.Session.NameID] has it: its Value first.
func nameIDPrefix(value string) (string, error) {
	if err := checkText("", value); err != nil {
		return "", err
	}
	text, err := json.Marshal(value)
	return `{"Value":` + string(text) + `,`, err
}

// InsertSession implements [session.Store].
func (s *Store) InsertSession(ctx context.Context, session provision.Session) error {
	row, err := s.keys.newSessionRow(session)
	if err != nil {
		return err
	}
	return insert(ctx, s, "session", []sessionRow{row}, false)
}

// TouchSession implements [session.Store].
func (s *Store) TouchSession(ctx context.Context, id provision.SessionID, at time.Time) error {
	return s.write(ctx).Model(&sessionRow{}).Where("id = ?", string(id)).Update("seen_at", fromTime(at)).Error
}

// EndSessions implements [session.Ender].
func (s *Store) EndSessions(ctx context.Context, f provision.SessionFilter, at time.Time, why provision.SessionEnd) (ended []provision.Session, _ error) {
	err := s.InTx(ctx, func(tx *Store) error {
		var rows []sessionRow
		if err := locked(selected(tx.write(ctx), f)).Order("id").Find(&rows).Error; err != nil {
			return err
		}
		ids := make([]provision.SessionID, len(rows))
		for i := range rows {
			ids[i] = provision.SessionID(rows[i].ID)
			rows[i].EndedAt, rows[i].Reason = new(fromTime(at)), string(why)
		}
		var err error
		if ended, err = convert(rows, tx.keys.session); err != nil || len(rows) == 0 {
			return err
		}
		return tx.write(ctx).Model(&sessionRow{}).Where("id "+tx.sql.inList, bindIDs(ids)).
			Updates(map[string]any{"ended_at": fromTime(at), "reason": string(why), "hint": ""}).Error
	})
	return ended, err
}
