package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// sealBatch is how many entries one transaction seals or one step verifies.
const sealBatch = 1000

// Seal links the entries that were written since the last time into the
// hash chain. It returns how many there were.
//
// Sealing is a step of its own, because a chain that every request had to
// extend would let only one request commit at a time.
func (s *Service) Seal(ctx context.Context) (sealed int, _ error) {
	for {
		n := 0
		err := s.inTx(ctx, func(tx Store) error {
			entries, err := tx.Unsealed(ctx, sealBatch)
			if err != nil {
				return err
			}
			if n = len(entries); n == 0 {
				return nil
			}
			last, err := tx.LastSealed(ctx)
			if err != nil && !provision.IsNotFound(err) {
				return err
			}
			for i := range entries {
				entries[i].Seal = last.Seal + 1
				entries[i].Hash = sealHash(last.Hash, entries[i])
				last = entries[i]
			}
			return tx.Seal(ctx, entries)
		})
		sealed += n
		if err != nil || n < sealBatch {
			return sealed, err
		}
	}
}

// sealHash returns SHA-256 over the previous hash and every field of e, each
// preceded by its length. docs/audit.md gives the form, so that others can
// verify an export.
func sealHash(previous []byte, e provision.Entry) []byte {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		detail = nil // map[string]any that came from JSON always marshals
	}
	h := sha256.New()
	for _, field := range [][]byte{
		previous,
		fmt.Appendf(nil, "%d", e.Seal),
		fmt.Appendf(nil, "%d", e.ID),
		[]byte(e.At.UTC().Format(time.RFC3339Nano)),
		[]byte(e.Connection), []byte(e.Cause.Actor), []byte(e.Cause.Action), []byte(e.Cause.Request),
		[]byte(e.Action), []byte(e.Subject), []byte(e.Desk), []byte(e.Account), detail,
	} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(field)))
		h.Write(size[:])
		h.Write(field)
	}
	return h.Sum(nil)
}
