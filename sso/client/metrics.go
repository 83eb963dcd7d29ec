package client

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/provision"
)

// Documents of identity providers, as metrics call them.
const (
	documentMetadata  = "metadata"
	documentDiscovery = "discovery"
	documentJWKS      = "jwks"
)

func newFetchErrors() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "deskbridge_sign_in_fetch_errors_total", Help: "Failed requests for what identity providers publish: metadata, discovery, jwks.",
	}, []string{"connection", "document"})
}

// Collectors returns the metrics of identity providers.
func (cs *Clients) Collectors() []prometheus.Collector {
	return []prometheus.Collector{cs.fetchErrors, times{cs}}
}

func (cs *Clients) fetchFailed(conn provision.Connection, document string) {
	cs.fetchErrors.WithLabelValues(conn.Name, document).Inc()
}

// times reports how old what identity providers publish is, and when what
// sign-in needs runs out, read when asked. No identity provider is asked.
type times struct{ clients *Clients }

// collectTime is how long the database may take for it.
const collectTime = 2 * time.Second

var (
	fetchedDesc = prometheus.NewDesc("deskbridge_sign_in_fetched_timestamp_seconds",
		"When what is in use of an identity provider was fetched: metadata, discovery, jwks.", []string{"connection", "document"}, nil)
	endsDesc = prometheus.NewDesc("deskbridge_sign_in_expires_timestamp_seconds",
		"When something that sign-in needs runs out: idp_certificate, own_certificate, metadata, client_secret.", []string{"connection", "what"}, nil)
)

// Describe is part of [prometheus.Collector].
func (times) Describe(ch chan<- *prometheus.Desc) { ch <- fetchedDesc; ch <- endsDesc }

// Collect is part of [prometheus.Collector].
func (t times) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTime)
	defer cancel()
	connections, err := t.clients.core.Settings.Connections(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(fetchedDesc, err)
		return
	}
	send := func(desc *prometheus.Desc, at time.Time, labels ...string) {
		if !at.IsZero() {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(at.Unix()), labels...)
		}
	}
	ours := false // one certificate for all connections
	for _, conn := range connections {
		for document, at := range t.clients.fetched(ctx, conn) {
			send(fetchedDesc, at, conn.Name, document)
		}
		for _, e := range t.clients.expirations(ctx, conn) {
			switch {
			case e.conn != "":
				send(endsDesc, e.at, conn.Name, e.what)
			case !ours:
				ours = true
				send(endsDesc, e.at, "", e.what)
			}
		}
	}
}

// fetched returns when what is in use of a connection's identity provider was
// fetched; zero for what has not been yet.
func (cs *Clients) fetched(ctx context.Context, conn provision.Connection) map[string]time.Time {
	out := make(map[string]time.Time)
	if options := conn.SignIn.SAML; options.Readable() == nil && options.MetadataURL != "" {
		if kept, err := cs.core.Settings.Metadata(ctx, conn.ID); err == nil && len(kept.Body) > 0 {
			out[documentMetadata] = kept.FetchedAt
		}
	}
	if rp := cs.lastDiscovered(conn.ID); rp != nil && conn.SignIn.OIDC != nil {
		now := cs.site.Now()
		out[documentDiscovery] = now.Add(-rp.Age(now))
		out[documentJWKS], _ = rp.KeysFetched()
	}
	return out
}
