package audit

import (
	"context"

	"github.com/deskbridge/deskbridge/internal/requestlog"
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
	s.recorded.Store(true)
	if line := requestlog.Of(ctx); line != nil {
		for _, e := range entries {
			line.Entry(string(e.Action) + " " + e.Subject + " " + string(e.Desk) + " " + string(e.Account))
		}
	}
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

// Find calls fn for every entry that f selects, by time and id.
func (s *Service) Find(ctx context.Context, f Filter, fn func(provision.Entry) error) error {
	var after Place
	for {
		entries, err := s.store.FindEntries(ctx, f, after, sealBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			if err := fn(e); err != nil {
				return err
			}
			after = Place{e.At, e.ID}
		}
	}
}

// Latest returns up to limit entries that f selects, before place, the newest
// first; the zero Place is the end of the log.
func (s *Service) Latest(ctx context.Context, f Filter, before Place, limit int) ([]provision.Entry, error) {
	return s.store.LatestEntries(ctx, f, before, limit)
}

// Export calls entry for every entry by id, and block for every block after the
// entries up to its last: all that a program needs to verify the log. It returns
// the head of what was exported.
func (s *Service) Export(ctx context.Context, entry func(provision.Entry) error, block func(Block) error) (Head, error) {
	tail, err := s.store.Tail(ctx, false)
	if err != nil {
		return Head{}, err
	}
	head, number := tail.head(), tail.Seal
	var blocks []Block
	upTo := func(id int64) error { // prints the blocks that end before id
		for {
			if len(blocks) == 0 && number < tail.Block.Number {
				if blocks, err = s.store.Blocks(ctx, number, sealBatch); err != nil {
					return err
				}
			}
			if len(blocks) == 0 || blocks[0].Last >= id || blocks[0].Number > tail.Block.Number {
				return nil
			}
			if err := block(blocks[0]); err != nil {
				return err
			}
			number, blocks = blocks[0].Number, blocks[1:]
		}
	}
	err = s.EachEntry(ctx, func(e provision.Entry) error {
		if err := upTo(e.ID); err != nil {
			return err
		}
		return entry(e)
	})
	if err != nil {
		return head, err
	}
	return head, upTo(1<<63 - 1)
}

// Head returns the last head; the zero Head while nothing is sealed.
func (s *Service) Head(ctx context.Context) (Head, error) {
	tail, err := s.store.Tail(ctx, false)
	return tail.head(), err
}

// Refusals returns why a sign-in was refused, by the reference on its page;
// none when there is no such reference.
func (s *Service) Refusals(ctx context.Context, reference string) ([]provision.Entry, error) {
	return s.store.Refusals(ctx, reference)
}
