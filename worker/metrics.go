package worker

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what is done by desk name; no label names a person.
type metrics struct {
	runs     *prometheus.CounterVec
	steps    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	calls    *prometheus.CounterVec
	pauses   *prometheus.GaugeVec
	drift    *prometheus.CounterVec
	sweeps   *prometheus.CounterVec
	health   healthGauges
}

func newMetrics(core Core) *metrics {
	return &metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_reconcile_runs_total", Help: "Runs to accounts on desks, by how they ended.",
		}, []string{"desk", "outcome"}),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_desk_writes_total", Help: "Writes that desks took, by kind.",
		}, []string{"desk", "step"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "deskbridge_reconcile_run_seconds", Help: "How long runs took.", Buckets: prometheus.ExponentialBuckets(0.005, 3, 9),
		}, []string{"desk"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_desk_calls_total", Help: "Calls to desks, by how they ended: ok, or the kind of error.",
		}, []string{"desk", "outcome"}),
		pauses: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deskbridge_desk_paused", Help: "1 from the moment when this process stops calling a desk until a call succeeds.",
		}, []string{"desk"}),
		drift: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_drift_total", Help: "Accounts that sweeps found changed by hand, by what was done: repair, report.",
		}, []string{"desk", "policy"}),
		sweeps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sweeps_total", Help: "Sweeps of desks, by how they ended: done, failed.",
		}, []string{"desk", "outcome"}),
		health: healthGauges{core},
	}
}

func (m *metrics) ran(d provision.Desk, outcome string, took time.Duration) {
	m.runs.WithLabelValues(d.Name, outcome).Inc()
	m.duration.WithLabelValues(d.Name).Observe(took.Seconds())
}

func (m *metrics) step(d provision.Desk, kind reconcile.WriteKind) {
	m.steps.WithLabelValues(d.Name, string(kind)).Inc()
}

// Called is part of [guard.Metrics].
func (m *metrics) Called(d provision.Desk, err error) {
	outcome := "ok"
	if err != nil {
		outcome = string(desk.KindOf(err))
	}
	m.calls.WithLabelValues(d.Name, outcome).Inc()
}

// Paused is part of [guard.Metrics].
func (m *metrics) Paused(d provision.Desk, is bool) {
	value := 0.0
	if is {
		value = 1
	}
	m.pauses.WithLabelValues(d.Name).Set(value)
}

// Collectors returns what the worker measures, for a registry.
func (w *Worker) Collectors() []prometheus.Collector {
	m := w.metrics
	return []prometheus.Collector{m.runs, m.steps, m.duration, m.calls, m.pauses, m.drift, m.sweeps, m.health}
}

// readTimeout bounds what is read when metrics are asked for.
const readTimeout = 2 * time.Second

// healthGauges report what is known of desks as a whole, read when asked.
type healthGauges struct{ core Core }

// healthGauge is one of them. of returns its value; false where there is none.
type healthGauge struct {
	desc *prometheus.Desc
	of   func(h deskhealth.Health) (float64, bool)
}

func gauge(name, help string, of func(h deskhealth.Health) (float64, bool)) healthGauge {
	return healthGauge{prometheus.NewDesc(name, help, []string{"desk"}, nil), of}
}

// Times are given as such and not as ages, which the reader's clock makes of them.
var gauges = []healthGauge{
	gauge("deskbridge_drifted_accounts", "Accounts with a difference that was reported and not repaired.",
		func(h deskhealth.Health) (float64, bool) { return float64(h.Drifted), true }),
	gauge("deskbridge_residual_access", "Accounts whose access is to end and whose user is still active on the desk, until a person does something.",
		func(h deskhealth.Health) (float64, bool) { return float64(h.Residual), true }),
	gauge("deskbridge_leavers", "Accounts whose access is to end and of which the desk has not confirmed it.",
		func(h deskhealth.Health) (float64, bool) { return float64(h.Leavers.Count), true }),
	gauge("deskbridge_oldest_leaver_timestamp_seconds", "When the first of those began to leave; absent when there is none.",
		func(h deskhealth.Health) (float64, bool) { return seconds(h.Leavers.Since), h.Leavers.Count > 0 }),
	gauge("deskbridge_waiting_runs", "Runs that may begin and wait for a worker.",
		func(h deskhealth.Health) (float64, bool) { return float64(h.Backlog.Runs), true }),
	gauge("deskbridge_oldest_waiting_run_timestamp_seconds", "Since when the first of those may begin; absent when there is none.",
		func(h deskhealth.Health) (float64, bool) { return seconds(h.Backlog.Since), h.Backlog.Runs > 0 }),
	gauge("deskbridge_hand_over_broken", "1 when the hand-over policy names nobody who can take over, as a run or a check found.",
		func(h deskhealth.Health) (float64, bool) {
			if h.HandOver != nil {
				return 1, true
			}
			return 0, true
		}),
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Describe is part of [prometheus.Collector].
func (healthGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range gauges {
		ch <- g.desc
	}
}

// Collect is part of [prometheus.Collector].
func (g healthGauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	health, err := g.core.DeskHealth.All(ctx)
	var desks []provision.Desk
	if err == nil {
		desks, err = g.core.Settings.Desks(ctx)
	}
	if err != nil {
		ch <- prometheus.NewInvalidMetric(gauges[0].desc, err)
		return
	}
	for _, gauge := range gauges {
		for _, d := range desks {
			if value, ok := gauge.of(health[d.ID]); ok {
				ch <- prometheus.MustNewConstMetric(gauge.desc, prometheus.GaugeValue, value, d.Name)
			}
		}
	}
}
