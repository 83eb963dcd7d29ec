package provision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

// sealBatch is how many entries one transaction seals or one step verifies.
const sealBatch = 1000

func (s *Service) entry(c Cause, conn ConnectionID, action, subject string) Entry {
	return Entry{At: s.now(), Connection: conn, Cause: c, Action: action, Subject: subject}
}

// appender is what the only writer of entries needs of a transaction.
type appender interface {
	Append(ctx context.Context, entries ...Entry) error
}

// record adds entries to the audit log, in the transaction of what they tell of.
func (s *Service) record(ctx context.Context, tx appender, entries ...Entry) error {
	return tx.Append(ctx, entries...)
}

// SealAudit links the entries that were written since the last time into the
// hash chain. It returns how many there were.
//
// Sealing is a step of its own, because a chain that every request had to
// extend would let only one request commit at a time.
func (s *Service) SealAudit(ctx context.Context) (sealed int, _ error) {
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
			if err != nil && !isNotFound(err) {
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
func sealHash(previous []byte, e Entry) []byte {
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

// AuditReport is the result of [Service.VerifyAudit].
type AuditReport struct {
	Entries  int    `json:"entries"`  // all
	Sealed   int    `json:"sealed"`   // in the chain
	Unsealed int    `json:"unsealed"` // written within the last moments, not in the chain yet
	Head     string `json:"head"`     // hash of the last sealed entry, hex; keep it elsewhere to prove that nothing was cut off
}

// VerifyAudit recomputes the hash chain. An entry that was changed, removed or
// put in is an Invalid error that names it.
func (s *Service) VerifyAudit(ctx context.Context) (AuditReport, error) {
	last, err := s.store.LastSealed(ctx)
	if err != nil && !isNotFound(err) {
		return AuditReport{}, err
	}
	var v auditVerifier
	err = s.EachEntry(ctx, func(e Entry) error {
		if e.Seal > last.Seal { // sealed while we read: not all of its kind need be visible
			e.Seal = 0
		}
		return v.add(e)
	})
	if err != nil {
		return v.report, err
	}
	return v.finish()
}

// auditVerifier sees entries in any order of seals: entries are sealed in
// commit order, which need not be the order of their ids.
type auditVerifier struct {
	report  AuditReport
	next    int64
	hash    []byte
	pending map[int64]Entry // sealed ahead of next
}

func (v *auditVerifier) add(e Entry) error {
	v.report.Entries++
	if e.Seal == 0 {
		v.report.Unsealed++
		return nil
	}
	v.report.Sealed++
	if v.pending == nil {
		v.pending, v.next = make(map[int64]Entry), 1
	}
	v.pending[e.Seal] = e
	for {
		next, ok := v.pending[v.next]
		if !ok {
			return nil
		}
		if !bytes.Equal(next.Hash, sealHash(v.hash, next)) {
			return Errorf(Invalid, "audit", "entry %d (seal %d) does not fit the chain: it, or one before it, was changed", next.ID, next.Seal)
		}
		delete(v.pending, v.next)
		v.hash = next.Hash
		v.next++
	}
}

func (v *auditVerifier) finish() (AuditReport, error) {
	v.report.Head = fmt.Sprintf("%x", v.hash)
	if len(v.pending) > 0 {
		return v.report, Errorf(Invalid, "audit", "seal %d is missing: an entry was removed", v.next)
	}
	return v.report, nil
}

// EachEntry calls fn for every entry of the audit log, by id.
func (s *Service) EachEntry(ctx context.Context, fn func(Entry) error) error {
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
