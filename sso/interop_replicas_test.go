package sso_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// balancer sends each request to the next replica, as a load balancer without
// sticky sessions does: no two steps of a sign-in meet the same one.
type balancer struct {
	replicas []*httputil.ReverseProxy
	next     atomic.Uint64
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.replicas[b.next.Add(1)%uint64(len(b.replicas))].ServeHTTP(w, r)
}

// replicated returns a harness behind a balancer: two processes' worth of
// Handler, Service, database connections and listener.
func replicated(t *testing.T, allowed ...string) *harness {
	databaseURL, first := storetest.Postgres(t)
	second, err := store.Open(t.Context(), store.Options{DatabaseURL: databaseURL, Key: storetest.Key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { second.Close() })
	h := newHarness(t, first, allowed...)
	front := &balancer{}
	server := httptest.NewServer(front)
	t.Cleanup(server.Close)
	h.url = server.URL
	for _, s := range []*store.Store{first, second} {
		log := slog.New(slog.NewJSONHandler(h.log, nil))
		replica := *h
		replica.core = core.New(s, core.Policy{}, log)
		replica.sso = replica.replica(log)
		back := httptest.NewServer(numbered(replica.sso))
		t.Cleanup(back.Close)
		at, err := url.Parse(back.URL)
		h.must(err)
		front.replicas = append(front.replicas, httputil.NewSingleHostReverseProxy(at))
	}
	return h
}

// TestReplicas signs people in and out where each request meets another
// replica. Whatever is odd in number of steps is done twice, so that each
// replica has each part once.
func TestReplicas(t *testing.T) {
	t.Parallel()
	provider := oidctest.New(t, "")
	h := replicated(t, provider.Host())
	idp := samltest.New(idpID)
	h.owns(mallory)
	h.trusts(idp, nil)
	h.trustsOIDC(provider, nil)
	twice := func(name string, step func(t *testing.T, h *harness)) {
		for _, round := range []string{"one", "other"} {
			t.Run(name+"/"+round, func(t *testing.T) {
				h := h.on(t)
				if round == "other" {
					h.browser().get("/sso/signed-out") // moves the balancer on
				}
				step(t, h)
			})
		}
	}
	always := func(b *browser, userName string) {
		for range 4 {
			if who := b.who(); who != userName {
				b.Errorf("signed in as %q, want %q", who, userName)
			}
		}
	}
	twice("SAML", func(t *testing.T, h *harness) {
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		always(b, idp.Person)
		b.post("/sso/logout", nil, false)
		always(b, "")
	})
	twice("OIDC", func(t *testing.T, h *harness) {
		b := h.browser()
		b.signedIn(b.signInOIDC(provider, "/"), mallory)
		always(b, mallory)
		b.post("/sso/logout", nil, false)
		always(b, "")
	})
	twice("a used answer", func(_ *testing.T, h *harness) {
		v := h.browser().begins("acme")
		form := v.good(idp, idp.Person)
		thief := v.stolen()
		v.signedIn(v.answeredWith(form), idp.Person)
		thief.refused(thief.postAnswer("acme", form, v.relay), "pending")
	})
	twice("a used callback", func(_ *testing.T, h *harness) {
		provider.ReuseCodes = true
		b := h.browser()
		query, thief := b.providerAnswer("acme", provider), b.stolen()
		b.signedIn(b.callback("acme", query), mallory)
		thief.refused(thief.callback("acme", query), "pending")
	})
	twice("single logout", func(_ *testing.T, h *harness) {
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		raw := samltest.Query("SAMLRequest", idp.LogoutRequest(b.session(idp.Person)), "", idp.First)
		h.browser().logOut(raw, false)
		always(b, "")
		b.refusedPage(h.browser().logOut(raw, false), "replay")
	})
	twice("back-channel logout", func(t *testing.T, h *harness) {
		b := h.browser()
		b.signedIn(b.signInOIDC(provider, "/"), mallory)
		token := provider.LogoutToken("subject-of-mallory", "session-of-subject-of-mallory")
		if p := h.browser().backchannelLogout(token); p.status != http.StatusOK {
			t.Fatalf("%d %s", p.status, p.body)
		}
		always(b, "")
		b.refusedPage(h.browser().backchannelLogout(token), "replay")
	})
	twice("an answer that was not asked for", func(_ *testing.T, h *harness) {
		h.trusts(idp, func(s *protocol.SAML) { s.IdPInitiated = true })
		defer h.trusts(idp, nil)
		form := h.unsolicited(idp)
		h.browser().answer(form, "")
		b := h.browser()
		b.refused(b.answer(form, ""), "replay")
	})
	twice("new settings", func(_ *testing.T, h *harness) { // the attacker's key is trusted no longer, at once, by both
		h.set(func(s *provision.SignIn) {
			s.SAML = &protocol.SAML{Metadata: string(idp.Metadata(idp.Attacker))}
		})
		attacker := *idp
		attacker.First = idp.Attacker
		b := h.browser()
		b.signedIn(b.signInSAML(&attacker, "/"), idp.Person)
		h.trusts(idp, nil)
		for range 2 {
			v := h.browser().begins("acme")
			v.refused(v.answeredWith(v.good(&attacker, idp.Person)), string(saml.ReasonSignature))
		}
	})
	twice("a new key of ours", func(t *testing.T, h *harness) {
		_, err := h.core.Settings.RotateKey(t.Context(), byTest, settings.KeySAML, 0, sharedKey)
		h.must(err)
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	})
	t.Run("suspended", func(t *testing.T) {
		h := h.on(t)
		b := h.browser()
		b.signedIn(b.signInOIDC(provider, "/"), mallory)
		h.leaves(h.record(mallory).Person.ID, "suspended")
		always(b, "")
		for range 2 {
			b.refused(b.signInOIDC(provider, "/"), provision.RefusedSuspended)
		}
	})
}

// TestAnswerAtOnce posts and finishes one answer in twenty requests at once,
// at two replicas: one of them signs in.
func TestAnswerAtOnce(t *testing.T) {
	t.Parallel()
	h := replicated(t)
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	for range 5 {
		v := h.browser().begins("acme")
		form := v.good(idp, idp.Person)
		form.Set("RelayState", v.relay)
		before := len(h.record(idp.Person).Sessions)
		signedIn := make(chan bool)
		const tries = 20
		for range tries {
			thief := v.stolen()
			go func() {
				p := thief.answer(maps.Clone(form), v.relay)
				signedIn <- p.status < 400
			}()
		}
		var n int
		for range tries {
			if <-signedIn {
				n++
			}
		}
		if sessions := len(h.record(idp.Person).Sessions) - before; n != 1 || sessions != 1 {
			t.Fatalf("%d of %d requests signed in, %d sessions; want 1", n, tries, sessions)
		}
	}
}
