package server

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/provision/offboarding"
)

// accountStates reports how many accounts are in which state, read when asked.
type accountStates struct{ sys *System }

var accountsDesc = prometheus.NewDesc("deskbridge_accounts", "Accounts by desk and state.", []string{"desk", "state"}, nil)

// Describe is part of [prometheus.Collector].
func (accountStates) Describe(ch chan<- *prometheus.Desc) { ch <- accountsDesc }

// Collect is part of [prometheus.Collector].
func (a accountStates) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ReadyTimeout)
	defer cancel()
	counts, err := a.sys.Store.CountAccounts(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(accountsDesc, err)
		return
	}
	names, err := a.sys.LoadNames(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(accountsDesc, err)
		return
	}
	for desk, states := range counts {
		for state, n := range states {
			ch <- prometheus.MustNewConstMetric(accountsDesc, prometheus.GaugeValue, float64(n), names.DeskName(desk), string(state))
		}
	}
}

// tokenTimes reports when tokens expire and were last used, read when asked.
type tokenTimes struct{ sys *System }

var (
	tokenExpiresDesc = prometheus.NewDesc("deskbridge_token_expires_timestamp_seconds",
		"When a token in use expires; absent for one that does not.", []string{"connection", "token"}, nil)
	tokenUsedDesc = prometheus.NewDesc("deskbridge_token_last_used_timestamp_seconds",
		"When a token in use was last used, to the minute; absent for one that never was.", []string{"connection", "token"}, nil)
)

// Describe is part of [prometheus.Collector].
func (tokenTimes) Describe(ch chan<- *prometheus.Desc) { ch <- tokenExpiresDesc; ch <- tokenUsedDesc }

// Collect is part of [prometheus.Collector].
func (t tokenTimes) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ReadyTimeout)
	defer cancel()
	tokens, err := t.sys.Core.Tokens.Tokens(ctx, "")
	if err != nil {
		ch <- prometheus.NewInvalidMetric(tokenExpiresDesc, err)
		return
	}
	names, err := t.sys.LoadNames(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(tokenExpiresDesc, err)
		return
	}
	for _, token := range tokens {
		if token.RevokedAt != nil || token.ReplacedAt != nil { // names are unique among the others
			continue
		}
		conn := names.Connection(token.Connection)
		for desc, at := range map[*prometheus.Desc]*time.Time{tokenExpiresDesc: token.ExpiresAt, tokenUsedDesc: token.LastUsedAt} {
			if at != nil {
				ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(at.Unix()), conn, token.Name)
			}
		}
	}
}

// unsealed reports what of the audit log is not sealed yet, read when asked.
type unsealed struct{ sys *System }

var (
	unsealedDesc       = prometheus.NewDesc("deskbridge_audit_unsealed_entries", "Entries of the audit log that are not sealed yet.", nil, nil)
	unsealedOldestDesc = prometheus.NewDesc("deskbridge_audit_unsealed_oldest_timestamp_seconds", "When the first of those was written; absent when there is none.", nil, nil)
)

// Describe is part of [prometheus.Collector].
func (unsealed) Describe(ch chan<- *prometheus.Desc) { ch <- unsealedDesc; ch <- unsealedOldestDesc }

// Collect is part of [prometheus.Collector].
func (u unsealed) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ReadyTimeout)
	defer cancel()
	tail, err := u.sys.Store.Tail(ctx, true)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(unsealedDesc, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(unsealedDesc, prometheus.GaugeValue, float64(tail.Unsealed))
	if tail.Unsealed > 0 {
		ch <- prometheus.MustNewConstMetric(unsealedOldestDesc, prometheus.GaugeValue, float64(tail.Oldest.Unix()))
	}
}

// accessTimes reports the time to no access, read when asked.
type accessTimes struct{ sys *System }

var accessTimesDesc = prometheus.NewDesc("deskbridge_time_to_no_access_seconds",
	"From when access was to end until the desk showed that it had, of the last 7 and 30 days; an empty desk is all of them.", []string{"desk", "window"}, nil)

// Describe is part of [prometheus.Collector].
func (accessTimes) Describe(ch chan<- *prometheus.Desc) { ch <- accessTimesDesc }

// Collect is part of [prometheus.Collector].
func (a accessTimes) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ReadyTimeout)
	defer cancel()
	figures, err := a.sys.Core.Offboarding.Times(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(accessTimesDesc, err)
		return
	}
	names, err := a.sys.LoadNames(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(accessTimesDesc, err)
		return
	}
	for _, f := range figures {
		window := fmt.Sprintf("%dd", f.Over/(24*time.Hour))
		tell := func(desk string, t offboarding.Times) {
			half, most := t.P50.Seconds(), t.P95.Seconds()
			if t.Count == 0 {
				half, most = math.NaN(), math.NaN() // as of every summary without anything in it
			}
			ch <- prometheus.MustNewConstSummary(accessTimesDesc, uint64(t.Count), t.Sum.Seconds(), map[float64]float64{0.5: half, 0.95: most}, desk, window)
		}
		tell("", f.All)
		for _, d := range names.Desks {
			if t := f.Desks[d.ID]; t.Count > 0 {
				tell(d.Name, t)
			}
		}
	}
}

// seatCounts reports how many seats of desks are taken, read when asked.
type seatCounts struct{ sys *System }

var (
	seatsUsedDesc  = prometheus.NewDesc("deskbridge_seats_used", "Seats of a desk that are taken, by whomever, as last seen.", []string{"desk", "counted_by"}, nil)
	seatsLimitDesc = prometheus.NewDesc("deskbridge_seats_limit", "Seats that a desk has; absent where there is no limit, or nobody tells.", []string{"desk"}, nil)
	seatsFreeDesc  = prometheus.NewDesc("deskbridge_seats_free", "Seats of a desk that are free; absent as the limit is.", []string{"desk"}, nil)
)

// Describe is part of [prometheus.Collector].
func (seatCounts) Describe(ch chan<- *prometheus.Desc) {
	ch <- seatsUsedDesc
	ch <- seatsLimitDesc
	ch <- seatsFreeDesc
}

// Collect is part of [prometheus.Collector].
func (s seatCounts) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ReadyTimeout)
	defer cancel()
	uses, err := s.sys.Core.Seats.Uses(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(seatsUsedDesc, err)
		return
	}
	for _, u := range uses {
		ch <- prometheus.MustNewConstMetric(seatsUsedDesc, prometheus.GaugeValue, float64(u.Used), u.Desk.Name, string(u.By))
		if u.Free != nil {
			ch <- prometheus.MustNewConstMetric(seatsLimitDesc, prometheus.GaugeValue, float64(u.Limit), u.Desk.Name)
			ch <- prometheus.MustNewConstMetric(seatsFreeDesc, prometheus.GaugeValue, float64(*u.Free), u.Desk.Name)
		}
	}
}

// requestsDropped counts what the request log lacks.
func (s *System) requestsDropped() prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "deskbridge_request_log_dropped_total", Help: "Requests that are not in the request log: there were too many at once, or the database did not take them.",
	}, func() float64 { return float64(s.Core.Requests.Dropped()) })
}
