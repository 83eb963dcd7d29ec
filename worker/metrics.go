package worker

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts visits and steps by desk name; no label names a person.
type metrics struct {
	visits   *prometheus.CounterVec
	steps    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics() *metrics {
	return &metrics{
		visits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_visits_total", Help: "Visits to accounts on desks, by how they ended.",
		}, []string{"desk", "outcome"}),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_desk_writes_total", Help: "Writes that desks took, by kind.",
		}, []string{"desk", "step"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "deskbridge_visit_seconds", Help: "How long visits took.", Buckets: prometheus.ExponentialBuckets(0.005, 3, 9),
		}, []string{"desk"}),
	}
}

func (m *metrics) visited(d provision.Desk, outcome string, took time.Duration) {
	m.visits.WithLabelValues(d.Name, outcome).Inc()
	m.duration.WithLabelValues(d.Name).Observe(took.Seconds())
}

func (m *metrics) step(d provision.Desk, kind provision.StepKind) {
	m.steps.WithLabelValues(d.Name, string(kind)).Inc()
}

// Collectors returns what the worker measures, for a registry.
func (w *Worker) Collectors() []prometheus.Collector {
	return []prometheus.Collector{w.metrics.visits, w.metrics.steps, w.metrics.duration}
}
