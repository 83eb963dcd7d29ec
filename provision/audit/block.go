package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Block seals entries: those from First to Last that were there, and Late ones.
// Nothing of it is changed once it is written. docs/audit.md gives the form of
// the hash.
type Block struct {
	Number      int64     // from 1, or after the last seal that entries carry themselves
	First, Last int64     // ids; a block of late entries only has Last before First
	Entries     int       // how many it seals, late ones included
	At          time.Time // when it was sealed
	Late        IDs       // below First, of transactions that committed late
	Missing     IDs       // up to Last, of transactions that were still open: only these may come late
	Hash        []byte
}

// Head names the last link of the chain; it covers the whole log up to it.
type Head struct {
	Number int64 // of a block, or the seal of an entry that carries its own
	Hash   []byte
}

// String returns NUMBER:HASH.
func (h Head) String() string { return fmt.Sprintf("%d:%x", h.Number, h.Hash) }

// ParseHead reads what [Head.String] wrote.
func ParseHead(text string) (Head, error) {
	number, sum, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	hash, broken := hex.DecodeString(sum)
	if err != nil || broken != nil || n < 1 || len(hash) != sha256.Size {
		return Head{}, provision.Errorf(provision.Invalid, "since", "%q is no head: one reads NUMBER:HASH, such as 213:7d4f… with 64 digits", text)
	}
	return Head{Number: n, Hash: hash}, nil
}

// field appends a field as it is hashed: its length in 8 bytes, and itself.
func field[T ~string | ~[]byte](to []byte, value T) []byte {
	return append(binary.BigEndian.AppendUint64(to, uint64(len(value))), value...)
}

func number(to []byte, n int64) []byte {
	var digits [20]byte
	return field(to, strconv.AppendInt(digits[:0], n, 10))
}

func moment(to []byte, at time.Time) []byte {
	var text [40]byte
	return field(to, at.UTC().AppendFormat(text[:0], time.RFC3339Nano))
}

// appendFields appends what is hashed of every entry.
func (l *Line) appendFields(to []byte) []byte {
	to = moment(number(to, l.ID), l.At)
	for _, text := range [...]string{l.Connection, l.Actor, l.Operation, l.Request, l.Action, l.Subject, l.Desk, l.Account, l.Detail} {
		to = field(to, text)
	}
	return to
}

// digest returns SHA-256 over the fields of an entry; room is for reuse.
func (l *Line) digest(room *[]byte) [sha256.Size]byte {
	*room = l.appendFields((*room)[:0])
	return sha256.Sum256(*room)
}

// sealHash returns the hash of an entry that carries a seal of its own: over the
// previous hash, the seal and its fields.
func (l *Line) sealHash(previous []byte) []byte {
	sum := sha256.Sum256(l.appendFields(number(field(nil, previous), l.Seal)))
	return sum[:]
}

// hash returns the hash of b over the previous one, what b says, and the digests
// of its entries, one after the other.
func (b Block) hash(previous, digests []byte) []byte {
	to := number(field(nil, previous), b.Number)
	to = number(number(number(to, b.First), b.Last), int64(b.Entries))
	to = field(field(moment(to, b.At), b.Late.String()), b.Missing.String())
	sum := sha256.Sum256(field(to, digests))
	return sum[:]
}
