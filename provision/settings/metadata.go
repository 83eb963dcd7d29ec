package settings

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Metadata is what an identity provider publishes about itself, as it was last
// fetched.
type Metadata struct {
	Connection provision.ConnectionID
	URL        string
	Body       []byte
	FetchedAt  time.Time // of Body
	TriedAt    time.Time // when it was last asked for
	Problem    string    // why the last try brought nothing new, for an admin; empty when it did

	// Waiting is a newer body that an admin has to look at first: it names
	// another entity, or none of the keys that were known.
	Waiting []byte
}

// Metadata returns what was last fetched for a connection: NotFound before the
// first time.
func (s *Service) Metadata(ctx context.Context, conn provision.ConnectionID) (Metadata, error) {
	return s.store.Metadata(ctx, conn)
}

// SaveMetadata keeps what was fetched. changes, when not empty, says for the
// audit log what is different from before.
func (s *Service) SaveMetadata(ctx context.Context, c provision.Cause, m Metadata, changes map[string]any) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.SaveMetadata(ctx, m); err != nil || len(changes) == 0 {
			return err
		}
		e := s.audit.Entry(c, m.Connection, audit.MetadataChanged, string(m.Connection))
		e.Detail = changes
		return s.audit.Record(ctx, tx, e)
	})
}
