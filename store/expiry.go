package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/expiry"
)

// vouchedAt is when somebody was last vouched for, NULL when they have no login.
const vouchedAt = `(SELECT max(at) FROM (
	SELECT used_at AS at FROM logins WHERE identity_id = identities.id
	UNION ALL SELECT vouched_at FROM sign_in_grants WHERE identity_id = identities.id) AS seen)`

// SignInOnly implements [expiry.Store].
func (s *Store) SignInOnly(ctx context.Context, c provision.ConnectionID, after time.Time, limit int) (found []expiry.Seen, _ error) {
	err := s.each(ctx, `SELECT `+identityColumns+`, coalesce(`+vouchedAt+`, identities.created_at) AS vouched FROM identities
		WHERE connection_id = $1 AND source = 'sign-in' AND status = 'active' AND (terms IS NULL OR terms NOT LIKE '%"sign_in_expired"%')
		AND coalesce(`+vouchedAt+`, identities.created_at) <= $2 ORDER BY vouched, identities.id LIMIT $3`,
		[]any{string(c), fromTime(after), limit}, func(row scanner) error {
			var at int64
			person, err := scanIdentity(row, &at)
			found = append(found, expiry.Seen{Person: person, At: toTime(at)})
			return err
		})
	return found, err
}

// LastSignIn implements [expiry.Store].
func (s *Store) LastSignIn(ctx context.Context, c provision.ConnectionID) (time.Time, error) {
	var last []int64
	err := s.read(ctx).Model(&loginRow{}).Where("connection_id = ?", string(c)).Order("used_at DESC").Limit(1).Pluck("used_at", &last).Error
	if err != nil || len(last) == 0 {
		return time.Time{}, err
	}
	return toTime(last[0]), nil
}

type watchRow struct {
	ConnectionID string `gorm:"primaryKey"`
	Expiry       int64
	Since        int64
	Last         int64
}

func (watchRow) TableName() string { return "sign_in_expiry" }

// Watch implements [expiry.Store].
func (s *Store) Watch(ctx context.Context, c provision.ConnectionID) (expiry.Watch, error) {
	var row watchRow
	if err := s.read(ctx).Where("connection_id = ?", string(c)).Take(&row).Error; err != nil {
		return expiry.Watch{}, translateRead(err, "sign-in expiry")
	}
	w := expiry.Watch{Expiry: time.Duration(row.Expiry) * time.Microsecond, Since: toTime(row.Since)}
	if row.Last != 0 {
		w.Last = toTime(row.Last)
	}
	return w, nil
}

// SaveWatch implements [expiry.Store].
func (s *Store) SaveWatch(ctx context.Context, c provision.ConnectionID, w expiry.Watch) error {
	row := watchRow{ConnectionID: string(c), Expiry: w.Expiry.Microseconds(), Since: fromTime(w.Since)}
	if !w.Last.IsZero() {
		row.Last = fromTime(w.Last)
	}
	again := clause.OnConflict{Columns: []clause.Column{{Name: "connection_id"}}, UpdateAll: true}
	return s.do(ctx, "sign-in expiry", func(db *gorm.DB) *gorm.DB { return db.Clauses(again).Create(&row) })
}

type grantRow struct {
	ConnectionID string `gorm:"primaryKey"`
	Protocol     string `gorm:"primaryKey"`
	Issuer       string `gorm:"primaryKey"`
	Subject      string `gorm:"primaryKey"`
	IdentityID   string
	Client       string
	Token        string
	Generation   int64
	AskedAt      *int64
	VouchedAt    int64
	NextAt       int64
	Attempts     int64
	Problem      string
}

const grantTable = "sign_in_grants"

func (grantRow) TableName() string { return grantTable }

// place is what the token of a grant is sealed for.
func (row *grantRow) place() string {
	return row.ConnectionID + "\x00" + row.Protocol + "\x00" + row.Issuer + "\x00" + row.Subject
}

// grantRow returns g as it is stored.
func (k *keyring) grantRow(g expiry.Grant) (row grantRow, err error) {
	row = grantRow{
		ConnectionID: string(g.Login.Connection),
		Protocol:     string(g.Login.Protocol),
		Issuer:       g.Login.Issuer,
		Subject:      g.Login.Subject,
		IdentityID:   string(g.Login.Identity),
		Client:       g.Client,
		Generation:   g.Generation,
		AskedAt:      fromTimePtr(g.AskedAt),
		VouchedAt:    fromTime(g.VouchedAt),
		NextAt:       fromTime(g.NextAt),
		Attempts:     int64(g.Attempts),
		Problem:      g.Problem,
	}
	row.Token, err = k.seal(g.Token, grantTable, row.place())
	return row, err
}

func (row grantRow) grant() (expiry.Grant, error) {
	return expiry.Grant{
		Login: provision.LoginKey{Connection: provision.ConnectionID(row.ConnectionID), Protocol: provision.Protocol(row.Protocol), Issuer: row.Issuer,
			Subject: row.Subject, Identity: provision.IdentityID(row.IdentityID)},
		Client: row.Client, Generation: row.Generation, AskedAt: toTimePtr(row.AskedAt), VouchedAt: toTime(row.VouchedAt), NextAt: toTime(row.NextAt),
		Attempts: int(row.Attempts), Problem: row.Problem,
	}, nil
}

// GrantsOf implements [expiry.Store].
func (s *Store) GrantsOf(ctx context.Context, id provision.IdentityID) ([]expiry.Grant, error) {
	var rows []grantRow
	if err := s.read(ctx).Where("identity_id = ?", string(id)).Order("issuer, subject").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, grantRow.grant)
}

// NextGrant implements [expiry.Store].
func (s *Store) NextGrant(ctx context.Context, c provision.ConnectionID, at time.Time) (g expiry.Grant, _ error) {
	var row grantRow
	err := s.read(ctx).Where("connection_id = ? AND next_at <= ?", string(c), fromTime(at)).Order("next_at, issuer, subject").Limit(1).Take(&row).Error
	if err != nil {
		return g, translateRead(err, "grant")
	}
	if g, err = row.grant(); err != nil {
		return g, err
	}
	g.Token, err = s.keys.open(row.Token, grantTable, row.place())
	return g, err
}

// SaveGrant implements [expiry.Store].
func (s *Store) SaveGrant(ctx context.Context, g expiry.Grant) error {
	row, err := s.keys.grantRow(g)
	if err != nil {
		return err
	}
	again := clause.OnConflict{
		Columns: []clause.Column{{Name: "connection_id"}, {Name: "protocol"}, {Name: "issuer"}, {Name: "subject"}},
		DoUpdates: append(clause.AssignmentColumns([]string{"identity_id", "client", "token", "asked_at", "vouched_at", "next_at", "attempts", "problem"}),
			clause.Assignment{Column: clause.Column{Name: "generation"}, Value: gorm.Expr("sign_in_grants.generation + 1")}),
	}
	return s.do(ctx, "grant", func(db *gorm.DB) *gorm.DB { return db.Clauses(again).Create(&row) })
}

// sameGrant selects the row of g, if it still has its generation.
func sameGrant(db *gorm.DB, row *grantRow) *gorm.DB {
	return db.Model(&grantRow{}).Where("connection_id = ? AND protocol = ? AND issuer = ? AND subject = ? AND generation = ?",
		row.ConnectionID, row.Protocol, row.Issuer, row.Subject, row.Generation)
}

// UpdateGrant implements [expiry.Store].
func (s *Store) UpdateGrant(ctx context.Context, g expiry.Grant) error {
	row, err := s.keys.grantRow(g)
	if err != nil {
		return err
	}
	return missing(sameGrant(s.write(ctx), &row).UpdateColumns(map[string]any{"token": row.Token, "generation": row.Generation + 1, "asked_at": row.AskedAt,
		"vouched_at": row.VouchedAt, "next_at": row.NextAt, "attempts": row.Attempts, "problem": row.Problem}), "grant")
}

// DeleteGrant implements [expiry.Store].
func (s *Store) DeleteGrant(ctx context.Context, g expiry.Grant) error {
	row := grantRow{ConnectionID: string(g.Login.Connection), Protocol: string(g.Login.Protocol), Issuer: g.Login.Issuer, Subject: g.Login.Subject, Generation: g.Generation}
	return missing(sameGrant(s.write(ctx), &row).Delete(&grantRow{}), "grant")
}

// DropGrants implements [session.Ender].
func (s *Store) DropGrants(ctx context.Context, id provision.IdentityID) error {
	return s.write(ctx).Where("identity_id = ?", string(id)).Delete(&grantRow{}).Error
}

// DropGrantsOf implements [expiry.Store].
func (s *Store) DropGrantsOf(ctx context.Context, c provision.ConnectionID) error {
	var some []string
	err := s.read(ctx).Model(&grantRow{}).Where("connection_id = ?", string(c)).Limit(1).Pluck("subject", &some).Error
	if err != nil || len(some) == 0 {
		return err
	}
	return s.write(ctx).Where("connection_id = ?", string(c)).Delete(&grantRow{}).Error
}

// CountGrants implements [expiry.Store].
func (s *Store) CountGrants(ctx context.Context, c provision.ConnectionID, before time.Time) (n expiry.Counts, _ error) {
	err := s.each(ctx, `SELECT (SELECT count(*) FROM identities WHERE connection_id = $1 AND source = 'sign-in' AND status = 'active'
			AND (terms IS NULL OR terms NOT LIKE '%"sign_in_expired"%') AND NOT EXISTS (SELECT 1 FROM sign_in_grants WHERE identity_id = identities.id)),
		count(*), coalesce(max(problem), '') FROM sign_in_grants WHERE connection_id = $1 AND vouched_at < $2`,
		[]any{string(c), fromTime(before)}, func(row scanner) error { return row.Scan(&n.Unasked, &n.Unanswered, &n.Problem) })
	return n, err
}

// resealGrants seals the tokens of all grants with the first key, and returns how many
// there were.
func (s *Store) resealGrants(ctx context.Context) (int, error) {
	var rows []grantRow
	if err := s.read(ctx).Find(&rows).Error; err != nil {
		return 0, err
	}
	for _, row := range rows {
		token, err := s.keys.open(row.Token, grantTable, row.place())
		if err != nil {
			return 0, err
		}
		sealed, err := s.keys.seal(token, grantTable, row.place())
		if err != nil {
			return 0, err
		}
		// One that has changed meanwhile is sealed with the first key already.
		if err := sameGrant(s.write(ctx), &row).UpdateColumn("token", sealed).Error; err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
