package sso_test

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// rolled returns the identity provider as it signs with a new key.
func rolled(idp *samltest.IdP) *samltest.IdP {
	next := *idp
	next.First = idp.Attacker // whose certificate is in no metadata yet
	return &next
}

// rollover returns a house whose connection has fetched metadata, signed
// somebody in, and knows nothing of what is published since.
func rollover(t *testing.T, idp *samltest.IdP, change func(s *protocol.SAML)) (*harness, *published) {
	t.Helper()
	source := publish(t)
	source.text(string(idp.Metadata()))
	h := newHarness(t, storetest.SQLite(t), source.host)
	h.trusts(idp, func(s *protocol.SAML) {
		s.Metadata, s.MetadataURL = "", source.url
		if change != nil {
			change(s)
		}
	})
	b := h.browser()
	b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	if n := source.asked.Load(); n != 1 {
		t.Fatalf("asked %d times for the first sign-in", n)
	}
	return h, source
}

// TestKeyRollover has an identity provider sign with a new key the moment that
// it publishes it.
func TestKeyRollover(t *testing.T) {
	idp := samltest.New(idpID)
	next := rolled(idp)
	both := string(idp.Metadata(idp.First, idp.Attacker))
	t.Run("an answer", func(t *testing.T) {
		h, source := rollover(t, idp, nil)
		source.text(both)
		for _, by := range []*samltest.IdP{next, idp, next} {
			b := h.browser()
			b.signedIn(b.signInSAML(by, "/"), idp.Person)
		}
		if n := source.asked.Load(); n != 2 {
			t.Errorf("asked %d times, want once more", n)
		}
		if e := h.audited("metadata.changed"); e.Detail["new_certificates"] == nil {
			t.Errorf("the audit log says %v", e.Detail)
		}
	})
	t.Run("an answer to no question", func(t *testing.T) {
		h, source := rollover(t, idp, func(s *protocol.SAML) { s.IdPInitiated = true })
		source.text(both)
		p := h.browser().post("/sso/acme/saml/acs", h.unsolicited(next), true)
		if p.status != http.StatusSeeOther || source.asked.Load() != 2 {
			t.Errorf("%d to %q; asked %d times: %s", p.status, p.location, source.asked.Load(), tail(h.log))
		}
	})
	t.Run("a logout request", func(t *testing.T) {
		h, source := rollover(t, idp, nil)
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		source.text(both)
		if p := h.browser().logOut(samltest.Query("SAMLRequest", idp.LogoutRequest(b.session(idp.Person)), "", next.First), false); p.status >= 400 || b.who() != "" {
			t.Errorf("%d, signed in as %q: %s", p.status, b.who(), tail(h.log))
		}
	})
	t.Run("the answer to a logout of ours", func(t *testing.T) {
		h, source := rollover(t, idp, nil)
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		source.text(both)
		to, err := url.Parse(b.post("/sso/logout", nil, false).location)
		b.must(err)
		doc := etree.NewDocument()
		b.must(doc.ReadFromString(inflated(t, to.Query().Get("SAMLRequest"))))
		answer := idp.LogoutResponse(doc.Root().SelectAttrValue("ID", ""), b.url+"/sso/acme/saml/slo")
		b.logOut(samltest.Query("SAMLResponse", answer, to.Query().Get("RelayState"), next.First), false)
		if why := h.log.unconfirmed(); why != nil {
			t.Errorf("not confirmed: %q", why)
		}
	})
	t.Run("twenty at once", func(t *testing.T) {
		h, source := rollover(t, idp, nil)
		source.by(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(200 * time.Millisecond)
			w.Write([]byte(both))
		})
		var everybody sync.WaitGroup
		for range 20 {
			everybody.Go(func() {
				b := h.browser()
				b.signInSAML(next, "/")
				if who := b.who(); who != idp.Person {
					t.Errorf("signed in as %q", who)
				}
			})
		}
		everybody.Wait()
		if n := source.asked.Load(); n != 2 {
			t.Errorf("asked %d times, want once more", n)
		}
	})
}

// TestKeyRolloverIsJudged has the metadata be asked for in vain.
func TestKeyRolloverIsJudged(t *testing.T) {
	idp := samltest.New(idpID)
	next := rolled(idp)
	waiting := func(t *testing.T, h *harness, want bool) {
		t.Helper()
		kept, err := h.core.Settings.Metadata(t.Context(), h.conn.ID)
		h.must(err)
		if (len(kept.Waiting) > 0) != want {
			t.Errorf("metadata waits for an admin: %t", !want)
		}
	}
	refused := func(h *harness) {
		h.Helper()
		b := h.browser()
		b.refused(b.signInSAML(next, "/"), string(saml.ReasonSignature))
	}
	t.Run("none of the known keys remains", func(t *testing.T) {
		h, source := rollover(t, idp, nil)
		source.text(string(idp.Metadata(idp.Attacker)))
		for range 3 {
			refused(h)
		}
		waiting(t, h, true)
		if n := h.log.saying("metadata cannot be refreshed"); n != nil {
			t.Errorf("%v", n)
		}
		told := 0
		h.must(h.core.Audit.EachEntry(t.Context(), func(e provision.Entry) error {
			if e.Action == "metadata.changed" && e.Detail["waiting"] != nil {
				told++
			}
			return nil
		}))
		if told != 1 {
			t.Errorf("the audit log says %d times that metadata waits, want once", told)
		}
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	})
	t.Run("the metadata cannot be fetched", func(t *testing.T) {
		h, source := rollover(t, idp, nil)
		source.by(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		refused(h)
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	})
	t.Run("the metadata stands in the settings", func(t *testing.T) {
		h := newHarness(t, storetest.SQLite(t))
		h.trusts(idp, nil)
		refused(h)
	})
	t.Run("a few times a minute at most", func(t *testing.T) {
		var ahead atomic.Int64
		source := publish(t)
		source.text(string(idp.Metadata()))
		h := newHarness(t, storetest.SQLite(t), source.host)
		h.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		h = h.beside(t, source.host)
		h.trusts(idp, func(s *protocol.SAML) { s.Metadata, s.MetadataURL = "", source.url })
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		for range 30 {
			refused(h)
		}
		if n := source.asked.Load(); n > 1+2 {
			t.Errorf("asked %d times for 30 answers", n-1)
		}
		before := source.asked.Load()
		ahead.Store(int64(time.Minute))
		for range 30 {
			refused(h)
		}
		if n := source.asked.Load() - before; n < 1 || n > 2 {
			t.Errorf("asked %d times in the next minute", n)
		}
	})
	t.Run("only for what is sound but for its key", func(t *testing.T) {
		h, source := rollover(t, idp, nil)
		b := h.browser()
		request, relay := b.pending("/sso/acme/login?return_to=/")
		b.refused(b.answer(idp.Message(request, idp.Person).Form(), relay), string(saml.ReasonUnsigned))
		b.refused(b.answer(url.Values{"SAMLResponse": {"eA=="}}, relay), string(saml.ReasonXML))
		m := next.Message(request, idp.Person)
		next.Sign(m.Assertion(), samltest.Signature{})
		b.refused(b.answer(m.Form(), "guess"), "pending")
		if n := source.asked.Load(); n != 1 {
			t.Errorf("asked %d times more", n-1)
		}
	})
}

// TestMetadataOfSettingsRunsOut has the certificates of metadata that the
// settings hold expire while the server runs.
func TestMetadataOfSettingsRunsOut(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	var ahead atomic.Int64
	h.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	h = h.beside(t, "")
	h.browser().signInSAML(idp, "/")
	for _, signer := range []samltest.Signer{idp.First, idp.Second, idp.Curve} {
		ahead.Store(max(ahead.Load(), int64(time.Until(signer.Certificate.NotAfter)+time.Minute)))
	}
	b := h.browser()
	b.refused(b.get("/sso/acme/login?via=saml"), "setup")
}
