package session

import (
	"context"
	"encoding/json"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// IssueOneTime keeps data for one use within life, and returns the secret that
// takes it.
func (s *Service) IssueOneTime(ctx context.Context, kind OneTimeKind, conn provision.ConnectionID, data any, life time.Duration) (string, error) {
	secret := provision.NewSecret()
	return secret, s.KeepOneTime(ctx, kind, conn, secret, data, life)
}

// KeepOneTime is IssueOneTime for a secret of [provision.NewSecret] that is known before
// data is.
func (s *Service) KeepOneTime(ctx context.Context, kind OneTimeKind, conn provision.ConnectionID, secret string, data any, life time.Duration) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return s.store.SaveOneTimeToken(ctx, OneTimeToken{Hash: provision.HashSecret(secret), Kind: kind, Connection: conn, Data: text, ExpiresAt: s.now().Add(life)})
}

// PeekOneTime reads a one-time token or a ticket of that kind into data, and leaves
// it. One that never was, was taken or has expired is NotFound.
func (s *Service) PeekOneTime(ctx context.Context, kind OneTimeKind, conn provision.ConnectionID, secret string, data any) error {
	if IsTicket(secret) {
		return s.OpenTicket(kind, conn, secret, data)
	}
	t, err := s.store.OneTimeToken(ctx, kind, provision.HashSecret(secret))
	return s.readOneTime(t, err, conn, data)
}

// PeekOneTimeUntil is PeekOneTime of a token, with when it expires.
func (s *Service) PeekOneTimeUntil(ctx context.Context, kind OneTimeKind, conn provision.ConnectionID, secret string, data any) (time.Time, error) {
	t, err := s.store.OneTimeToken(ctx, kind, provision.HashSecret(secret))
	return t.ExpiresAt, s.readOneTime(t, err, conn, data)
}

// TakeOneTime is PeekOneTime for a token, and of several who try only one succeeds.
func (s *Service) TakeOneTime(ctx context.Context, kind OneTimeKind, conn provision.ConnectionID, secret string, data any) error {
	t, err := s.store.TakeOneTimeToken(ctx, kind, provision.HashSecret(secret))
	return s.readOneTime(t, err, conn, data)
}

func (s *Service) readOneTime(t OneTimeToken, err error, conn provision.ConnectionID, data any) error {
	if err != nil {
		return err
	}
	if t.Connection != conn || !s.now().Before(t.ExpiresAt) {
		return provision.Errorf(provision.NotFound, "", "no such one-time token")
	}
	return json.Unmarshal(t.Data, data)
}

// Remember notes that key was seen, for every replica, until it expires. It
// reports whether this is the first time.
func (s *Service) Remember(ctx context.Context, conn provision.ConnectionID, key string, expires time.Time) (first bool, err error) {
	return s.store.Remember(ctx, ReplayKey(conn, key), expires)
}

// OneTimeKind says what a one-time token is good for.
type OneTimeKind string

// OneTimeToken is something that can be used once, and not for long: a sign-in that
// waits for its answer, an answer that waits for its browser, a code. Whoever
// shows the secret behind Hash may take it.
type OneTimeToken struct {
	Hash       []byte // SHA-256 of the secret
	Kind       OneTimeKind
	Connection provision.ConnectionID // may be empty
	Data       json.RawMessage        // the protocol edge's own; sealed by the store
	ExpiresAt  time.Time
}
