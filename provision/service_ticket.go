package provision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// NewSecret returns 256 random bits in a form for cookies and URLs.
func NewSecret() string {
	var raw [32]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// IssueTicket keeps data for one use within life, and returns the secret that
// takes it.
func (s *Service) IssueTicket(ctx context.Context, kind TicketKind, conn ConnectionID, data any, life time.Duration) (string, error) {
	secret := NewSecret()
	return secret, s.KeepTicket(ctx, kind, conn, secret, data, life)
}

// KeepTicket is IssueTicket for a secret of [NewSecret] that is known before
// data is.
func (s *Service) KeepTicket(ctx context.Context, kind TicketKind, conn ConnectionID, secret string, data any, life time.Duration) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(secret))
	return s.store.SaveTicket(ctx, Ticket{Hash: hash[:], Kind: kind, Connection: conn, Data: text, ExpiresAt: s.now().Add(life)})
}

// PeekTicket reads a ticket into data, and leaves it. One that never was, was
// taken or has expired is NotFound.
func (s *Service) PeekTicket(ctx context.Context, kind TicketKind, conn ConnectionID, secret string, data any) error {
	hash := sha256.Sum256([]byte(secret))
	t, err := s.store.Ticket(ctx, kind, hash[:])
	return s.readTicket(t, err, conn, data)
}

// TakeTicket is PeekTicket, and of several who try only one succeeds.
func (s *Service) TakeTicket(ctx context.Context, kind TicketKind, conn ConnectionID, secret string, data any) error {
	hash := sha256.Sum256([]byte(secret))
	t, err := s.store.TakeTicket(ctx, kind, hash[:])
	return s.readTicket(t, err, conn, data)
}

func (s *Service) readTicket(t Ticket, err error, conn ConnectionID, data any) error {
	if err != nil {
		return err
	}
	if t.Connection != conn || !s.now().Before(t.ExpiresAt) {
		return Errorf(NotFound, "", "no such ticket")
	}
	return json.Unmarshal(t.Data, data)
}

// Remember notes that key was seen, for every replica, until it expires. It
// reports whether this is the first time.
func (s *Service) Remember(ctx context.Context, conn ConnectionID, key string, expires time.Time) (first bool, err error) {
	return s.store.Remember(ctx, memory(conn, key), expires)
}

// memory is how something that was seen is kept: of no use to whoever reads it.
func memory(conn ConnectionID, key string) string {
	hash := sha256.Sum256([]byte(string(conn) + "\x00" + key))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}
