package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
)

type rosterRow struct {
	DeskID   string `gorm:"primaryKey"`
	ListedAt int64
	Self     string
	Users    int64
}

func (rosterRow) TableName() string { return "rosters" }

type deskUserRow struct {
	DeskID     string `gorm:"primaryKey"`
	UserID     string `gorm:"primaryKey"`
	ListedAt   int64  `gorm:"primaryKey;autoIncrement:false"`
	Email      string // folded
	ExternalID string
	Shown      string
}

func (deskUserRow) TableName() string { return "desk_users" }

func (row deskUserRow) user() (u provision.DeskUser, _ error) {
	if err := decodeJSON(row.Shown, &u); err != nil {
		return u, fmt.Errorf("store: user %s of desk %s: %w", row.UserID, row.DeskID, err)
	}
	return u, nil
}

// SaveListed implements [adoption.Store].
func (s *Store) SaveListed(ctx context.Context, d provision.DeskID, at time.Time, users []provision.DeskUser) error {
	rows := make([]deskUserRow, 0, len(users))
	for _, u := range users {
		shown, err := toJSON(u)
		if err = errors.Join(err, checkText("desk user", string(u.ID)), checkText("desk user", u.Email), checkText("desk user", u.ExternalID)); err != nil {
			continue // PostgreSQL keeps no such text, and nobody of ours is called so
		}
		rows = append(rows, deskUserRow{DeskID: string(d), UserID: string(u.ID), ListedAt: fromTime(at), Email: provision.Fold(u.Email), ExternalID: u.ExternalID, Shown: shown})
	}
	return insert(ctx, s, "desk user", rows, false)
}

// CompleteList implements [adoption.Store].
func (s *Store) CompleteList(ctx context.Context, r adoption.Roster) error {
	row := rosterRow{DeskID: string(r.Desk), ListedAt: fromTime(r.ListedAt), Self: string(r.Self), Users: int64(r.Users)}
	saved := s.write(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "desk_id"}}, UpdateAll: true,
		Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "rosters.listed_at < excluded.listed_at"}}}}).Create(&row)
	if saved.Error != nil || saved.RowsAffected == 0 {
		return translate(saved.Error, "list")
	}
	return s.write(ctx).Where("desk_id = ? AND listed_at < ?", row.DeskID, row.ListedAt).Delete(&deskUserRow{}).Error
}

// Roster implements [adoption.Store].
func (s *Store) Roster(ctx context.Context, d provision.DeskID) (adoption.Roster, error) {
	var row rosterRow
	if err := s.read(ctx).Where("desk_id = ?", string(d)).Take(&row).Error; err != nil {
		return adoption.Roster{}, translateRead(err, "list")
	}
	return adoption.Roster{Desk: d, ListedAt: toTime(row.ListedAt), Self: provision.DeskUserID(row.Self), Users: int(row.Users)}, nil
}

// listed selects the users of a list whom no account holds.
func (s *Store) listed(ctx context.Context, r adoption.Roster) *gorm.DB {
	return s.read(ctx).Model(&deskUserRow{}).Where("desk_id = ? AND listed_at = ?", string(r.Desk), fromTime(r.ListedAt)).
		Where("NOT EXISTS (SELECT 1 FROM accounts a WHERE a.desk_id = desk_users.desk_id AND a.desk_user = desk_users.user_id AND a.desk_user <> '')")
}

// ListedUsers implements [adoption.Store].
func (s *Store) ListedUsers(ctx context.Context, q adoption.ListedQuery) ([]provision.DeskUser, error) {
	query := s.listed(ctx, q.Roster).Order("user_id").Limit(q.Limit)
	if q.After != "" {
		query = query.Where("user_id > ?", string(q.After))
	}
	if q.Users != nil {
		query = query.Where("user_id "+s.sql.inList, bindIDs(q.Users))
	}
	return findListed(query)
}

// ListedLike implements [adoption.Store].
func (s *Store) ListedLike(ctx context.Context, r adoption.Roster, addresses, externalIDs []string) ([]provision.DeskUser, error) {
	if len(addresses)+len(externalIDs) == 0 {
		return nil, nil
	}
	return findListed(s.listed(ctx, r).Where(`user_id IN (SELECT user_id FROM desk_users WHERE desk_id = ? AND email <> '' AND email `+s.sql.inList+`
		UNION SELECT user_id FROM desk_users WHERE desk_id = ? AND external_id <> '' AND external_id `+s.sql.inList+`)`,
		string(r.Desk), bindIDs(addresses), string(r.Desk), bindIDs(externalIDs)).Order("user_id"))
}

func findListed(query *gorm.DB) ([]provision.DeskUser, error) {
	var rows []deskUserRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, deskUserRow.user)
}

// PeopleLike implements [adoption.Store]. It goes from connection to connection, as
// [Store.FindPeople] does.
func (s *Store) PeopleLike(ctx context.Context, d provision.DeskID, keys adoption.Keys) ([]provision.Identity, error) {
	const each = `SELECT p.id FROM connections c CROSS JOIN identities p WHERE p.connection_id = c.id AND p.status <> 'removed' AND `
	names, displays, ids := bindIDs(keys.Names), bindIDs(keys.DisplayNames), bindIDs(keys.ExternalIDs)
	in := s.sql.inList
	return s.findIdentities(s.read(ctx).Where("status <> 'removed' AND id IN ("+
		each+"p.user_name_folded "+in+" UNION "+
		each+"p.external_id <> '' AND p.external_id "+in+" UNION "+
		each+"p.display_name_folded "+in+" UNION "+
		"SELECT identity_id FROM identity_emails WHERE value_folded "+in+" UNION "+
		"SELECT identity_id FROM accounts WHERE id "+in+" UNION "+
		"SELECT a.identity_id FROM account_names n JOIN accounts a ON a.id = n.account_id WHERE n.desk_id = ? AND n.name "+in+")",
		names, ids, displays, names, ids, string(d), names).Order("id"), identityColumns)
}

type waveRow struct {
	ID     string `gorm:"primaryKey"`
	DeskID string
	MadeBy string
	MadeAt int64
}

func (waveRow) TableName() string { return "adoption_waves" }

type adoptedRow struct {
	WaveID       string `gorm:"primaryKey"`
	UserID       string `gorm:"primaryKey"`
	DeskID       string
	AccountID    string
	IdentityID   string
	ConnectionID string
	Confidence   string
	Had          string
	Was          string
	UndoneAt     *int64
}

func (adoptedRow) TableName() string { return "adopted_users" }

func newAdoptedRow(a adoption.Adopted) (adoptedRow, error) {
	had, err1 := toJSON(a.Before)
	was, err2 := toJSON(a.Was)
	return adoptedRow{WaveID: a.Wave, UserID: string(a.User), DeskID: string(a.Desk), AccountID: string(a.Account), IdentityID: string(a.Identity), ConnectionID: string(a.Connection),
		Confidence: string(a.Confidence), Had: had, Was: was, UndoneAt: fromTimePtr(a.UndoneAt)}, errors.Join(err1, err2)
}

func (row adoptedRow) adopted() (adoption.Adopted, error) {
	a := adoption.Adopted{Wave: row.WaveID, User: provision.DeskUserID(row.UserID), Desk: provision.DeskID(row.DeskID), Account: provision.AccountID(row.AccountID),
		Identity: provision.IdentityID(row.IdentityID), Connection: provision.ConnectionID(row.ConnectionID), Confidence: adoption.Confidence(row.Confidence), UndoneAt: toTimePtr(row.UndoneAt)}
	if err := errors.Join(decodeJSON(row.Had, &a.Before), decodeJSON(row.Was, &a.Was)); err != nil {
		return a, fmt.Errorf("store: wave %s, user %s: %w", row.WaveID, row.UserID, err)
	}
	return a, nil
}

// InsertWave implements [adoption.Store].
func (s *Store) InsertWave(ctx context.Context, w adoption.Wave) error {
	return translate(s.write(ctx).Create(&waveRow{ID: w.ID, DeskID: string(w.Desk), MadeBy: w.By, MadeAt: fromTime(w.At)}).Error, "wave")
}

const waveColumns = `w.id, w.desk_id, w.made_by, w.made_at, (SELECT count(*) FROM adopted_users u WHERE u.wave_id = w.id) AS users,
	(SELECT count(*) FROM adopted_users u WHERE u.wave_id = w.id AND u.undone_at IS NOT NULL) AS undone FROM adoption_waves w WHERE `

func (s *Store) waves(ctx context.Context, where string, args ...any) (out []adoption.Wave, _ error) {
	var rows []struct {
		ID, DeskID, MadeBy string
		MadeAt             int64
		Users, Undone      int
	}
	err := s.read(ctx).Raw("SELECT "+waveColumns+where, args...).Scan(&rows).Error
	for _, r := range rows {
		out = append(out, adoption.Wave{ID: r.ID, Desk: provision.DeskID(r.DeskID), By: r.MadeBy, At: toTime(r.MadeAt), Users: r.Users, Undone: r.Undone})
	}
	return out, err
}

// Wave implements [adoption.Store].
func (s *Store) Wave(ctx context.Context, id string) (adoption.Wave, error) {
	found, err := s.waves(ctx, "w.id = ?", id)
	if err == nil && len(found) == 0 {
		err = translate(gorm.ErrRecordNotFound, "wave")
	}
	if err != nil {
		return adoption.Wave{}, err
	}
	return found[0], nil
}

// Waves implements [adoption.Store].
func (s *Store) Waves(ctx context.Context, d provision.DeskID, limit int) ([]adoption.Wave, error) {
	const newest = " ORDER BY w.made_at DESC, w.id DESC LIMIT ?"
	if d == "" {
		return s.waves(ctx, "true"+newest, limit)
	}
	return s.waves(ctx, "w.desk_id = ?"+newest, string(d), limit)
}

// InsertAdopted implements [adoption.Store].
func (s *Store) InsertAdopted(ctx context.Context, a adoption.Adopted) error {
	row, err := newAdoptedRow(a)
	if err != nil {
		return err
	}
	return translate(s.write(ctx).Create(&row).Error, "adopted user")
}

// SaveAdopted implements [adoption.Store].
func (s *Store) SaveAdopted(ctx context.Context, a adoption.Adopted) error {
	return missing(s.write(ctx).Model(&adoptedRow{}).Where("wave_id = ? AND user_id = ?", a.Wave, string(a.User)).Update("undone_at", fromTimePtr(a.UndoneAt)), "adopted user")
}

// AdoptedIn implements [adoption.Store].
func (s *Store) AdoptedIn(ctx context.Context, wave string) ([]adoption.Adopted, error) {
	var rows []adoptedRow
	if err := s.read(ctx).Where("wave_id = ?", wave).Order("user_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, adoptedRow.adopted)
}
