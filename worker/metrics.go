package worker

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
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
	drifted  driftGauge
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
		drifted: driftGauge{core},
	}
}

func (m *metrics) ran(d provision.Desk, outcome string, took time.Duration) {
	m.runs.WithLabelValues(d.Name, outcome).Inc()
	m.duration.WithLabelValues(d.Name).Observe(took.Seconds())
}

func (m *metrics) step(d provision.Desk, kind reconcile.WriteKind) {
	m.steps.WithLabelValues(d.Name, string(kind)).Inc()
}

func (m *metrics) called(d provision.Desk, err error) {
	outcome := "ok"
	if err != nil {
		outcome = string(desk.KindOf(err))
	}
	m.calls.WithLabelValues(d.Name, outcome).Inc()
}

func (m *metrics) paused(d provision.Desk, is bool) {
	value := 0.0
	if is {
		value = 1
	}
	m.pauses.WithLabelValues(d.Name).Set(value)
}

// Collectors returns what the worker measures, for a registry.
func (w *Worker) Collectors() []prometheus.Collector {
	m := w.metrics
	return []prometheus.Collector{m.runs, m.steps, m.duration, m.calls, m.pauses, m.drift, m.sweeps, m.drifted}
}

// readTimeout bounds what is read when metrics are asked for.
const readTimeout = 2 * time.Second

// driftGauge reports how many accounts are known to differ, and how many leavers
// are known to be there still, read when asked.
type driftGauge struct{ core Core }

var residualDesc = prometheus.NewDesc("deskbridge_residual_access", "Accounts whose access is to end and whose user is still active on the desk, until a person does something.", []string{"desk"}, nil)

var driftedDesc = prometheus.NewDesc("deskbridge_drifted_accounts", "Accounts with a difference that was reported and not repaired.", []string{"desk"}, nil)

// Describe is part of [prometheus.Collector].
func (driftGauge) Describe(ch chan<- *prometheus.Desc) { ch <- driftedDesc; ch <- residualDesc }

// Collect is part of [prometheus.Collector].
func (g driftGauge) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	health, err := g.core.Reconcile.DeskHealth(ctx)
	if err == nil {
		var desks []provision.Desk
		if desks, err = g.core.Settings.Desks(ctx); err == nil {
			for _, d := range desks {
				ch <- prometheus.MustNewConstMetric(driftedDesc, prometheus.GaugeValue, float64(health[d.ID].Drifted), d.Name)
				ch <- prometheus.MustNewConstMetric(residualDesc, prometheus.GaugeValue, float64(health[d.ID].Residual), d.Name)
			}
		}
	}
	if err != nil {
		ch <- prometheus.NewInvalidMetric(driftedDesc, err)
	}
}
