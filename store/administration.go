package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

type consoleGrantRow struct {
	ID           string `gorm:"primaryKey"`
	ConnectionID string
	GroupID      string
	GroupName    string
	GroupFolded  string
	Role         string
	Reach        string
	CreatedBy    string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
}

func (consoleGrantRow) TableName() string { return "console_grants" }

func (row consoleGrantRow) grant() (administration.Grant, error) {
	reach, err := fromReach(row.Reach)
	return administration.Grant{ID: administration.GrantID(row.ID), Connection: provision.ConnectionID(row.ConnectionID), Group: provision.GroupID(row.GroupID), GroupName: row.GroupName,
		Role: administration.Role(row.Role), Reach: reach, CreatedBy: row.CreatedBy, CreatedAt: toTime(row.CreatedAt)}, err
}

type apiTokenRow struct {
	ID           string `gorm:"primaryKey"`
	Name         string
	Hash         []byte
	Role         string
	Verbs        string
	Reach        string
	IdentityID   string
	ConnectionID string
	CreatedBy    string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	ExpiresAt    int64
	RevokedAt    *int64
	LastUsedAt   *int64
}

func (apiTokenRow) TableName() string { return "api_tokens" }

func (row apiTokenRow) token() (administration.Token, error) {
	t := administration.Token{ID: administration.TokenID(row.ID), Name: row.Name, Hash: row.Hash, Role: administration.Role(row.Role),
		Person: provision.IdentityID(row.IdentityID), Connection: provision.ConnectionID(row.ConnectionID),
		CreatedBy: row.CreatedBy, CreatedAt: toTime(row.CreatedAt), ExpiresAt: toTime(row.ExpiresAt), RevokedAt: toTimePtr(row.RevokedAt), LastUsedAt: toTimePtr(row.LastUsedAt)}
	var err error
	if t.Verbs, err = fromList(row.Verbs); err != nil {
		return t, err
	}
	t.Reach, err = fromReach(row.Reach)
	return t, err
}

func toReach(reach []administration.Reach) (string, error) {
	if len(reach) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(reach)
	return string(text), err
}

// fromReach returns what [toReach] has written; nil when there is none.
func fromReach(text string) (reach []administration.Reach, _ error) {
	err := json.Unmarshal([]byte(text), &reach)
	if len(reach) == 0 {
		return nil, err
	}
	return reach, err
}

// ConsoleGrants implements [administration.Store].
func (s *Store) ConsoleGrants(ctx context.Context, c provision.ConnectionID) ([]administration.Grant, error) {
	query := s.read(ctx).Order("created_at, id")
	if c != "" {
		query = query.Where("connection_id = ?", string(c))
	}
	var rows []consoleGrantRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, consoleGrantRow.grant)
}

// SaveConsoleGrant implements [administration.Store].
func (s *Store) SaveConsoleGrant(ctx context.Context, g administration.Grant) error {
	if err := checkText("group", g.GroupName); err != nil {
		return err
	}
	reach, err := toReach(g.Reach)
	if err != nil {
		return err
	}
	row := consoleGrantRow{ID: string(g.ID), ConnectionID: string(g.Connection), GroupID: string(g.Group), GroupName: g.GroupName,
		Role: string(g.Role), Reach: reach, CreatedBy: g.CreatedBy, CreatedAt: fromTime(g.CreatedAt)}
	if g.Claimed() {
		row.GroupFolded = provision.Fold(g.GroupName)
	}
	return translate(upsert(s.write(ctx)).Create(&row).Error, "role")
}

// DeleteConsoleGrant implements [administration.Store].
func (s *Store) DeleteConsoleGrant(ctx context.Context, id administration.GrantID) error {
	return missing(s.write(ctx).Where("id = ?", string(id)).Delete(&consoleGrantRow{}), "role")
}

// APITokenByHash implements [administration.Store].
func (s *Store) APITokenByHash(ctx context.Context, hash []byte) (administration.Token, error) {
	var row apiTokenRow
	if err := s.read(ctx).Where("hash = ?", hash).Take(&row).Error; err != nil {
		return administration.Token{}, translate(err, "token")
	}
	return row.token()
}

// APITokens implements [administration.Store].
func (s *Store) APITokens(ctx context.Context) ([]administration.Token, error) {
	var rows []apiTokenRow
	if err := s.read(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, apiTokenRow.token)
}

// SaveAPIToken implements [administration.Store].
func (s *Store) SaveAPIToken(ctx context.Context, t administration.Token) error {
	reach, err := toReach(t.Reach)
	if err != nil {
		return err
	}
	row := apiTokenRow{ID: string(t.ID), Name: t.Name, Hash: t.Hash, Role: string(t.Role), Verbs: toList(t.Verbs), Reach: reach,
		IdentityID: string(t.Person), ConnectionID: string(t.Connection), CreatedBy: t.CreatedBy,
		CreatedAt: fromTime(t.CreatedAt), ExpiresAt: fromTime(t.ExpiresAt), RevokedAt: fromTimePtr(t.RevokedAt), LastUsedAt: fromTimePtr(t.LastUsedAt)}
	return translate(upsert(s.write(ctx)).Create(&row).Error, "token")
}

// TouchAPIToken implements [administration.Store].
func (s *Store) TouchAPIToken(ctx context.Context, id administration.TokenID, at time.Time) error {
	return missing(s.write(ctx).Model(&apiTokenRow{}).Where("id = ?", string(id)).Update("last_used_at", fromTime(at)), "token")
}
