package audit

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	// sealBatch is how many entries a block seals at most.
	sealBatch = 1000
	// maxMissing is how many ranges of ids may be awaited: beyond it sealing
	// stands still until the transactions that hold them have ended.
	maxMissing = 10_000
)

// Seal seals the entries that were written since the last time, in blocks. It
// returns how many there were.
//
// Sealing is a step of its own, because a chain that every request had to
// extend would let only one request commit at a time. What commits after
// entries with higher ids is sealed late, in a later block; of ids that nobody
// can take any more an entry is refused by [Service.Verify].
func (s *Service) Seal(ctx context.Context) (sealed int, _ error) {
	for {
		var n int
		var more bool
		err := s.inTx(ctx, func(tx Store) (err error) {
			n, more, err = s.sealBlock(ctx, tx)
			return err
		})
		if err != nil {
			return sealed, err
		}
		sealed += n
		if !more {
			return sealed, nil
		}
	}
}

// SealOwn seals if this process has recorded anything: for commands, which end
// before anybody else would.
func (s *Service) SealOwn(ctx context.Context) error {
	if !s.recorded.Load() {
		return nil
	}
	_, err := s.Seal(ctx)
	return err
}

// sealBlock seals one block; more reports whether there may be another.
func (s *Service) sealBlock(ctx context.Context, tx Store) (sealed int, more bool, _ error) {
	if err := tx.LockSealing(ctx); err != nil {
		return 0, false, err
	}
	allotted, open, err := tx.Allotted(ctx)
	if err != nil {
		return 0, false, err
	}
	tail, err := tx.Tail(ctx, false)
	if err != nil {
		return 0, false, err
	}
	late, err := lateLines(ctx, tx, tail.Block.Missing)
	if err != nil {
		return 0, false, err
	}
	b := Block{Number: nextNumber(tail), First: tail.sealed() + 1, Last: max(allotted, tail.sealed())}
	lines, err := tx.Lines(ctx, b.First-1, b.Last, sealBatch)
	if err != nil {
		return 0, false, err
	}
	if len(lines) == sealBatch || open {
		b.Last = b.First - 1
		if len(lines) > 0 {
			b.Last = lines[len(lines)-1].ID
		}
	}
	b.Entries = len(late) + len(lines)
	settled := !open && len(late) < sealBatch
	if b.Entries == 0 && b.Last < b.First && (open || len(tail.Block.Missing) == 0) {
		return 0, false, nil
	}
	b.Missing = tail.Block.Missing.without(idsOf(late))
	if settled {
		b.Missing = nil
	}
	if open {
		for _, r := range gaps(b.First, b.Last, lines) {
			b.Missing = b.Missing.add(r.First, r.Last)
		}
	}
	if len(b.Missing) > maxMissing {
		return 0, false, provision.Errorf(provision.Stale, "", "the audit log is not sealed: a transaction has been open for long that may still write to it")
	}
	for _, l := range late {
		b.Late = b.Late.add(l.ID, l.ID)
	}
	b.At = s.now()
	b.Hash = b.hash(tail.head().Hash, digests(late, lines))
	return b.Entries, len(lines) == sealBatch || len(late) == sealBatch, tx.AddBlock(ctx, b)
}

// nextNumber returns the number of the next block. One that was taken is not
// given again: a block that was removed stays missing.
func nextNumber(t Tail) int64 {
	last := max(t.Seal, t.Block.Number)
	if t.Counted != nil {
		last = max(last, t.Counted.Block)
	}
	return last + 1
}

// lateLines returns the entries that have come of those that were missing.
func lateLines(ctx context.Context, tx Store, missing IDs) (late []Line, _ error) {
	for _, r := range missing {
		lines, err := tx.Lines(ctx, r.First-1, r.Last, sealBatch-len(late))
		if err != nil {
			return nil, err
		}
		if late = append(late, lines...); len(late) == sealBatch {
			break
		}
	}
	return late, nil
}

func idsOf(lines []Line) []int64 {
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	return ids
}

// digests returns the digests of lines, one after the other.
func digests(groups ...[]Line) []byte {
	var out, room []byte
	for _, lines := range groups {
		for i := range lines {
			sum := lines[i].digest(&room)
			out = append(out, sum[:]...)
		}
	}
	return out
}
