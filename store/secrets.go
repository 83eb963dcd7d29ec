package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrSecrets says that secrets in the database were sealed with a key that is
// not configured.
var ErrSecrets = errors.New("store: secrets in the database were sealed with another key")

// sealedColumns are where sealed secrets lie that stay; see [keyring].
const sealedColumns = `
	SELECT sign_in AS sealed FROM connections
	UNION ALL SELECT secret FROM desks
	UNION ALL SELECT sign_in FROM desks
	UNION ALL SELECT private FROM keys
	UNION ALL SELECT secret FROM owners
	UNION ALL SELECT address FROM alarm_targets
	UNION ALL SELECT secret FROM alarm_targets
	UNION ALL SELECT token FROM sign_in_grants`

// CheckSecrets returns [ErrSecrets] unless every secret in the database was
// sealed with one of the configured keys.
func (s *Store) CheckSecrets(ctx context.Context) error {
	return s.each(ctx, `SELECT DISTINCT substr(sealed, 1, 12) FROM (`+sealedColumns+`) AS secrets WHERE sealed <> ''`, nil, func(row scanner) error {
		var head string // version and key, as keyring writes them
		if err := row.Scan(&head); err != nil {
			return err
		}
		id := strings.Trim(strings.TrimPrefix(head, sealVersion), ".")
		if _, ok := s.keys.keys[id]; !ok {
			return fmt.Errorf("%w: %s; set DESKBRIDGE_SECRET_KEY to the key that this database was used with, a new one before it, with a comma between them", ErrSecrets, id)
		}
		return nil
	})
}
