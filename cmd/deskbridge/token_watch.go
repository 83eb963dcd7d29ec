package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/prometheus/client_golang/prometheus"
)

// tokensToSee returns the tokens that somebody should look at, and those that
// a rotation has left behind for a while.
func tokensToSee(ctx context.Context, s *system) ([]tokenLine, error) {
	tokens, err := s.core.Tokens.Tokens(ctx, "")
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	out := []tokenLine{}
	for _, t := range tokens {
		switch t.State(time.Now()) {
		case credential.TokenExpired, credential.TokenExpiring, credential.TokenUnused, credential.TokenReplaced:
			out = append(out, lineOf(names.connection(t.Connection), t))
		case credential.TokenActive, credential.TokenEnded:
		}
	}
	return out, nil
}

// printTokens says what is to be done about tokens.
func printTokens(w io.Writer, tokens []tokenLine) {
	if len(tokens) == 0 {
		return
	}
	fmt.Fprintf(w, "\nTokens to look at: %d\n", len(tokens))
	for _, t := range tokens {
		fmt.Fprintf(w, "  %s %s: %s\n", t.Connection, t.Name, map[credential.TokenState]string{
			credential.TokenExpired:  fmt.Sprintf("expired %s; `deskbridge token rotate %s %s` makes a new secret", moment{t.ExpiresAt}, t.Connection, t.Name),
			credential.TokenExpiring: fmt.Sprintf("expires %s; `deskbridge token rotate %s %s` replaces it without a gap", moment{t.ExpiresAt}, t.Connection, t.Name),
			credential.TokenUnused:   fmt.Sprintf("last used %s; if nobody needs it: `deskbridge token revoke %s %s`", moment{t.LastUsedAt}, t.Connection, t.Name),
			credential.TokenReplaced: fmt.Sprintf("replaced %s, accepted until %s, last used %s", moment{t.ReplacedAt}, moment{t.ExpiresAt}, moment{t.LastUsedAt}),
		}[credential.TokenState(t.State)])
	}
}

// tokenTimes reports when tokens expire and were last used, read when asked.
type tokenTimes struct{ sys *system }

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
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	tokens, err := t.sys.core.Tokens.Tokens(ctx, "")
	if err != nil {
		ch <- prometheus.NewInvalidMetric(tokenExpiresDesc, err)
		return
	}
	names, err := t.sys.names(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(tokenExpiresDesc, err)
		return
	}
	for _, token := range tokens {
		if token.RevokedAt != nil || token.ReplacedAt != nil { // names are unique among the others
			continue
		}
		conn := names.connection(token.Connection)
		for desc, at := range map[*prometheus.Desc]*time.Time{tokenExpiresDesc: token.ExpiresAt, tokenUsedDesc: token.LastUsedAt} {
			if at != nil {
				ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(at.Unix()), conn, token.Name)
			}
		}
	}
}
