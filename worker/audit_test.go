package worker_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/worker"
)

// auditLines is a log that keeps what is said of the audit log.
type auditLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *auditLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(p, []byte("audit log")) {
		l.b.Write(p)
	}
	return len(p), nil
}

func (l *auditLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestServersSayWhatIsWrongWithTheAuditLog: the head when all is well, one error
// when the log was cut off, though sealing goes on.
func TestServersSayWhatIsWrongWithTheAuditLog(t *testing.T) {
	each(t, nil, func(h *harness) {
		_, err := h.core.Audit.Seal(h.Context())
		h.must(err)
		report, err := h.core.Audit.Verify(h.Context(), audit.Head{})
		h.must(err)
		start := func() string {
			log := &auditLines{}
			w := worker.New(worker.Core{Audit: h.core.Audit, Entitlement: h.core.Entitlement, Reconcile: h.core.Reconcile, DeskHealth: h.core.DeskHealth, Settings: h.core.Settings}, h.open,
				slog.New(slog.NewTextHandler(log, nil)))
			runner, err := w.Start(h.Context(), h.store.RiverDriver(), worker.Options{Workers: 1})
			h.must(err)
			h.until("it has looked", func() bool { return log.String() != "" })
			time.Sleep(1500 * time.Millisecond) // seals again
			ctx, cancel := context.WithTimeout(h.Context(), 10*time.Second)
			defer cancel()
			h.must(runner.Stop(ctx))
			return log.String()
		}
		if said := start(); !strings.Contains(said, "head="+report.Last()) || strings.Contains(said, "level=ERROR") {
			h.Errorf("of a log that is whole it says\n%s", said)
		}
		drop := []string{`DROP TRIGGER audit_delete`, `DROP TRIGGER audit_blocks_delete`}
		if h.store.Dialect() == "postgres" {
			drop = []string{`DROP TRIGGER audit_rows ON audit`, `DROP TRIGGER audit_blocks_rows ON audit_blocks`}
		}
		for _, statement := range append(drop, `DELETE FROM audit`, `DELETE FROM audit_blocks`) {
			_, err := h.store.DB().ExecContext(h.Context(), statement)
			h.must(err)
		}
		said := start()
		if strings.Count(said, "level=ERROR") != 1 || !strings.Contains(said, "not as it was written") {
			h.Errorf("of a log that was emptied it says\n%s", said)
		}
	})
}
