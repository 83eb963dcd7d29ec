package audit

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Entry returns an entry of this moment: action is what happened, and subject
// the id of what it happened to.
func (s *Service) Entry(c provision.Cause, conn provision.ConnectionID, action provision.Action, subject string) provision.Entry {
	return provision.Entry{At: s.now(), Connection: conn, Cause: c, Action: action, Subject: subject}
}

// Appender is what the only writer of entries needs of a transaction.
type Appender interface {
	Append(ctx context.Context, entries ...provision.Entry) error
}

// Record adds entries to the audit log, in the transaction of what they tell of.
func (s *Service) Record(ctx context.Context, tx Appender, entries ...provision.Entry) error {
	return tx.Append(ctx, entries...)
}

// EachEntry calls fn for every entry of the audit log, by id.
func (s *Service) EachEntry(ctx context.Context, fn func(provision.Entry) error) error {
	var after int64
	for {
		entries, err := s.store.Entries(ctx, after, sealBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			if err := fn(e); err != nil {
				return err
			}
			after = e.ID
		}
	}
}

// Refusals returns why a sign-in was refused, by the reference on its page;
// none when there is no such reference.
func (s *Service) Refusals(ctx context.Context, reference string) ([]provision.Entry, error) {
	return s.store.Refusals(ctx, reference)
}
