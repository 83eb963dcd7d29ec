package audit_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// logOf returns the audit log of s, with n entries put in by the database.
func logOf(t testing.TB, s *store.Store, n int) *audit.Service {
	t.Helper()
	ctx := context.Background()
	numbers := `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)`
	if s.Dialect() == string(store.Postgres) {
		numbers = `WITH n (i) AS (SELECT * FROM generate_series(1, $1::bigint))`
	}
	insert := `INSERT INTO audit (at, connection_id, actor, operation, request, action, subject, desk_id, account_id, detail) ` +
		numbers + ` SELECT $2 + i, '01a1ffb4-0000-7000-8000-000000000001', 'worker', 'reconcile', '', 'account.confirmed',
		'01a1ffb4-0000-7000-8000-' || i % 50000, '01a1ffb4-0000-7000-8000-000000000002', '01a1ffb4-0000-7000-8000-' || (1000000 + i % 50000),
		'{"mailboxes":["Help","Billing"],"role":"agent","status":"active","teams":["Tier 1","Tier 2"]}' FROM n`
	if s.Dialect() == string(store.Postgres) {
		insert = strings.Replace(insert, "Tier 2\"]}'", "Tier 2\"]}'::json", 1)
	}
	if _, err := s.DB().ExecContext(ctx, insert, n, time.Now().UnixMicro()-int64(n)); err != nil {
		t.Fatal(err)
	}
	in := func(ctx context.Context, fn func(tx audit.Store) error) error {
		return s.InTx(ctx, func(tx *store.Store) error { return fn(tx) })
	}
	return audit.New(s, in, provision.NewClock(nil))
}

// heap returns the most memory that the heap takes while do runs, in MB.
func heap(do func()) float64 {
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // whatever GOGC says
	runtime.GC()
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	<-ended
	return float64(most.Load()) / (1 << 20)
}

// BenchmarkAuditVerify seals and verifies a million entries.
func BenchmarkAuditVerify(b *testing.B) {
	run := func(b *testing.B, s *store.Store) {
		const n = 1_000_000
		log := logOf(b, s, n)
		began := time.Now()
		if sealed, err := log.Seal(b.Context()); err != nil || sealed != n {
			b.Fatalf("sealed %d, %v", sealed, err)
		}
		sealing := time.Since(began)
		var used float64
		for b.Loop() {
			used = max(used, heap(func() {
				if report, err := log.Verify(b.Context(), audit.Head{}); err != nil || report.Sealed != n {
					b.Fatalf("report %+v, %v", report, err)
				}
			}))
		}
		b.ReportMetric(sealing.Seconds(), "s/seal")
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/verify")
		b.ReportMetric(used, "MB-heap")
	}
	b.Run("sqlite", func(b *testing.B) { run(b, storetest.SQLite(b)) })
	if servicetest.Wanted {
		b.Run("postgres", func(b *testing.B) { _, s := storetest.Postgres(b); run(b, s) })
	}
}
