package signin

import (
	"context"
	"maps"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// RecordRefusal notes in the audit log that a sign-in was refused: why, and
// under which reference the person was told so. detail holds no tokens and no
// addresses.
func (s *Service) RecordRefusal(ctx context.Context, conn provision.ConnectionID, c provision.Cause, reason string, detail map[string]any) error {
	entry := s.audit.Entry(c, conn, audit.LoginRefused, c.Request)
	entry.Detail = maps.Clone(detail)
	if entry.Detail == nil {
		entry.Detail = map[string]any{}
	}
	entry.Detail["reason"] = reason
	return s.audit.Record(ctx, s.store, entry)
}

// Unlink forgets the logins of a person, and ends their sessions: the next
// sign-in finds them as a first one does.
func (s *Service) Unlink(ctx context.Context, c provision.Cause, person provision.Identity) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.DeleteLogins(ctx, provision.LoginFilter{Identity: person.ID}); err != nil {
			return err
		}
		if err := s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Identity: person.ID}, provision.EndedByAdmin); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.audit.Entry(c, person.Connection, audit.LoginUnlinked, string(person.ID)))
	})
}

// UnlinkAll is Unlink of everybody in a connection: for an identity provider
// that calls all of them anew. It is one audit entry, beside those of the
// sessions that end.
func (s *Service) UnlinkAll(ctx context.Context, c provision.Cause, conn provision.ConnectionID) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.DeleteLogins(ctx, provision.LoginFilter{Connection: conn}); err != nil {
			return err
		}
		if err := s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Connection: conn}, provision.EndedByAdmin); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.audit.Entry(c, conn, audit.LoginUnlinked, string(conn)))
	})
}
