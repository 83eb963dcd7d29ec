package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
)

type tokenRow struct {
	ID           string `gorm:"primaryKey"`
	ConnectionID string
	Name         string
	Hash         []byte
	ClientID     string
	ReadOnly     bool
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	ExpiresAt    *int64
	RevokedAt    *int64
	ReplacedAt   *int64
	LastUsedAt   *int64

	Connection *connectionRow // read with access tokens, never written
}

func (tokenRow) TableName() string { return "tokens" }

func newTokenRow(t credential.Token) tokenRow {
	return tokenRow{
		ID:           string(t.ID),
		ConnectionID: string(t.Connection),
		Name:         t.Name,
		Hash:         t.Hash,
		ClientID:     t.ClientID,
		ReadOnly:     t.ReadOnly,
		CreatedAt:    fromTime(t.CreatedAt),
		ExpiresAt:    fromTimePtr(t.ExpiresAt),
		RevokedAt:    fromTimePtr(t.RevokedAt),
		ReplacedAt:   fromTimePtr(t.ReplacedAt),
		LastUsedAt:   fromTimePtr(t.LastUsedAt),
	}
}

func (row tokenRow) token() (credential.Token, error) {
	return credential.Token{
		ID:         provision.TokenID(row.ID),
		Connection: provision.ConnectionID(row.ConnectionID),
		Name:       row.Name,
		Hash:       row.Hash,
		ClientID:   row.ClientID,
		ReadOnly:   row.ReadOnly,
		CreatedAt:  toTime(row.CreatedAt),
		ExpiresAt:  toTimePtr(row.ExpiresAt),
		RevokedAt:  toTimePtr(row.RevokedAt),
		ReplacedAt: toTimePtr(row.ReplacedAt),
		LastUsedAt: toTimePtr(row.LastUsedAt),
	}, nil
}

// tokenWithConnection is what [Store.TokenByHash] asks: with every request, so
// that it goes past gorm.
var tokenWithConnection = `SELECT ` + rowTypeOf[tokenRow]().columnsOf("t") + `, ` + rowTypeOf[connectionRow]().columnsOf("c") + `
	FROM tokens t JOIN connections c ON c.id = t.connection_id WHERE t.hash = $1`

// TokenByHash implements [credential.Store].
func (s *Store) TokenByHash(ctx context.Context, hash []byte) (credential.Token, provision.Connection, error) {
	var found tokenFound
	if err := s.each(ctx, tokenWithConnection, []any{hash}, found.read); err != nil {
		return credential.Token{}, provision.Connection{}, translate(err, "token")
	}
	return found.token(s.keys)
}

// TokenAhead implements [credential.Store].
func (s *Store) TokenAhead(ctx context.Context, hash []byte, judge func(credential.Token, provision.Connection, error) error) (context.Context, func() error) {
	a := &ahead{store: s, sql: tokenWithConnection, args: []any{hash}, ask: func() (func(scanner) error, func() error) {
		var found tokenFound
		return found.read, func() error { return judge(found.token(s.keys)) }
	}}
	return a.under(ctx)
}

// tokenFound is what [tokenWithConnection] finds.
type tokenFound struct {
	is  bool
	row tokenRow
	of  connectionRow
}

func (f *tokenFound) read(r scanner) error {
	f.is = true
	return r.Scan(append(rowTypeOf[tokenRow]().into(&f.row), rowTypeOf[connectionRow]().into(&f.of)...)...)
}

func (f *tokenFound) token(keys *keyring) (credential.Token, provision.Connection, error) {
	if !f.is {
		return credential.Token{}, provision.Connection{}, translate(gorm.ErrRecordNotFound, "token")
	}
	connection, err := keys.connection(f.of)
	if err != nil {
		return credential.Token{}, provision.Connection{}, err
	}
	token, err := f.row.token()
	return token, connection, err
}

// Tokens implements [signin.Store].
func (s *Store) Tokens(ctx context.Context, c provision.ConnectionID) ([]credential.Token, error) {
	var rows []tokenRow
	query := s.read(ctx).Order("created_at, id")
	if c != "" {
		query = query.Where("connection_id = ?", string(c))
	}
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, tokenRow.token)
}

// SaveToken implements [credential.Saver].
func (s *Store) SaveToken(ctx context.Context, t credential.Token) error {
	row := newTokenRow(t)
	return translate(upsert(s.write(ctx)).Create(&row).Error, "token")
}

// TouchToken implements [credential.Store].
func (s *Store) TouchToken(ctx context.Context, id provision.TokenID, at time.Time) error {
	return missing(s.write(ctx).Model(&tokenRow{}).Where("id = ?", string(id)).Update("last_used_at", fromTime(at)), "token")
}
