package sso_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// accountResults are what becomes of the cases that only who knows the accounts
// can judge; "" lets in whoever it really is.
var accountResults = map[string]string{
	"OA01": provision.RefusedTaken, "OA02": provision.RefusedTaken, "OA02b": provision.RefusedTaken, "OA02c": provision.RefusedTaken, "OA02d": provision.RefusedTaken,
	"OA03": "", "OA04": provision.RefusedDomain, "OA05": provision.RefusedDomain,
	"OA10": provision.RefusedAddress, "OA11": provision.RefusedAddress, "OA12": provision.RefusedAddress, "OA20": provision.RefusedDomain,
}

func oidcAccounts(t *testing.T, l *ledger) {
	for _, kind := range victims {
		for _, byEmail := range matching(kind.signedIn) {
			t.Run(fmt.Sprintf("%s,email=%t", strings.ReplaceAll(kind.name, " ", "-"), byEmail), func(t *testing.T) {
				a, b := oidctest.New(t, ""), oidctest.New(t, "")
				h := newHarness(t, storetest.SQLite(t), a.Host(), b.Host())
				h.owns(mallory)
				h.trustsOIDC(a, nil)
				h.set(func(s *provision.SignIn) { s.Match.Email = byEmail })
				h.neighbour(func(s *provision.SignIn) {
					s.OIDC = &protocol.OIDC{Issuer: b.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret}
				})
				h.administrator(map[bool]string{true: vera}[kind.pushed])
				if kind.signedIn {
					a.User = oidctest.Victim()
					a.User["groups"] = []string{"Desk admins"}
					br := h.browser()
					br.signedIn(br.signInOIDC(a, "/"), vera)
				}
				before := h.record(vera)
				h.isAdministrator(before.Person.ID)
				oidcAccountCases(t, l, h, a, b, before)
				oidcNeighbours(t, l, h, a, b, before)
			})
		}
	}
	oidcLeavers(t, l)
}

func oidcAccountCases(t *testing.T, l *ledger, h *harness, a, b *oidctest.Provider, before record) {
	for _, c := range oidctest.Cases() {
		reason, ours := accountResults[c.ID]
		if !ours {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			h := h.on(t)
			a.User = oidctest.Attacker()
			h.trustsOIDC(a, func(s *protocol.OIDC) { s.UserInfo = c.UserInfo })
			br := h.browser()
			br.signedIn(br.signInOIDC(a, "/"), mallory) // an account of the attacker's own
			p, connection := a, "acme"
			if c.Other {
				p, connection = b, "other"
			}
			c.Set(p)
			defer func() { p.User, p.UserInfo = oidctest.Attacker(), nil }()
			br = h.browser()
			got := br.signInAt(connection, p)
			result := signsIn
			if reason == "" {
				br.signedIn(got, mallory)
				if mail := h.record(mallory).Person.Profile.Email; mail != mallory {
					t.Errorf("the address is now %s", mail)
				}
			} else {
				br.refused(got, reason)
				result = refusedFor(reason)
			}
			h.unharmed(before)
			l.note(t, c.ID, c.Title, result)
		})
	}
}

// signInAt signs the provider's user in at a connection.
func (b *browser) signInAt(connection string, p *oidctest.Provider) page {
	b.Helper()
	return b.callback(connection, b.providerAnswer(connection, p))
}

// providerAnswer begins a sign-in and returns the query with which the provider sends
// the browser back.
func (b *browser) providerAnswer(connection string, p *oidctest.Provider) url.Values {
	b.Helper()
	start := b.get("/sso/" + connection + "/login?via=oidc")
	if start.status != http.StatusSeeOther {
		b.Fatalf("the sign-in does not begin: %d %s\n%s", start.status, start.body, tail(b.log))
	}
	query, err := p.Authorize(start.location)
	b.must(err)
	return query
}

func (b *browser) callback(connection string, query url.Values) page {
	b.Helper()
	return b.get("/sso/" + connection + "/oidc/callback?" + query.Encode())
}

// oidcNeighbours plays the administrator of issuer B.
func oidcNeighbours(t *testing.T, l *ledger, h *harness, a, b *oidctest.Provider, before record) {
	a.User, b.User = oidctest.Attacker(), oidctest.Attacker()
	refuses := func(id, title, reason string, attack func(br *browser) page) {
		t.Run(id, func(t *testing.T) {
			br := h.on(t).browser()
			br.refused(attack(br), reason)
			br.unharmed(before)
			l.note(t, id, title, refusedFor(reason))
		})
	}
	refuses("OA06", "a sign-in at the neighbour's, answered with a code and iss of ours (mix-up)", "answer_issuer", func(br *browser) page {
		query, theirs := br.providerAnswer("other", b), br.providerAnswer("acme", a)
		query.Set("code", theirs.Get("code"))
		query.Set("iss", theirs.Get("iss"))
		return br.callback("other", query)
	})
	refuses("OA06b", "a sign-in at ours, answered at the neighbour's address", "pending", func(br *browser) page {
		return br.callback("other", br.providerAnswer("acme", a))
	})
	refuses("OA06c", "a sign-in at the neighbour's, answered with a code of ours and the neighbour's iss", "exchange", func(br *browser) page {
		query, theirs := br.providerAnswer("other", b), br.providerAnswer("acme", a)
		query.Set("code", theirs.Get("code"))
		return br.callback("other", query)
	})
	t.Run("OA04b", func(t *testing.T) {
		br := h.on(t).browser()
		b.User["sub"], b.User["email"] = oidctest.Victim()["sub"], "mallory@other.example.test"
		br.signedIn(br.signInAt("other", b), "mallory@other.example.test")
		br.unharmed(before)
		l.note(t, "OA04b", "the victim's sub, of another provider, with an address of that one's", signsIn+", there")
	})
	t.Run("OA07", func(t *testing.T) {
		br := h.on(t).browser()
		a.User["email"] = strings.ToUpper(vera)
		br.signedIn(br.signInAt("acme", a), mallory)
		if mail := br.record(mallory).Person.Profile.Email; mail != mallory {
			t.Errorf("the address is now %s", mail)
		}
		br.unharmed(before)
		l.note(t, "OA07", "a known sub takes the victim's address, verified", signsIn+", who keeps the address that was theirs")
		a.User = oidctest.Attacker()
	})
}

func oidcLeavers(t *testing.T, l *ledger) {
	onEach(t, func(h *harness, t *testing.T) {
		h, p := h.withProvider(t)
		h.conn.Domains = []string{"acme.example"}
		leavers(t, l, h, "OD", func(b *browser) page { return b.signInOIDC(p, "/") }, func(name string) {
			p.User = map[string]any{"sub": "sub-of-" + name, "email": name, "email_verified": true}
		}, func(b *browser, mail string) page {
			before := p.User["email"]
			defer func() { p.User["email"] = before }()
			p.User["email"] = mail
			return b.signInOIDC(p, "/")
		})
	})
}
