package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// opened returns a System on an embedded database.
func opened(t *testing.T, environ ...string) *System {
	t.Helper()
	return openedIn(t, t.TempDir(), environ...)
}

// openedIn is opened in a directory.
func openedIn(t *testing.T, dir string, environ ...string) *System {
	t.Helper()
	storetest.Fill(t, dir)
	settings, err := config.Load("", append(environ, "DESKBRIDGE_DATA_DIR="+dir))
	if err != nil {
		t.Fatal(err)
	}
	sys, err := Open(t.Context(), settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sys.Close)
	return sys
}

// TestReadiness: /readyz says no when the server cannot do its work, though the
// database answers, and yes again when it can.
func TestReadiness(t *testing.T) {
	for _, tt := range []struct {
		name          string
		broken, whole string // statements
	}{
		{"the database takes no writes", `CREATE TRIGGER full BEFORE UPDATE ON heartbeat BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`, `DROP TRIGGER full`},
		{"secrets of another key", `INSERT INTO keys (id, use, private, certificate, active_at, created_at) VALUES ('k', 'x', 'v1.00000000.AAAA', x'00', 0, 0)`, `DELETE FROM keys WHERE id = 'k'`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sys := opened(t)
			ready := newReadiness(sys, func() error { return nil })
			status := func() int {
				ready.look(t.Context())
				if ready.err != nil {
					ready.wrote = time.Now().Add(-2 * lookLate) // it lasts
				}
				w := httptest.NewRecorder()
				ready.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
				return w.Code
			}
			for _, step := range []struct {
				statement string
				want      int
			}{{"SELECT 1", 200}, {tt.broken, 503}, {tt.whole, 200}} {
				if _, err := sys.Store.DB().ExecContext(t.Context(), step.statement); err != nil {
					t.Fatal(err)
				}
				if got := status(); got != step.want {
					t.Errorf("after %s: %d, want %d (%v)", step.statement, got, step.want, ready.err)
				}
			}
		})
	}
}

// TestReadinessOfWork: a server that does not get its work done is not ready.
func TestReadinessOfWork(t *testing.T) {
	ready := newReadiness(opened(t), func() error { return provision.Errorf(provision.Unavailable, "", "sealing is late") })
	if err := ready.check(t.Context()); !provision.IsUnavailable(err) {
		t.Errorf("a server that is late: %v", err)
	}
}

// TestFullDatabase: what does not fit is refused as something to try again, and
// reading goes on.
func TestFullDatabase(t *testing.T) {
	sys := opened(t)
	by := provision.Cause{Actor: "test", Action: "test"}
	conn, _, err := sys.Core.Settings.AddConnection(t.Context(), by, provision.Connection{Name: "acme", IdP: provision.IdPGeneric})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sys.Store.DB().ExecContext(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // SQLite takes what there is
		t.Fatal(err)
	}
	for i := range 2000 {
		who := provision.Identity{UserName: time.Duration(i).String() + "@example.test", Status: provision.StatusActive}
		if _, _, err = sys.Core.Directory.CreateIdentity(t.Context(), conn.ID, by, who); err != nil {
			break
		}
	}
	if !provision.IsUnavailable(err) {
		t.Errorf("a full database: %v; want it to be unavailable", err)
	}
	if _, err := sys.Core.Settings.Connection(t.Context(), "acme"); err != nil {
		t.Errorf("reading: %v", err)
	}
}

// TestOneServerADirectory: a second server on a data directory does not start.
func TestOneServerADirectory(t *testing.T) {
	first := opened(t, "DESKBRIDGE_LISTEN=127.0.0.1:0")
	unlock, err := first.Store.LockDirectory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	second, err := Open(t.Context(), first.Settings, first.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := second.Serve(t.Context(), nil); err == nil {
		t.Error("a second server runs")
	}
}

// TestMetricsListener: with a listener of their own, metrics are not told to
// everybody.
func TestMetricsListener(t *testing.T) {
	for _, own := range []bool{false, true} {
		var environ []string
		if own {
			environ = append(environ, "DESKBRIDGE_METRICS_LISTEN=127.0.0.1:0")
		}
		sys := opened(t, environ...)
		public, inside := sys.handlers(worker.New(WorkerCore(sys.Core), sys.Connector, sys.Log), newReadiness(sys, func() error { return nil }))
		status := func(h http.Handler, path string) int {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			return w.Code
		}
		want := map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200}
		for path, code := range want {
			if got := status(inside, path); got != code {
				t.Errorf("inside, %s: %d", path, got)
			}
			if own && path == "/metrics" {
				code = 404
			}
			if got := status(public, path); got != code {
				t.Errorf("outside, own listener %v, %s: %d, want %d", own, path, got, code)
			}
		}
		if got := status(inside, "/scim/acme/v2/Users"); got != 404 {
			t.Errorf("inside, SCIM: %d", got)
		}
	}
}
