package sso

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	logins *prometheus.CounterVec
	ends   *prometheus.CounterVec
	owners *prometheus.CounterVec
}

func newMetrics() *metrics {
	return &metrics{
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sign_ins_total", Help: "Sign-ins by connection, protocol and result: ok, created, or why they were refused.",
		}, []string{"connection", "protocol", "result"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sessions_ended_total", Help: "Sessions that ended at somebody's word, by whose.",
		}, []string{"why"}),
		owners: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_break_glass_total", Help: "Tries of the break-glass sign-in by result: ok, refused. Any is worth an alarm.",
		}, []string{"result"}),
	}
}

// Collectors returns the metrics of signing in.
func (h *Handler) Collectors() []prometheus.Collector {
	return []prometheus.Collector{h.metrics.logins, h.metrics.ends, h.metrics.owners}
}

func (m *metrics) refused(f refusal) {
	if f.audit { // the others are no sign-ins
		m.logins.WithLabelValues(f.connection.Name, string(f.protocol), f.reason).Inc()
	}
}

func (m *metrics) signedIn(conn provision.Connection, p provision.Protocol, created bool) {
	result := "ok"
	if created {
		result = "created"
	}
	m.logins.WithLabelValues(conn.Name, string(p), result).Inc()
}

func (m *metrics) ended(why provision.SessionEnd, n int) {
	m.ends.WithLabelValues(string(why)).Add(float64(n))
}
