package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// standing reports what `status` says of connections, desks and rules as a
// whole, and when each identity provider was last heard of, read when asked.
type standing struct{ sys *System }

var (
	findingsDesc = prometheus.NewDesc("deskbridge_findings",
		"What somebody has to see to, 1 each, by code, connection and desk; none while nothing needs attention.", []string{"code", "connection", "desk"}, nil)
	lastRequestDesc = prometheus.NewDesc("deskbridge_connection_last_request_timestamp_seconds",
		"When a connection was last used with any of its tokens, to the minute; absent for one that never was.", []string{"connection"}, nil)
	usableTokensDesc = prometheus.NewDesc("deskbridge_connection_usable_tokens", "How many tokens of a connection are accepted now.", []string{"connection"}, nil)
)

// Describe is part of [prometheus.Collector].
func (standing) Describe(ch chan<- *prometheus.Desc) {
	ch <- findingsDesc
	ch <- lastRequestDesc
	ch <- usableTokensDesc
}

// Collect is part of [prometheus.Collector].
func (s standing) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ReadyTimeout)
	defer cancel()
	o, err := s.sys.Core.Plan.Glance(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(findingsDesc, err)
		return
	}
	type labels struct{ code, connection, desk string }
	found := make(map[labels]float64)
	for _, f := range o.Findings {
		found[labels{string(f.Code), f.Connection, f.Desk}]++
	}
	for l, n := range found {
		ch <- prometheus.MustNewConstMetric(findingsDesc, prometheus.GaugeValue, n, l.code, l.connection, l.desk)
	}
	for _, c := range o.Connections {
		ch <- prometheus.MustNewConstMetric(usableTokensDesc, prometheus.GaugeValue, float64(c.UsableTokens(o.At)), c.Connection.Name)
		if c.LastUsedAt != nil && c.Connection.JWT == nil {
			ch <- prometheus.MustNewConstMetric(lastRequestDesc, prometheus.GaugeValue, float64(c.LastUsedAt.Unix()), c.Connection.Name)
		}
	}
}
