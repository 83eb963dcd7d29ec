package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/worker"
)

const (
	// ReadyTimeout bounds the look at the database behind /readyz.
	ReadyTimeout = 2 * time.Second
	// lookEvery is how often a server looks whether it can work.
	lookEvery = 5 * time.Second
	// lookTime bounds such a look.
	lookTime = 15 * time.Second
	// lookLate is how old the last good one may be.
	lookLate = 30 * time.Second
	// clockOff is how far the system's clock may be from the database's before
	// the log says so. Nothing that is kept goes by it; a sign-in is judged by
	// it, within the tolerances of the protocols.
	clockOff = 2 * time.Second
)

var errNoWrite = errors.New("the database has taken no write")

// readiness is what a server knows of whether it can work: /readyz tells a load
// balancer. It is safe for concurrent use.
type readiness struct {
	sys   *System
	late  func() error // what the worker is late with; nil: nothing
	ahead prometheus.Gauge

	mu    sync.Mutex
	wrote time.Time // the last time the database took a write, and all secrets opened
	err   error     // why not since
	off   bool      // the clock is, and the log has said so
}

func newReadiness(sys *System, late func() error) *readiness {
	return &readiness{sys: sys, late: late, wrote: time.Now(), ahead: prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "deskbridge_clock_ahead_seconds", Help: "By how much the system's clock is ahead of the database's.",
	})}
}

// keep looks until ctx ends.
func (r *readiness) keep(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, lookTime)
		r.look(bounded)
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *readiness) look(ctx context.Context) {
	err := errors.Join(r.sys.Store.Heartbeat(ctx), r.sys.Store.CheckSecrets(ctx), r.lookAtClock(ctx))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = err; err == nil {
		r.wrote = time.Now()
	}
}

func (r *readiness) lookAtClock(ctx context.Context) error {
	ahead, err := r.sys.Clock.Sync(ctx)
	if err != nil {
		return err
	}
	r.ahead.Set(ahead.Seconds())
	r.mu.Lock()
	defer r.mu.Unlock()
	if off := ahead.Abs() > clockOff; off != r.off {
		r.off = off
		if off {
			r.sys.Log.ErrorContext(ctx, "the system's clock differs from the database's; set it, by NTP for instance: sign-ins are judged by it", "ahead", ahead)
		}
	}
	return nil
}

// check returns why the server is not ready; nil when it is.
func (r *readiness) check(ctx context.Context) error {
	if err := r.sys.Store.Ping(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(r.err, store.ErrSecrets):
		return r.err
	case time.Since(r.wrote) > lookLate && r.err != nil:
		return r.err
	case time.Since(r.wrote) > lookLate:
		return fmt.Errorf("%w for %s", errNoWrite, time.Since(r.wrote).Round(time.Second))
	}
	return r.late()
}

// whyNot says in a few words why a server is not ready: nothing that an error of
// the database may hold.
func whyNot(err error) string {
	switch {
	case errors.Is(err, store.ErrSecrets):
		return "the secret key does not open what is in the database"
	case errors.Is(err, errNoWrite):
		return err.Error()
	case errors.Is(err, worker.ErrUnsealed):
		return worker.ErrUnsealed.Error()
	}
	return "the database does not answer, or takes no writes"
}

// ServeHTTP answers GET /readyz.
func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), ReadyTimeout)
	defer cancel()
	if err := r.check(ctx); err != nil {
		r.sys.Log.WarnContext(ctx, "not ready", "err", err)
		w.Header().Set("Retry-After", "5")
		answer(w, http.StatusServiceUnavailable, "not ready: "+whyNot(err)+"; the log says more")
		return
	}
	answer(w, http.StatusOK, "ready")
}
