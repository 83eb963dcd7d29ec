package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// eachBatch is how many people EachIdentity reads at a time.
const eachBatch = 500

// Identities implements [provision.Identities].
func (s *Store) Identities(ctx context.Context, c provision.ConnectionID, q provision.Query) (provision.Page[provision.Identity], error) {
	return page(ctx, s, live(s.read(ctx), c), identityScope, c, q, identityRow.identity)
}

// FindPeople implements [provision.Identities].
func (s *Store) FindPeople(ctx context.Context, text string) ([]provision.Identity, error) {
	if checkText("", text) != nil {
		return nil, nil // nobody is called that
	}
	folded := provision.Fold(text)
	// A UNION, because PostgreSQL would read the whole table for an OR.
	return findIdentities(s.read(ctx).
		Where(`id IN (
			SELECT id FROM identities WHERE id = ?
			UNION SELECT id FROM identities WHERE user_name_folded = ?
			UNION SELECT id FROM identities WHERE external_id = ? AND external_id <> ''
			UNION SELECT identity_id FROM identity_emails WHERE value_folded = ?)`, text, folded, text, folded).
		Order("CASE WHEN status = 'removed' THEN 1 ELSE 0 END, id"))
}

// CountActive implements [provision.Identities].
func (s *Store) CountActive(ctx context.Context, c provision.ConnectionID) (int, error) {
	var n int64
	err := s.read(ctx).Model(&identityRow{}).Where("connection_id = ? AND status = 'active'", string(c)).Count(&n).Error
	return int(n), err
}

// EachIdentity implements [provision.Identities].
func (s *Store) EachIdentity(ctx context.Context, c provision.ConnectionID, fn func([]provision.Identity) error) error {
	last := provision.IdentityID("")
	for {
		batch, err := findIdentities(live(s.read(ctx), c).Where("id > ?", string(last)).Order("id").Limit(eachBatch))
		if err != nil || len(batch) == 0 {
			return err
		}
		if err := fn(batch); err != nil {
			return err
		}
		last = batch[len(batch)-1].ID
	}
}
