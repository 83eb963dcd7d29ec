package sso

import "github.com/prometheus/client_golang/prometheus"

func newTries() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "deskbridge_break_glass_total", Help: "Tries of the break-glass sign-in by result: ok, refused. Any is worth an alarm.",
	}, []string{"result"})
}

// Collectors returns the metrics of signing in.
func (h *Handler) Collectors() []prometheus.Collector {
	return append(append(h.site.Collectors(), h.clients.Collectors()...), h.tries)
}
