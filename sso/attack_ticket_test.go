package sso_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// tickets returns the cookies of b in which sign-ins wait, the newest last.
func (b *browser) tickets() (found []*http.Cookie) {
	b.Helper()
	at, err := url.Parse(b.url)
	b.must(err)
	for _, c := range b.client.Jar.Cookies(at) {
		if strings.HasPrefix(c.Name, "deskbridge_ticket-") {
			found = append(found, c)
		}
	}
	return found
}

// plant puts cookies into b, as a neighbouring site would like to.
func (b *browser) plant(cookies ...*http.Cookie) {
	b.Helper()
	at, err := url.Parse(b.url)
	b.must(err)
	b.client.Jar.SetCookies(at, cookies)
}

// ticketAttacks tries what can be done with the sealed tickets that browsers keep.
func ticketAttacks(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		h.administrator(idp.Victim)
		before := h.record(idp.Victim)
		play := func(id, title string, attack func(h *harness) (*browser, page)) {
			t.Run(id, func(t *testing.T) {
				h := h.on(t)
				b, p := attack(h)
				b.refused(p, "pending")
				h.unharmed(before)
				l.note(t, id, title, refusedFor("pending"))
			})
		}
		play("ST01", "the attacker's ticket planted in a browser with its own sign-in, and the attacker's answer (login CSRF)", func(h *harness) (*browser, page) {
			theirs, b := h.browser().begins("acme"), h.browser()
			b.begins("acme")
			b.plant(theirs.tickets()...)
			return b, b.postAnswer("acme", theirs.good(idp, idp.Person), theirs.relay)
		})
		play("ST02", "a ticket that was changed", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			c := v.tickets()[0]
			middle := len(c.Value) / 2
			c.Value = c.Value[:middle] + map[bool]string{true: "B", false: "A"}[c.Value[middle] == 'A'] + c.Value[middle+1:]
			v.plant(&http.Cookie{Name: c.Name, Value: c.Value, Path: "/"})
			return v.browser, v.answeredWith(v.good(idp, idp.Person))
		})
		play("ST03", "the ticket of one sign-in under the name of another", func(h *harness) (*browser, page) {
			b := h.browser()
			one := b.begins("acme")
			first := b.tickets()[0]
			b.plant(&http.Cookie{Name: first.Name, Path: "/", MaxAge: -1})
			b.begins("acme")
			b.plant(&http.Cookie{Name: first.Name, Value: b.tickets()[0].Value, Path: "/"})
			return b, one.answeredWith(one.good(idp, idp.Person))
		})
		play("ST04", "a ticket of one kind in the place of another", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			v.refused(v.get("/sso/acme/saml/finish?answer="+url.QueryEscape(v.tickets()[0].Value)), "pending")
			return v.browser, v.get("/sso/acme/saml/finish?answer=" + url.QueryEscape(v.relay))
		})
		play("ST05", "a second ticket of the same name beside the right one", func(h *harness) (*browser, page) {
			v := h.browser().begins("acme")
			c := v.tickets()[0]
			v.plant(&http.Cookie{Name: c.Name, Value: c.Value, Path: "/sso/acme"})
			return v.browser, v.answeredWith(v.good(idp, idp.Person))
		})
		play("ST06", "an answer that was judged, in the browser of somebody with a sign-in of their own", func(h *harness) (*browser, page) {
			theirs, b := h.browser().begins("acme"), h.browser()
			b.begins("acme")
			form := theirs.good(idp, idp.Person)
			form.Set("RelayState", theirs.relay)
			return b, b.get(theirs.finishOf(form))
		})
	})
}
