package sso_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// published serves one document, which can be changed.
type published struct {
	url, host string
	asked     atomic.Int64
	serve     atomic.Pointer[http.HandlerFunc]
}

func publish(t testing.TB) *published {
	p := &published{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		(*p.serve.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	p.url, p.host = server.URL+"/metadata", strings.TrimPrefix(server.URL, "http://")
	return p
}

func (p *published) text(body string) {
	p.by(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) })
}

func (p *published) by(serve http.HandlerFunc) { p.serve.Store(&serve) }

func samlMetadata(t *testing.T, l *ledger) {
	idp, forbidden := samltest.New(idpID), newForbiddenServer(t)
	good := string(idp.Metadata())
	swapped := func(old, by string) string { return strings.ReplaceAll(good, old, by) }
	shared := newHarness(t, storetest.SQLite(t))
	_, forbiddenPort, _ := strings.Cut(forbidden.host, ":")
	for _, c := range []struct {
		id, title, reason string
		url               string // else the document is served
		serve             http.HandlerFunc
		text              string
	}{
		{id: "SM01", title: "an internal address", url: "https://" + forbidden.host + "/", reason: "setup"},
		{id: "SM01b", title: "an internal address over http", url: "http://" + forbidden.host + "/", reason: "setup"},
		{id: "SM01c", title: "an internal address in IPv6", url: "https://[::ffff:127.0.0.1]:" + forbiddenPort + "/", reason: "setup"},
		{id: "SM02", title: "an internal address as one number", url: "https://2130706433:" + forbiddenPort + "/", reason: "setup"},
		{id: "SM02b", title: "an internal address in octal", url: "https://0177.0.0.1:" + forbiddenPort + "/", reason: "setup"},
		{id: "SM02c", title: "a name that means an internal address", url: "https://localhost:" + forbiddenPort + "/", reason: "setup"},
		{id: "SM03", title: "a file", url: "file:///etc/passwd", reason: "setup"},
		{id: "SM03b", title: "gopher", url: "gopher://" + forbidden.host + "/", reason: "setup"},
		{id: "SM04", title: "a redirect to an internal address", reason: "setup", serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+forbidden.host+"/", http.StatusFound)
		}},
		{id: "SM05", title: "64 MB", reason: "setup", serve: func(w http.ResponseWriter, _ *http.Request) {
			for range 64 {
				if _, err := w.Write([]byte(strings.Repeat(" ", 1<<20))); err != nil {
					return
				}
			}
		}},
		{id: "SM06", title: "a document type", reason: "setup", text: `<!DOCTYPE a [<!ENTITY e SYSTEM "http://` + forbidden.host + `/">]>` + good},
		{id: "SM07", title: "valid until yesterday", reason: "setup", text: swapped("entityID=", `validUntil="`+time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339)+`" entityID=`)},
		{id: "SM08", title: "no certificate for signatures", reason: "setup", text: swapped(`use="signing"`, `use="encryption"`)},
		{id: "SM09", title: "an address that is a script", reason: "setup", text: swapped(idp.SSOURL, "javascript:alert(1)")},
		{id: "SM10", title: "an error page", reason: "setup", text: "<!doctype html><p>Not here"},
		{id: "SM11", title: "status 500", reason: "setup", serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
	} {
		t.Run(c.id, func(t *testing.T) {
			source := publish(t)
			source.text(c.text)
			if c.serve != nil {
				source.by(c.serve)
			}
			h := shared.beside(t, source.host)
			h.trusts(idp, func(s *protocol.SAML) {
				s.Metadata, s.MetadataURL = "", source.url
				if c.url != "" {
					s.MetadataURL = c.url
				}
			})
			b := h.browser()
			b.refused(b.get("/sso/acme/login?via=saml"), c.reason)
			if findings := h.sso.Clients().Test(t.Context(), h.conn); !strings.Contains(failures(findings), "SAML metadata") {
				t.Errorf("the test of the connection finds nothing: %+v", findings)
			}
			forbidden.untouched(t)
			l.note(t, c.id, "an address of metadata: "+c.title, refusedFor(c.reason))
		})
	}
	metadataLater(t, l, shared, idp)
}

func failures(findings []client.Finding) string {
	var failed []string
	for _, f := range findings {
		if !f.OK {
			failed = append(failed, f.What)
		}
	}
	return strings.Join(failed, ", ")
}

// metadataLater changes metadata that was good.
func metadataLater(t *testing.T, l *ledger, shared *harness, idp *samltest.IdP) {
	begin := func(t *testing.T) (*harness, *published) {
		source := publish(t)
		source.text(string(idp.Metadata()))
		h := shared.beside(t, source.host)
		h.trusts(idp, func(s *protocol.SAML) { s.Metadata, s.MetadataURL = "", source.url })
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		return h, source
	}
	stays := func(t *testing.T, h *harness) {
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
	}
	attacker := *idp
	attacker.First = idp.Attacker
	for _, c := range []struct{ id, title, text string }{
		{"SM12", "metadata of which the attacker has changed all keys", string(idp.Metadata(idp.Attacker))},
		{"SM13", "metadata that turns into that of another entity", strings.ReplaceAll(string(idp.Metadata()), idp.EntityID, "https://evil.example.test")},
	} {
		t.Run(c.id, func(t *testing.T) {
			h, source := begin(t)
			source.text(c.text)
			if _, err := h.sso.Clients().Refresh(t.Context(), h.conn); err != nil {
				t.Fatal(err)
			}
			v := h.browser().begins("acme")
			v.refused(v.answeredWith(v.good(&attacker, idp.Victim)), string(saml.ReasonSignature))
			stays(t, h)
			l.note(t, c.id, c.title, "waits for an admin; what was last discovered goes on to serve")
		})
	}
	t.Run("SM14", func(t *testing.T) {
		h, source := begin(t)
		source.text(string(idp.Metadata(idp.First, idp.Attacker)))
		if _, err := h.sso.Clients().Refresh(t.Context(), h.conn); err != nil {
			t.Fatal(err)
		}
		rolled := *idp
		rolled.First = idp.Attacker
		b := h.browser()
		b.signedIn(b.signInSAML(&rolled, "/"), idp.Person)
		l.note(t, "SM14", "metadata with a new key beside a known one", signsIn+", by either key")
	})
	t.Run("SM15", func(t *testing.T) {
		h, source := begin(t)
		source.by(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		if _, err := h.sso.Clients().Refresh(t.Context(), h.conn); err == nil {
			t.Error("no error")
		}
		stays(t, h)
		l.note(t, "SM15", "metadata that can no longer be fetched", "what was last discovered goes on to serve")
	})
	t.Run("SM17", func(t *testing.T) { // we were away for a week, in which the metadata ran out
		source := publish(t)
		valid := func(until time.Time) string {
			return strings.Replace(string(idp.Metadata()), "entityID=", `validUntil="`+until.UTC().Format(time.RFC3339)+`" entityID=`, 1)
		}
		source.text(valid(time.Now().Add(24 * time.Hour)))
		h := shared.beside(t, source.host)
		h.trusts(idp, func(s *protocol.SAML) { s.Metadata, s.MetadataURL = "", source.url })
		b := h.browser()
		b.signedIn(b.signInSAML(idp, "/"), idp.Person)
		later := *idp
		later.Now = func() time.Time { return time.Now().Add(7 * 24 * time.Hour) }
		h.now = later.Now
		h.core = core.New(h.store, core.Policy{Now: later.Now}, slog.New(slog.DiscardHandler))
		h = h.beside(t, source.host)
		b = h.browser()
		b.refused(b.get("/sso/acme/login?via=saml"), "setup")
		source.text(valid(later.Now().Add(24 * time.Hour)))
		if _, err := h.sso.Clients().Refresh(t.Context(), h.conn); err != nil {
			t.Fatal(err)
		}
		b.signedIn(b.signInSAML(&later, "/"), idp.Person)
		l.note(t, "SM17", "metadata that has run out, and then follows itself with known keys", refusedFor("setup")+", and then "+signsIn)
	})
	t.Run("SM16", func(t *testing.T) {
		source := publish(t)
		source.by(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		h := shared.beside(t, source.host)
		h.trusts(idp, func(s *protocol.SAML) { s.Metadata, s.MetadataURL = "", source.url })
		for range 20 {
			b := h.browser()
			b.refused(b.get("/sso/acme/login?via=saml"), "setup")
		}
		if n := source.asked.Load(); n > 3 {
			t.Errorf("asked %d times for 20 people", n)
		}
		l.note(t, "SM16", "20 people of a connection whose metadata cannot be fetched", "it is asked for a few times at most")
	})
}
