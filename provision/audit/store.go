package audit

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	Appender

	// LockSealing keeps other sealers out until the transaction ends.
	LockSealing(ctx context.Context) error
	// Allotted returns the highest id that was given to an entry, and whether a
	// transaction is still open, after a moment of waiting for it, that may hold
	// one up to it: an entry with a lower id than others may come later.
	Allotted(ctx context.Context) (id int64, open bool, err error)
	// Tail returns how the log ends, all of one moment; with unsealed also what of
	// it is not sealed, which is counted.
	Tail(ctx context.Context, unsealed bool) (Tail, error)
	// Lines returns up to limit entries without a seal of their own, with an id
	// above after and at most upTo, by id.
	Lines(ctx context.Context, after, upTo int64, limit int) ([]Line, error)
	// SealedLines returns up to limit entries that have a seal of their own, above
	// after, by seal.
	SealedLines(ctx context.Context, after int64, limit int) ([]Line, error)
	// Blocks returns up to limit blocks with a number above after, by number.
	Blocks(ctx context.Context, after int64, limit int) ([]Block, error)
	// AddBlock adds a block, and counts it.
	AddBlock(ctx context.Context, b Block) error
	// Unguarded returns which of the guards that refuse to change or delete what
	// is in the log are missing from the database, or are others than ours.
	Unguarded(ctx context.Context) ([]string, error)

	// Entries returns up to limit entries with an id above after, by id.
	Entries(ctx context.Context, after int64, limit int) ([]provision.Entry, error)
	// FindEntries returns up to limit entries that f selects, after place, by time
	// and id.
	FindEntries(ctx context.Context, f Filter, after Place, limit int) ([]provision.Entry, error)
	// LatestEntries returns up to limit entries that f selects, before place, the
	// last by time and id first; before the zero Place is every entry.
	LatestEntries(ctx context.Context, f Filter, before Place, limit int) ([]provision.Entry, error)
	// Refusals returns the entries of sign-ins that were refused under this
	// reference.
	Refusals(ctx context.Context, reference string) ([]provision.Entry, error)
}

// Tail is how the log ends, as the database has it.
type Tail struct {
	Counted    *Count    // what was counted while sealing; nil: the count is gone
	Block      Block     // the last; the zero Block when there is none
	Seal       int64     // the last of those that entries carry themselves; 0 when there is none
	SealHash   []byte    // its hash
	Allotted   int64     // the highest id that was given to an entry
	LastID     int64     // the highest that an entry has
	Unsealed   int       // entries above the last block; counted on demand
	Oldest     time.Time // of the unsealed
	Contiguous bool      // the database gives each id to an entry, and none in vain
}

// sealed returns up to which id entries are sealed.
func (t Tail) sealed() int64 {
	last := t.Block.Last
	if t.Counted != nil {
		last = max(last, t.Counted.LastID)
	}
	return last
}

// head returns the last head.
func (t Tail) head() Head {
	if t.Block.Number > 0 {
		return Head{Number: t.Block.Number, Hash: t.Block.Hash}
	}
	return Head{Number: t.Seal, Hash: t.SealHash}
}

// Count is how much was sealed; the database keeps it beside the blocks.
type Count struct {
	Block   int64 // number of the last block
	LastID  int64 // of its entries
	Entries int64 // in all
}

// Line is an entry as it is sealed: every field as text, the detail as it is
// stored.
type Line struct {
	ID         int64
	At         time.Time
	Connection string
	Actor      string
	Operation  string
	Request    string
	Action     string
	Subject    string
	Desk       string
	Account    string
	Detail     string // JSON

	Seal int64 // of its own; 0 where a block seals it
	Hash []byte
}

// Filter selects entries; what is empty selects all.
type Filter struct {
	Subject      string
	Request      string             // that caused them; only beside a short time: there is no index
	Actions      []provision.Action // any of them
	Since, Until time.Time          // Until itself is left out
}

// Empty reports whether f selects every entry.
func (f Filter) Empty() bool {
	return f.Subject == "" && f.Request == "" && len(f.Actions) == 0 && f.Since.IsZero() && f.Until.IsZero()
}

// Place is where one stands in a list by time and id.
type Place struct {
	At time.Time
	ID int64
}
