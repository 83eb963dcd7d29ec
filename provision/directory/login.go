package directory

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// forgetLogins forgets the logins that hold no more, and ends the sessions that
// came of them: whoever comes with one of them next may be somebody else.
func (s *Service) forgetLogins(ctx context.Context, tx Store, c provision.Cause, e effects) error {
	if e.forgetsLogins {
		if err := tx.DeleteLogins(ctx, provision.LoginFilter{Identity: e.person.ID}); err != nil {
			return err
		}
		entry := s.audit.Entry(c, e.person.Connection, audit.LoginForgotten, string(e.person.ID))
		entry.Detail = map[string]any{"why": provision.EndedByTakeOver}
		return s.audit.Record(ctx, tx, entry)
	}
	if e.renamed == nil {
		return nil
	}
	logins, err := tx.LoginsOf(ctx, e.person.ID)
	if err != nil {
		return err
	}
	for _, l := range provision.LostLogins(e.renamed, &e.person, logins) {
		key := provision.LoginFilter{Connection: l.Connection, Protocol: l.Protocol, Issuer: l.Issuer, Subject: l.Subject}
		if err := tx.DeleteLogins(ctx, key); err != nil {
			return err
		}
		sessions := provision.SessionFilter{Identity: l.Identity, Connection: l.Connection, Protocol: l.Protocol, Issuer: l.Issuer, Subject: l.Subject}
		if err := s.sessions.EndIn(ctx, tx, c, sessions, provision.EndedByRename); err != nil {
			return err
		}
		entry := s.audit.Entry(c, l.Connection, audit.LoginForgotten, string(l.Identity))
		entry.Detail = map[string]any{"protocol": l.Protocol, "why": provision.EndedByRename}
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return err
		}
	}
	return nil
}
