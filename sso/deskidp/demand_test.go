package deskidp_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/deskbridge/deskbridge/provision/session"
)

// TestDemandIsHandedOn has a desk demand a fresh sign-in of somebody for whom the
// identity provider answers with one of hours ago.
func TestDemandIsHandedOn(t *testing.T) {
	h := newHarness(t)
	h.portal.proved = func(now time.Time) time.Time { return now.Add(-8 * time.Hour) }
	rp := h.relyingParty("support", clientSecret)
	b := h.signedIn()
	for name, tt := range map[string]struct {
		asks oauth2.AuthCodeOption
		want session.Demand
	}{
		"prompt=login": {oauth2.SetAuthURLParam("prompt", "login"), session.Demand{Anew: true}},
		"max_age=0":    {oauth2.SetAuthURLParam("max_age", "0"), session.Demand{Anew: true}},
		"max_age=60":   {oauth2.SetAuthURLParam("max_age", "60"), session.Demand{MaxAge: time.Minute}},
	} {
		b.get(rp.AuthCodeURL("s", tt.asks)).sentBack(t, rp.RedirectURL, "login_required")
		if h.portal.demand != tt.want {
			t.Errorf("%s: the portal is told %+v, want %+v", name, h.portal.demand, tt.want)
		}
	}
	h.refusedFor("login_required")

	sp := h.serviceProvider()
	sp.ForceAuthn = new(true)
	_, to := h.request(sp, "")
	_, fields := b.get(to).form(t)
	raw, err := base64.StdEncoding.DecodeString(fields.Get("SAMLResponse"))
	h.must(err)
	if !strings.Contains(string(raw), "status:AuthnFailed") || strings.Contains(string(raw), "<saml:Assertion") || h.portal.demand != (session.Demand{Anew: true}) {
		t.Errorf("after %+v the desk is told: %s", h.portal.demand, raw)
	}
	h.refusedFor("login-required")
}
