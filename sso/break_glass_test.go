package sso_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestBreakGlassUnderSiege has strangers fail at the break-glass sign-in from
// many addresses until no try of theirs is taken any more. The admin gets in
// meanwhile, at the third try.
func TestBreakGlassUnderSiege(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	_, enrolled, err := h.core.BreakGlass.Add(t.Context(), byTest, "admin", "correct horse battery")
	h.must(err)
	still := time.Now()
	h.now = func() time.Time { return still } // no limit lets anything more through by and by
	handler := h.replica(slog.New(slog.DiscardHandler))
	try := func(from, password, code string) int {
		r := posted("/sso/break-glass", url.Values{"name": {"admin"}, "password": {password}, "code": {code}})
		r.RemoteAddr = "[" + from + "]:1"
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		return w.Code
	}
	answers := make(map[int]int)
	for i := range 50 { // ten households at one site, five tries each
		answers[try(fmt.Sprintf("2001:db8:1:%x::%x", i/5, i), "a guess", "000000")]++
	}
	want := map[int]int{http.StatusForbidden: 3 + 30, http.StatusTooManyRequests: 17} // the first failures, and what all have who fail
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Errorf("answers to strangers (-want +got):\n%s", diff)
	}
	for _, code := range []string{"mistyped", "again"} {
		if got := try("2001:db8:2::1", "correct horse battery", code); got != http.StatusForbidden {
			t.Errorf("the admin mistypes: %d", got)
		}
	}
	if got := try("2001:db8:2::1", "correct horse battery", enrolled.Codes[0]); got != http.StatusSeeOther {
		t.Errorf("the admin is kept out: %d", got)
	}
	if got := try("2001:db8:1:0::ffff", "correct horse battery", enrolled.Codes[1]); got != http.StatusTooManyRequests {
		t.Errorf("a sixth try from one household: %d", got)
	}
}

func TestBreakGlass(t *testing.T) {
	each(t, func(h *harness) {
		_, enrolled, err := h.core.BreakGlass.Add(t.Context(), byTest, "admin", "correct horse battery")
		h.must(err)
		b := h.browser()
		try := func(code string) page {
			return b.post("/sso/break-glass", url.Values{"name": {"admin"}, "password": {"correct horse battery"}, "code": {code}}, false)
		}
		if p := try("wrong"); p.status != http.StatusForbidden || !strings.Contains(h.log.String(), "BREAK GLASS: a sign-in was refused") {
			h.Errorf("a wrong code: %d", p.status)
		}
		_, reference, _ := strings.Cut(h.browser().get("/sso/acme/oidc/callback?state=x").body, "Reference: <code>") // somebody is refused
		reference, _, _ = strings.Cut(reference, "<")
		if p := try(enrolled.Codes[0]); p.status != http.StatusOK || !strings.Contains(p.body, "acme") {
			h.Errorf("signed in: %d %s", p.status, p.body)
		}
		if p := b.get("/sso/break-glass?reference=" + reference); !strings.Contains(p.body, "oidc: pending") {
			h.Errorf("the reference leads nowhere: %s", p.body)
		}
		if got := b.who(); got != "" {
			h.Errorf("a break-glass admin is signed in as %q", got)
		}
		b.post("/sso/break-glass/end", url.Values{}, false)
		if p := b.get("/sso/break-glass"); strings.Contains(p.body, "Sign out") {
			h.Error("still signed in after signing out")
		}
		for range 10 {
			if try("wrong").status == http.StatusTooManyRequests {
				return
			}
		}
		h.Error("ten tries in a row, and no limit")
	})
}
