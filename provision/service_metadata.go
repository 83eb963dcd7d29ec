package provision

import "context"

// Metadata returns what was last fetched for a connection: NotFound before the
// first time.
func (s *Service) Metadata(ctx context.Context, conn ConnectionID) (Metadata, error) {
	return s.store.Metadata(ctx, conn)
}

// SaveMetadata keeps what was fetched. changes, when not empty, says for the
// audit log what is different from before.
func (s *Service) SaveMetadata(ctx context.Context, c Cause, m Metadata, changes map[string]any) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.SaveMetadata(ctx, m); err != nil || len(changes) == 0 {
			return err
		}
		e := s.entry(c, m.Connection, "metadata.changed", string(m.Connection))
		e.Detail = changes
		return s.record(ctx, tx, e)
	})
}

// SetSignIn lets change edit how the people of a connection sign in. Switching
// it off ends every session of the connection.
func (s *Service) SetSignIn(ctx context.Context, c Cause, nameOrID string, change func(*SignIn) error) (conn Connection, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		found, err := tx.Connection(ctx, nameOrID)
		if err != nil {
			return err
		}
		if conn, err = tx.LockConnection(ctx, found.ID); err != nil {
			return err
		}
		before := conn.SignIn
		if err := change(&conn.SignIn); err != nil {
			return err
		}
		if conn.SignIn.equal(&before) {
			return nil
		}
		if err := conn.SignIn.Validate(); err != nil {
			return err
		}
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		if conn.SignIn.Disabled {
			if err := s.endSessions(ctx, tx, c, SessionFilter{Connection: conn.ID}, EndedByAdmin); err != nil {
				return err
			}
		}
		e := s.entry(c, conn.ID, "connection.changed", string(conn.ID))
		e.Detail = map[string]any{"fields": before.differences(&conn.SignIn)}
		return s.record(ctx, tx, e)
	})
	return conn, err
}
