package audit

import (
	"bytes"
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
)

// Report is the result of [Service.Verify].
type Report struct {
	Entries  int    `json:"entries"`  // all
	Sealed   int    `json:"sealed"`   // in the chain
	Unsealed int    `json:"unsealed"` // written within the last moments, not in the chain yet
	Head     string `json:"head"`     // hash of the last sealed entry, hex; keep it elsewhere to prove that nothing was cut off
}

// Verify recomputes the hash chain. An entry that was changed, removed or
// put in is an Invalid error that names it.
func (s *Service) Verify(ctx context.Context) (Report, error) {
	last, err := s.store.LastSealed(ctx)
	if err != nil && !provision.IsNotFound(err) {
		return Report{}, err
	}
	var v verifier
	err = s.EachEntry(ctx, func(e provision.Entry) error {
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

// verifier sees entries in any order of seals: entries are sealed in
// commit order, which need not be the order of their ids.
type verifier struct {
	report  Report
	next    int64
	hash    []byte
	pending map[int64]provision.Entry // sealed ahead of next
}

func (v *verifier) add(e provision.Entry) error {
	v.report.Entries++
	if e.Seal == 0 {
		v.report.Unsealed++
		return nil
	}
	v.report.Sealed++
	if v.pending == nil {
		v.pending, v.next = make(map[int64]provision.Entry), 1
	}
	v.pending[e.Seal] = e
	for {
		next, ok := v.pending[v.next]
		if !ok {
			return nil
		}
		if !bytes.Equal(next.Hash, sealHash(v.hash, next)) {
			return provision.Errorf(provision.Invalid, "audit", "entry %d (seal %d) does not fit the chain: it, or one before it, was changed", next.ID, next.Seal)
		}
		delete(v.pending, v.next)
		v.hash = next.Hash
		v.next++
	}
}

func (v *verifier) finish() (Report, error) {
	v.report.Head = fmt.Sprintf("%x", v.hash)
	if len(v.pending) > 0 {
		return v.report, provision.Errorf(provision.Invalid, "audit", "seal %d is missing: an entry was removed", v.next)
	}
	return v.report, nil
}
