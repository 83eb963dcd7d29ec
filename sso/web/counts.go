package web

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// counts are the metrics of what becomes of sign-ins and sessions.
type counts struct {
	logins   *prometheus.CounterVec
	refusals *prometheus.CounterVec
	ends     *prometheus.CounterVec
}

func newCounts() *counts {
	return &counts{
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sign_ins_total", Help: "Sign-ins by connection, protocol and result: ok, created, or why they were refused.",
		}, []string{"connection", "protocol", "result"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sign_ins_refused_total", Help: "Refused sign-ins by connection, protocol and class of the reason: account, message, again, provider, setup, rate.",
		}, []string{"connection", "protocol", "class"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_sessions_ended_total", Help: "Sessions that ended at somebody's word, by whose.",
		}, []string{"why"}),
	}
}

// Collectors returns the metrics of sign-ins and sessions.
func (s *Site) Collectors() []prometheus.Collector {
	return []prometheus.Collector{s.counts.logins, s.counts.refusals, s.counts.ends}
}

// SignedIn counts a sign-in; created says that it has made the person.
func (s *Site) SignedIn(conn provision.Connection, p provision.Protocol, created bool) {
	result := "ok"
	if created {
		result = "created"
	}
	s.counts.logins.WithLabelValues(conn.Name, string(p), result).Inc()
}

// Ended counts n sessions that have ended.
func (s *Site) Ended(why provision.SessionEnd, n int) {
	s.counts.ends.WithLabelValues(string(why)).Add(float64(n))
}

func (c *counts) refused(f Refusal) {
	if f.Audit || f.Connection.ID != "" { // the others are no sign-ins
		c.logins.WithLabelValues(f.Connection.Name, string(f.Protocol), f.Reason).Inc()
		c.refusals.WithLabelValues(f.Connection.Name, string(f.Protocol), classOf(f.Reason)).Inc()
	}
}

// classes are the classes of reasons, by who can do something about it. What is
// in none is wrong with the message.
var classes = map[string][]string{
	"account": {provision.RefusedDisabled, provision.RefusedSuspended, provision.RefusedRemoved, provision.RefusedDomain, provision.RefusedAddress,
		provision.RefusedUnproven, provision.RefusedTaken, provision.RefusedUnknown, provision.RefusedGroups},
	"again":    {provision.RefusedReplay, provision.RefusedEnded, "pending", oidc.ReasonState},
	"provider": {string(saml.ReasonStatus), oidc.ReasonProviderError, oidc.ReasonExchange, oidc.ReasonUserInfo},
	"setup": {"setup", "fetch", "unasked", string(saml.ReasonSetting), string(saml.ReasonEndpoint), string(saml.ReasonMetadata), string(saml.ReasonCertificates),
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
