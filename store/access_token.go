package store

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
)

type accessTokenRow struct {
	Hash      []byte `gorm:"primaryKey"`
	TokenID   string
	ReadOnly  bool
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	ExpiresAt int64

	Token *tokenRow // read by AccessTokenByHash, never written
}

func (accessTokenRow) TableName() string { return "access_tokens" }

func (row accessTokenRow) accessToken() credential.AccessToken {
	return credential.AccessToken{
		Hash:      row.Hash,
		Token:     provision.TokenID(row.TokenID),
		ReadOnly:  row.ReadOnly,
		CreatedAt: toTime(row.CreatedAt),
		ExpiresAt: toTime(row.ExpiresAt),
	}
}

// AccessTokenByHash implements [credential.Store].
func (s *Store) AccessTokenByHash(ctx context.Context, hash []byte) (credential.AccessToken, credential.Token, provision.Connection, error) {
	var row accessTokenRow
	read := s.read(ctx).InnerJoins("Token").InnerJoins("Token.Connection")
	if err := read.Where("access_tokens.hash = ?", hash).Take(&row).Error; err != nil {
		return credential.AccessToken{}, credential.Token{}, provision.Connection{}, translate(err, "token")
	}
	connection, err := s.keys.connection(*row.Token.Connection)
	if err != nil {
		return credential.AccessToken{}, credential.Token{}, provision.Connection{}, err
	}
	token, err := row.Token.token()
	return row.accessToken(), token, connection, err
}

// InsertAccessToken implements [credential.Store].
func (s *Store) InsertAccessToken(ctx context.Context, t credential.AccessToken) error {
	row := accessTokenRow{Hash: t.Hash, TokenID: string(t.Token), ReadOnly: t.ReadOnly, CreatedAt: fromTime(t.CreatedAt), ExpiresAt: fromTime(t.ExpiresAt)}
	return translate(s.write(ctx).Create(&row).Error, "token")
}

// SweepAccessTokens implements [credential.Store].
func (s *Store) SweepAccessTokens(ctx context.Context, now time.Time) error {
	return s.write(ctx).Where("expires_at <= ?", fromTime(now)).Delete(&accessTokenRow{}).Error
}
