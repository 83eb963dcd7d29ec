package kit

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

func TestRefusal(t *testing.T) {
	page := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	for _, tt := range []struct {
		name   string
		answer Answer
		kind   desk.Kind
		words  string
	}{
		{"a redirect", Answer{Status: 302}, desk.Retryable, "redirects (HTTP 302)"},
		{"refused credentials", Answer{Status: 401}, desk.Unauthorized, "make a new key"},
		{"a proxy that wants a login", Answer{Status: 401, Header: page, Body: []byte("<p>")}, desk.Unauthorized, "make a new key"},
		{"a missing right", Answer{Status: 403}, desk.Permanent, "grant a right"},
		{"a proxy that forbids", Answer{Status: 403, Header: page, Body: []byte("<p>")}, desk.Retryable, "proxy"},
		{"an unknown record", Answer{Status: 404}, desk.NotFound, "no such record"},
		{"an unknown record, with a type of nothing", Answer{Status: 404, Header: page}, desk.NotFound, "no such record"},
		{"a proxy's page for what it does not know", Answer{Status: 404, Header: page, Body: []byte("<p>")}, desk.Retryable, "proxy"},
		{"a call that took long", Answer{Status: 408}, desk.Retryable, "HTTP 408"},
		{"a refusal", Answer{Status: 422}, desk.Permanent, "Acme refuses the request (HTTP 422)"},
		{"too many requests", Answer{Status: 429}, desk.Retryable, "HTTP 429"},
		{"a crash, with a page", Answer{Status: 500, Header: page, Body: []byte("<p>")}, desk.Retryable, "Acme cannot answer now (HTTP 500)"},
		{"a status nobody knows", Answer{Status: 999}, desk.Retryable, "HTTP 999"},
		{"a success that is none", Answer{Status: 202}, desk.Retryable, "proxy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := acme.Refusal(&tt.answer)
			if e.Kind != tt.kind || !strings.Contains(e.Detail, tt.words) {
				t.Errorf("error is %v, want %s with %q", e, tt.kind, tt.words)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		pairs []string
		want  time.Duration
	}{
		{"that of rate limits first", []string{"X-RateLimit-Retry-After", "17", "Retry-After", "5"}, 17 * time.Second},
		{"in seconds", []string{"Retry-After", "5"}, 5 * time.Second},
		{"as a date", []string{"Retry-After", now.Add(90 * time.Second).Format(http.TimeFormat)}, 90 * time.Second},
		{"a date that is past", []string{"Retry-After", now.Add(-time.Hour).Format(http.TimeFormat)}, 0},
		{"nothing", nil, 0},
		{"nonsense", []string{"X-RateLimit-Retry-After", "-5"}, 0},
		{"nonsense, and the standard one", []string{"X-RateLimit-Retry-After", "soon", "Retry-After", "5"}, 5 * time.Second},
		{"for ever", []string{"X-RateLimit-Retry-After", "2000000000"}, maxPause},
		{"until another century", []string{"Retry-After", "Thu, 01 Jan 2126 00:00:00 GMT"}, maxPause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for i := 0; i < len(tt.pairs); i += 2 {
				h.Set(tt.pairs[i], tt.pairs[i+1])
			}
			if got := RetryAfter(h, now); got != tt.want {
				t.Errorf("RetryAfter = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestRefusedTo(t *testing.T) {
	v, cause := Vendor{Name: "Desk"}, errors.New("HTTP 422")
	err := v.RefusedTo(&desk.Error{Kind: desk.Permanent, Field: "role", Err: cause}, cause, "add %s", "it")
	wantKind(t, err, desk.Permanent, "(role): Desk refuses to add it (HTTP 422)")
	if !errors.Is(err, cause) {
		t.Errorf("%v has lost its cause", err)
	}
	other := desk.Errorf(desk.Retryable, "busy")
	if got := v.RefusedTo(other, cause, "add it"); got != error(other) || v.RefusedTo(nil, cause, "add it") != nil {
		t.Errorf("%v, want it as it was", got)
	}
}

// TestQuotes: sentences that may be quoted are, and nothing that was sent, at any depth.
func TestQuotes(t *testing.T) {
	const sent = `{"user":{"mail":"Ada@Example.test","firstname":"Ada","n":["Byron",1,true,null,"of"]}}`
	for _, tt := range []struct {
		name      string
		sentences []string
		want      string
	}{
		{"what is wrong", []string{"Email is invalid", "Login has already been taken"}, ": Email is invalid; Login has already been taken"},
		{"no names and addresses", []string{"ada@example.test is taken", "Nobody is called BYRON", "Domain Example.Test is not allowed", "Login is invalid"}, ": Login is invalid"},
		{"nothing but names", []string{"No ada here"}, ""},
		{"two letters are nobody's", []string{"one of many"}, ": one of many"},
		{"not a whole page", []string{strings.Repeat("a", maxQuoteBytes+1), "b"}, ": b"},
		{"on one line", []string{"a\r\nb"}, ": a  b"},
		{"no text", []string{"\xff", ""}, ""},
		{"not any number of them", []string{"1", "ada", "2", "3", "4", "5", "6"}, ": 1; 2; 3; 4; 5"},
		{"nothing", nil, ""},
	} {
		a := Answer{Sent: []byte(sent)}
		if got := a.Quotes(tt.sentences...); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := (&Answer{}).Quote("Ada is taken"); got != ": Ada is taken" {
		t.Errorf("of a request without a body: %q", got)
	}
}
