package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestHalfAnAnswerIsNotTheWhole checks that a client can tell an answer that was
// given up from one that is complete.
func TestHalfAnAnswerIsNotTheWhole(t *testing.T) {
	s := &system{log: slog.New(slog.DiscardHandler)}
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "requests"}, []string{"route", "method", "status"})
	web := httptest.NewServer(s.observe(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"members":[`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}), requests))
	defer web.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("half an answer passes for all of it: %s", got)
	}
}
