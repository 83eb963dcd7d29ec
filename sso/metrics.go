package sso

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

type metrics struct {
	logins  *prometheus.CounterVec
	refusal *prometheus.CounterVec
	ends    *prometheus.CounterVec
	owners  *prometheus.CounterVec
	fetches *prometheus.CounterVec
}

// Documents of identity providers, as metrics call them.
const (
	documentMetadata  = "metadata"
	documentDiscovery = "discovery"
	documentJWKS      = "jwks"
)

func newMetrics() *metrics {
	return &metrics{
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sign_ins_total", Help: "Sign-ins by connection, protocol and result: ok, created, or why they were refused.",
		}, []string{"connection", "protocol", "result"}),
		refusal: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sign_ins_refused_total", Help: "Refused sign-ins by connection, protocol and class of the reason: account, message, again, provider, setup, rate.",
		}, []string{"connection", "protocol", "class"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sessions_ended_total", Help: "Sessions that ended at somebody's word, by whose.",
		}, []string{"why"}),
		owners: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_break_glass_total", Help: "Tries of the break-glass sign-in by result: ok, refused. Any is worth an alarm.",
		}, []string{"result"}),
		fetches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sign_in_fetch_errors_total", Help: "Failed requests for what identity providers publish: metadata, discovery, jwks.",
		}, []string{"connection", "document"}),
	}
}

// Collectors returns the metrics of signing in.
func (h *Handler) Collectors() []prometheus.Collector {
	m := h.metrics
	return []prometheus.Collector{m.logins, m.refusal, m.ends, m.owners, m.fetches, times{h}}
}

func (m *metrics) refused(f refusal) {
	if f.audit || f.connection.ID != "" { // the others are no sign-ins
		m.logins.WithLabelValues(f.connection.Name, string(f.protocol), f.reason).Inc()
		m.refusal.WithLabelValues(f.connection.Name, string(f.protocol), classOf(f.reason)).Inc()
	}
}

// classes are the classes of reasons, by who can do something about it. What is
// in none is wrong with the message.
var classes = map[string][]string{
	"account": {provision.RefusedDisabled, provision.RefusedSuspended, provision.RefusedRemoved, provision.RefusedDomain, provision.RefusedAddress,
		provision.RefusedUnproven, provision.RefusedTaken, provision.RefusedUnknown, provision.RefusedGroups},
	"again":    {provision.RefusedReplay, provision.RefusedEnded, "pending", oidc.ReasonState},
	"provider": {string(saml.ReasonStatus), oidc.ReasonProviderError, oidc.ReasonExchange, oidc.ReasonUserInfo},
	"setup": {"setup", "fetch", string(saml.ReasonSetting), string(saml.ReasonEndpoint), string(saml.ReasonMetadata), string(saml.ReasonCertificates),
		oidc.ReasonConfig, oidc.ReasonIssuerURL, oidc.ReasonEntraTenant, oidc.ReasonDiscovery, oidc.ReasonMismatch, oidc.ReasonWeak},
	"rate": {"rate"},
}

func classOf(reason string) string {
	for class, reasons := range classes {
		if slices.Contains(reasons, reason) {
			return class
		}
	}
	return "message"
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

func (m *metrics) fetchFailed(conn provision.Connection, document string) {
	m.fetches.WithLabelValues(conn.Name, document).Inc()
}

// times reports how old what identity providers publish is, and when what
// sign-in needs runs out, read when asked. No identity provider is asked.
type times struct{ handler *Handler }

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
	connections, err := t.handler.core.Connections(ctx)
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
		for document, at := range t.handler.fetched(ctx, conn) {
			send(fetchedDesc, at, conn.Name, document)
		}
		for _, e := range t.handler.endings(ctx, conn) {
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
func (h *Handler) fetched(ctx context.Context, conn provision.Connection) map[string]time.Time {
	out := make(map[string]time.Time)
	if settings, err := parseSAML(conn.SignIn.SAML); len(conn.SignIn.SAML) > 0 && err == nil && settings.MetadataURL != "" {
		if kept, err := h.core.Metadata(ctx, conn.ID); err == nil && len(kept.Body) > 0 {
			out[documentMetadata] = kept.FetchedAt
		}
	}
	if rp := h.peers.spoken(conn.ID); rp != nil && len(conn.SignIn.OIDC) > 0 {
		now := h.now()
		out[documentDiscovery] = now.Add(-rp.Age(now))
		out[documentJWKS], _ = rp.KeysFetched()
	}
	return out
}
