package quietlog

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestTheQueueRepeatsItselfSeldom: what the queue says again and again is one
// line each ten seconds, whoever says it, and other messages are not kept back
// by it.
func TestTheQueueRepeatsItselfSeldom(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	h := New(slog.NewJSONHandler(&out, nil))
	h.said.now = func() time.Time { return now }
	log := slog.New(h)
	for range 400 { // 40 seconds
		log.With("queue", "a").Error("producer: Error fetching jobs", "err", errors.New("connection refused"))
		log.Info("of no interest")
		now = now.Add(100 * time.Millisecond)
	}
	log.Warn("another one")
	for i := range 20 { // each of another job
		log.Error("job errored", "job_kind", "reconcile", "error", fmt.Errorf("account %d: out of disk", i))
		log.Error("job errored", "job_kind", "reconcile", "error", fmt.Errorf("account %d: no such column", i))
		log.Error("job errored", "job_kind", "evaluate", "error", fmt.Errorf("connection %d: no such column", i))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 8 {
		t.Fatalf("%d lines, want 4, another one, and the three errors of jobs:\n%s", len(lines), out.String())
	}
	if !strings.Contains(lines[1], `"repeated":99`) || strings.Contains(lines[0], "repeated") || !strings.Contains(lines[4], "another one") {
		t.Errorf("got\n%s", out.String())
	}
}
