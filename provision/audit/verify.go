package audit

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	// sealedWithin is how old an entry may be that is not sealed: a server seals
	// once a second.
	sealedWithin = time.Minute
	// clockSlack is how far the clock of an entry and that of its block may differ.
	clockSlack = 15 * time.Minute
	// vainIDs is how many ids at the end may have no entry, where the database
	// gives some in vain: changes that failed just now, or when a server died.
	vainIDs = 100
	// recentBlocks is how many blocks a [Service.Check] recomputes.
	recentBlocks = 10
	// maxProblems is how many problems a report names.
	maxProblems = 20
)

// Report is the result of [Service.Verify].
type Report struct {
	Entries  int      `json:"entries"`            // all
	Sealed   int      `json:"sealed"`             // in the chain
	Unsealed int      `json:"unsealed"`           // written within the last moments, not in the chain yet
	Block    int64    `json:"block"`              // number of the last block
	Head     string   `json:"head"`               // hash of the last block, hex; keep both elsewhere to prove that nothing was cut off
	Problems []string `json:"problems,omitempty"` // what is not as it was written; the first of many
}

// Last returns the head as it is kept elsewhere, "" while nothing is sealed.
func (r Report) Last() string {
	if r.Head == "" {
		return ""
	}
	return fmt.Sprintf("%d:%s", r.Block, r.Head)
}

// Verify recomputes the chain from its beginning and looks at what the database
// tells of its end. An entry that was changed, removed or put in, a block that
// was removed, or a guard that is missing is an Invalid error, and a problem of
// the report, which is returned too.
//
// since, unless zero, is a head that was kept elsewhere: the log must still have
// it. What a report has told of blocks up to it, that they are missing or of odd
// dates, is not told again; what does not fit the hashes always is.
func (s *Service) Verify(ctx context.Context, since Head) (Report, error) {
	v := verifier{store: s.store, since: since, from: math.MinInt64}
	tail, err := s.store.Tail(ctx, false)
	if err != nil {
		return v.report, err
	}
	for _, step := range []func(context.Context, Tail) error{v.sealedLines, v.blocks, v.kept, v.guards} {
		if err := step(ctx, tail); err != nil {
			return v.report, err
		}
	}
	if tail, err = s.store.Tail(ctx, true); err != nil { // others have written, and sealed
		return v.report, err
	}
	if err := v.end(ctx, tail, s.now()); err != nil {
		return v.report, err
	}
	v.total(tail)
	return v.result()
}

// Check is the part of [Service.Verify] that takes moments: the guards, the end
// of the log and its last blocks. A server does it when it starts and every
// hour.
func (s *Service) Check(ctx context.Context) (Report, error) {
	v := verifier{store: s.store, from: math.MinInt64}
	tail, err := s.store.Tail(ctx, true)
	if err != nil {
		return v.report, err
	}
	if first := tail.Block.Number - recentBlocks; first > tail.Seal {
		before, err := s.store.Blocks(ctx, first-1, 1)
		if err != nil {
			return v.report, err
		}
		if len(before) == 1 && before[0].Number == first {
			v.last, v.from = before[0], before[0].Last
			v.report.Block, v.hash = first, before[0].Hash
			v.begun = true
		}
	}
	v.partial = true
	if !v.begun {
		v.hash, v.report.Block = tail.SealHash, tail.Seal
		first, err := s.store.Blocks(ctx, tail.Seal, 1)
		if err != nil {
			return v.report, err
		}
		if len(first) == 1 {
			v.from = first[0].First - 1
		}
	}
	if err := v.blocks(ctx, tail); err != nil {
		return v.report, err
	}
	if err := v.guards(ctx, tail); err != nil {
		return v.report, err
	}
	if err := v.end(ctx, tail, s.now()); err != nil {
		return v.report, err
	}
	return v.result()
}

// verifier follows the chain.
type verifier struct {
	store   Store
	since   Head
	partial bool // only the last blocks are looked at
	report  Report

	hash     []byte // of the last link
	begun    bool   // a block was seen
	from     int64  // entries up to this id are not looked at
	last     Block
	room     []byte
	digests  []byte
	waiting  map[int64]waiting // entries that came late, until their block
	found    []byte            // the hash at since.Number
	accepted bool              // a hole before since was not told of
}

// waiting is an entry that came late.
type waiting struct {
	digest [32]byte
	at     time.Time
}

// problem notes what is not as it was written.
func (v *verifier) problem(format string, args ...any) {
	if len(v.report.Problems) < maxProblems {
		v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, args...))
	}
}

// past notes a problem that whoever kept a later head has seen already.
func (v *verifier) past(block int64, format string, args ...any) {
	if block <= v.since.Number {
		v.accepted = true
		return
	}
	v.problem(format, args...)
}

func (v *verifier) result() (Report, error) {
	if len(v.hash) > 0 {
		v.report.Head = fmt.Sprintf("%x", v.hash)
	}
	switch n := len(v.report.Problems); n {
	case 0:
		return v.report, nil
	case 1:
		return v.report, provision.Errorf(provision.Invalid, "audit", "%s", v.report.Problems[0])
	default:
		return v.report, provision.Errorf(provision.Invalid, "audit", "%s; and %d more", v.report.Problems[0], n-1)
	}
}

// sealedLines follows the seals that entries carry themselves, from a time
// before there were blocks.
func (v *verifier) sealedLines(ctx context.Context, tail Tail) error {
	for seal := int64(0); seal < tail.Seal; {
		lines, err := v.store.SealedLines(ctx, seal, sealBatch)
		if err != nil {
			return err
		}
		for i := range lines {
			l := &lines[i]
			if l.Seal != seal+1 {
				v.problem("seal %d is missing: an entry was removed", seal+1)
			} else if !bytes.Equal(l.Hash, l.sealHash(v.hash)) {
				v.problem("entry %d (seal %d) does not fit the chain: it, or one before it, was changed", l.ID, l.Seal)
			}
			seal, v.hash = l.Seal, l.Hash
			v.report.Sealed++
			if seal == v.since.Number {
				v.found = l.Hash
			}
		}
		if len(lines) == 0 {
			break
		}
	}
	v.report.Block = tail.Seal
	v.report.Entries = v.report.Sealed
	return nil
}

// blocks follows the blocks up to the last of tail, with their entries.
func (v *verifier) blocks(ctx context.Context, tail Tail) error {
	v.waiting = make(map[int64]waiting)
	lines := lineReader{store: v.store, after: v.from, upTo: tail.sealed()}
	for number := v.last.Number; number < tail.Block.Number; {
		blocks, err := v.store.Blocks(ctx, number, sealBatch)
		if err != nil {
			return err
		}
		if len(blocks) == 0 {
			break
		}
		for _, b := range blocks {
			if number = b.Number; number > tail.Block.Number {
				break
			}
			if err := v.block(ctx, b, &lines, tail.Contiguous); err != nil {
				return err
			}
		}
	}
	// What was sealed by blocks that are gone, or was put in.
	n, first := 0, int64(0)
	for {
		l, err := lines.next(ctx, lines.upTo)
		if err != nil {
			return err
		}
		if l == nil {
			break
		}
		if n++; n == 1 {
			first = l.ID
		}
	}
	v.report.Entries += n
	if n > 0 {
		v.problem("%d entries from id %d on were sealed, and belong to no block: blocks were removed", n, first)
	}
	return nil
}

// block verifies one block, with the entries of its ids.
func (v *verifier) block(ctx context.Context, b Block, lines *lineReader, contiguous bool) error {
	name := fmt.Sprintf("block %d (entries %d to %d, sealed %s)", b.Number, b.First, b.Last, b.At.Format(time.RFC3339))
	if want := v.report.Block + 1; b.Number != want {
		v.past(b.Number, "blocks %d to %d are missing: they were removed", want, b.Number-1)
	}
	if v.begun && b.First != v.last.Last+1 {
		v.past(b.Number, "the ids from %d to %d are in no block: blocks were removed", v.last.Last+1, b.First-1)
	}
	v.digests = v.digests[:0]
	early, late := b.At.Add(-clockSlack), b.At.Add(clockSlack)
	if v.last.At.Before(b.At) {
		early = v.last.At.Add(-clockSlack)
	}
	dated := func(id int64, at time.Time) {
		if at.After(late) || at.Before(early) && !v.last.At.IsZero() {
			v.past(b.Number, "entry %d says %s, and was sealed in %s: it was put in, or the clock of a server was wrong", id, at.Format(time.RFC3339), name)
		}
	}
	count := 0
	for _, r := range b.Late {
		for id := r.First; id <= r.Last; id++ {
			w, ok := v.waiting[id]
			switch {
			case ok:
				delete(v.waiting, id)
				v.digests = append(v.digests, w.digest[:]...)
				count++
			case v.partial: // it stands before what is looked at
				return v.skip(ctx, b, lines)
			default:
				v.problem("entry %d, which came late and is in %s, is missing or was put in", id, name)
			}
		}
	}
	for {
		l, err := lines.next(ctx, b.Last)
		if err != nil {
			return err
		}
		if l == nil {
			break
		}
		switch {
		case l.ID < b.First:
			v.past(b.Number, "entry %d is in no block: it was put in, or its block was removed", l.ID)
			v.report.Entries++
		case b.Missing.Has(l.ID):
			v.waiting[l.ID] = waiting{l.digest(&v.room), l.At}
		default:
			dated(l.ID, l.At)
			sum := l.digest(&v.room)
			v.digests = append(v.digests, sum[:]...)
			count++
		}
	}
	if ids := b.Last - b.First + 1; contiguous && int64(b.Entries) != ids {
		v.past(b.Number, "%s seals %d entries of %d ids: entries were removed before they were sealed", name, b.Entries, ids)
	}
	switch {
	case count != b.Entries:
		v.problem("%s has %d entries, and sealed %d: entries were removed or put in", name, count, b.Entries)
	case !bytes.Equal(b.Hash, b.hash(v.hash, v.digests)):
		v.problem("%s does not fit the chain: an entry of it was changed, or put in the place of another, or the block was changed", name)
	}
	for id := range v.waiting {
		if id <= b.Last && !b.Missing.Has(id) {
			delete(v.waiting, id)
			v.report.Entries++
			v.problem("entry %d was put in: nothing was to come under its id any more when %s was sealed", id, name)
		}
	}
	v.follow(b)
	v.report.Entries += count
	return nil
}

// skip passes over a block whose late entries stand before what is looked at.
func (v *verifier) skip(ctx context.Context, b Block, lines *lineReader) error {
	for {
		l, err := lines.next(ctx, b.Last)
		if err != nil {
			return err
		}
		if l == nil {
			v.follow(b)
			return nil
		}
		if b.Missing.Has(l.ID) {
			v.waiting[l.ID] = waiting{l.digest(&v.room), l.At}
		}
	}
}

// follow makes b the last link.
func (v *verifier) follow(b Block) {
	v.report.Sealed += b.Entries
	v.report.Block, v.hash, v.last, v.begun = b.Number, b.Hash, b, true
	if b.Number == v.since.Number {
		v.found = b.Hash
	}
}

// kept compares the log with the head that was kept elsewhere.
func (v *verifier) kept(context.Context, Tail) error {
	switch {
	case v.since.Number == 0:
	case v.found == nil:
		v.problem("the head %s that was kept is not in the log, which ends with %d: its end was cut off, or it is another log", v.since, v.report.Block)
	case !bytes.Equal(v.found, v.since.Hash):
		v.problem("the head that was kept is %s, and the log has %s there: it was written anew", v.since, Head{v.since.Number, v.found})
	}
	return nil
}

func (v *verifier) guards(ctx context.Context, _ Tail) error {
	missing, err := v.store.Unguarded(ctx)
	for _, name := range missing {
		v.problem("the database does not guard the log any more: the trigger %s is missing, off, or not ours", name)
	}
	return err
}

// end looks at what the database tells of the end of the log.
func (v *verifier) end(ctx context.Context, t Tail, now time.Time) error {
	v.report.Unsealed = t.Unsealed + len(v.waiting)
	v.report.Entries += v.report.Unsealed
	last := max(t.Seal, t.Block.Number)
	switch {
	case t.Counted == nil:
		v.problem("the count of what was sealed is gone from the database")
	case t.Counted.Block > last && t.Block.Number > 0:
		v.problem("%d blocks were counted, and the last is %d: blocks were removed from the end", t.Counted.Block, last)
	case t.Counted.Block > last:
		v.problem("%d blocks were counted, and there are none: the log was emptied, or blocks were removed", t.Counted.Block)
	case t.Counted.Block < last:
		v.problem("%d blocks were counted, and the last is %d: the count was changed", t.Counted.Block, last)
	case t.Block.Number > 0 && t.Counted.LastID != t.Block.Last:
		v.problem("entries were counted up to id %d, and the last block ends with %d: the count or the block was changed", t.Counted.LastID, t.Block.Last)
	}
	if t.Allotted < max(t.LastID, t.sealed()) {
		v.problem("the database gave ids up to %d, and the log had %d: the sequence was reset", t.Allotted, max(t.LastID, t.sealed()))
	}
	vain, err := v.vain(ctx, t)
	if vain > 0 {
		v.problem("the database gave ids up to %d, and %d of those after %d have no entry: the end of the log was cut off", t.Allotted, vain, t.sealed())
	}
	oldest := t.Oldest
	for _, w := range v.waiting {
		if oldest.IsZero() || w.at.Before(oldest) {
			oldest = w.at
		}
	}
	if v.report.Unsealed > 0 && oldest.Before(now.Add(-sealedWithin)) {
		v.problem("%d entries are not sealed, the oldest of %s: the server that wrote them ended within a second of it, or their blocks were removed, or they were put in", v.report.Unsealed, oldest.Format(time.RFC3339))
	}
	return err
}

// vain returns how many ids were given after the last block and have no entry,
// when these are more than there may be.
func (v *verifier) vain(ctx context.Context, t Tail) (int64, error) {
	vain := t.Allotted - t.sealed() - int64(t.Unsealed)
	switch {
	case t.Contiguous:
		return vain, nil
	case vain <= vainIDs:
		return 0, nil
	}
	_, open, err := v.store.Allotted(ctx) // waits for those that have taken ids
	if err != nil || open {
		return 0, err
	}
	t, err = v.store.Tail(ctx, true)
	if again := t.Allotted - t.sealed() - int64(t.Unsealed); err != nil || again <= vainIDs {
		return 0, err
	}
	return vain, nil
}

// total compares the number of sealed entries with the count.
func (v *verifier) total(t Tail) {
	if t.Counted == nil || v.accepted || t.Block.Number != v.report.Block {
		return // others have sealed meanwhile; blocks tell of themselves
	}
	if int64(v.report.Sealed) != t.Counted.Entries {
		v.problem("%d sealed entries were counted, and there are %d: blocks or entries were removed", t.Counted.Entries, v.report.Sealed)
	}
}

// lineReader reads lines by id, in batches.
type lineReader struct {
	store Store
	after int64
	upTo  int64
	lines []Line
	done  bool
}

// next returns the next line with an id of at most last; nil when there is none.
func (r *lineReader) next(ctx context.Context, last int64) (*Line, error) {
	if len(r.lines) == 0 && !r.done {
		lines, err := r.store.Lines(ctx, r.after, r.upTo, sealBatch)
		if err != nil {
			return nil, err
		}
		r.lines, r.done = lines, len(lines) < sealBatch
		if n := len(lines); n > 0 {
			r.after = lines[n-1].ID
		}
	}
	if len(r.lines) == 0 || r.lines[0].ID > last {
		return nil, nil //nolint:nilnil // there is none
	}
	l := &r.lines[0]
	r.lines = r.lines[1:]
	return l, nil
}
