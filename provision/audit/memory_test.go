//go:build !race

// Without the race detector, which takes memory of its own: what is measured is
// what the program takes. test/run.sh runs it.

package audit_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestManyEntriesTakeLittleMemory seals, verifies and reads 100,000 entries.
func TestManyEntriesTakeLittleMemory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const n = 100_000
		log := logOf(t, s, n)
		used := heap(func() {
			if sealed, err := log.Seal(t.Context()); err != nil || sealed != n {
				t.Errorf("sealed %d, %v", sealed, err)
			}
			if report, err := log.Verify(t.Context(), audit.Head{}); err != nil || report.Sealed != n || report.Block != n/1000 {
				t.Errorf("report %+v, %v", report, err)
			}
			read := 0
			_, err := log.Export(t.Context(), func(provision.Entry) error { read++; return nil }, func(audit.Block) error { read++; return nil })
			if err != nil || read != n+n/1000 {
				t.Errorf("read %d, %v", read, err)
			}
		})
		if used > 60 { // all of them take 100 MB and more
			t.Errorf("it took %.0f MB", used)
		}
	})
}
