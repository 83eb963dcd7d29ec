package sso_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestBreakGlass(t *testing.T) {
	each(t, func(h *house) {
		_, enrolled, err := h.core.AddOwner(t.Context(), byTest, "owner", "correct horse battery")
		h.must(err)
		b := h.browser()
		try := func(code string) page {
			return b.post("/sso/break-glass", url.Values{"name": {"owner"}, "password": {"correct horse battery"}, "code": {code}}, false)
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
			h.Errorf("an owner is signed in as %q", got)
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
