package deskidp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/deskidp"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// claimsOf reads the claims of an ID token that has been verified elsewhere.
func claimsOf(token *oauth2.Token, into any) error {
	raw, _ := token.Extra("id_token").(string)
	signed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return err
	}
	return signed.UnsafeClaimsWithoutVerification(into)
}

// atDesk signs the person in to the desk by OpenID Connect, and returns the sid
// and the ID token.
func (b *browser) atDesk() (sid, idToken string) {
	b.Helper()
	rp := b.relyingParty("support", clientSecret)
	token, err := rp.Exchange(b.Context(), b.get(rp.AuthCodeURL("s")).code(b))
	b.must(err)
	var claims idClaims
	b.must(claimsOf(token, &claims))
	raw, _ := token.Extra("id_token").(string)
	return claims.SessionID, raw
}

// notices returns the logout tokens that the desk was sent, verified.
func (h *harness) notices() (sids []string) {
	h.Helper()
	verifier := h.relyingParty("support", "").Verifier(&oidc.Config{ClientID: "support"})
	for {
		select {
		case form := <-h.desk.posts:
			token, err := verifier.VerifyLogout(h.Context(), form.Get("logout_token"))
			h.must(err)
			if token.Subject != string(h.person.ID) {
				h.Errorf("sub = %q, want the person's id", token.Subject)
			}
			sids = append(sids, token.SessionID)
		default:
			return sids
		}
	}
}

func TestDesksGetLogoutNotices(t *testing.T) {
	signOut := func(t *testing.T, h *harness, session provision.SessionID) {
		_, err := h.core.Sessions.EndSessions(t.Context(), cause, provision.SessionFilter{ID: session}, provision.EndedBySignOut)
		h.must(err)
	}
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, h *harness, session provision.SessionID)
		why    desksession.End // "": nothing ends
	}{
		{"nothing happened", func(*testing.T, *harness, provision.SessionID) {}, ""},
		{"a sign-out", signOut, desksession.EndedWithSession},
		{"a suspension", func(_ *testing.T, h *harness, _ provision.SessionID) { h.suspend() }, desksession.EndedByLeaving},
		{"a suspension long after the session ran out", func(t *testing.T, h *harness, _ provision.SessionID) {
			h.must(h.store.SweepSignIns(t.Context(), time.Now().AddDate(1, 0, 0), time.Now().AddDate(1, 0, 0)))
			h.must(h.idp.Keep(t.Context(), false))
			if notices := h.notices(); notices != nil {
				t.Errorf("told when the session ran out: %v", notices)
			}
			h.suspend()
		}, desksession.EndedByLeaving},
		{"access is lost", func(_ *testing.T, h *harness, _ provision.SessionID) {
			h.setAccount(h.deskNamed("support"), func(a *provision.Account) { a.EndingSince = new(time.Now()) })
		}, desksession.EndedByAccess},
		{"a new sign-in in the same browser", func(t *testing.T, h *harness, session provision.SessionID) {
			sessions, err := h.core.Sessions.Sessions(t.Context(), provision.SessionFilter{}, 0)
			h.must(err)
			if len(sessions) != 1 || sessions[0].ID == session {
				t.Errorf("sessions = %+v", sessions)
			}
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				h := harnessOn(t, s)
				b := h.signedIn()
				sid, _ := b.atDesk()
				sessions, err := h.core.Sessions.Sessions(t.Context(), provision.SessionFilter{}, 0)
				h.must(err)
				if strings.HasPrefix(tt.name, "a new sign-in") {
					b.get(h.server.URL + "/portal?return_to=/sso/idp/static/post.js")
				}
				tt.change(t, h, sessions[0].ID)
				h.must(h.idp.Keep(t.Context(), false))
				notices := h.notices()
				if tt.why == "" {
					if notices != nil {
						t.Errorf("told %v, want nothing", notices)
					}
					return
				}
				if len(notices) != 1 || notices[0] != sid {
					t.Errorf("told %v, want %s", notices, sid)
				}
				h.must(h.idp.Keep(t.Context(), false))
				if again := h.notices(); again != nil {
					t.Errorf("told again: %v", again)
				}
				ended := h.audited("desk_session.ended")
				if len(ended) != 1 || ended[0].Detail["why"] != string(tt.why) || len(h.audited("desk_session.notified")) != 1 {
					t.Errorf("audit: %+v", ended)
				}
			})
		})
	}
}

func TestLogoutNoticeIsTriedAgain(t *testing.T) {
	h := newHarness(t)
	sid, _ := h.signedIn().atDesk()
	h.desk.status = http.StatusServiceUnavailable
	h.suspend()
	h.must(h.idp.Keep(t.Context(), false))
	if notices := h.notices(); len(notices) != 1 {
		t.Fatalf("tried %d times, want once", len(notices))
	}
	deskSession, err := h.core.DeskSessions.Session(t.Context(), provision.DeskSessionID(sid))
	h.must(err)
	if deskSession.NotifyAt == nil || deskSession.Attempts != 1 || len(h.audited("desk_session.notified")) != 0 {
		t.Fatalf("after a failure: %+v", deskSession)
	}
	h.desk.status = http.StatusNoContent
	deskSession.NotifyAt = new(time.Now().Add(-time.Minute))
	h.must(h.store.SaveDeskSession(t.Context(), deskSession))
	h.must(h.idp.Keep(t.Context(), false))
	if notices := h.notices(); len(notices) != 1 || len(h.audited("desk_session.notified")) != 1 {
		t.Errorf("the second time: %v", notices)
	}

	deskSession, err = h.core.DeskSessions.Session(t.Context(), provision.DeskSessionID(sid))
	h.must(err)
	deskSession.NotifyAt, deskSession.Attempts = new(time.Now().Add(-time.Minute)), 99
	h.must(h.store.SaveDeskSession(t.Context(), deskSession))
	h.desk.status = http.StatusBadRequest
	h.must(h.idp.Keep(t.Context(), false))
	if given := h.audited("desk_session.not_notified"); len(given) != 1 || !strings.Contains(given[0].Detail["problem"].(string), "400") {
		t.Errorf("giving up: %+v", given)
	}
}

// TestReplicasSendOneLogoutNotice has twenty of them look at the same time.
func TestReplicasSendOneLogoutNotice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := harnessOn(t, s)
		want := make(map[string]bool)
		for range 5 {
			sid, _ := h.signedIn().atDesk()
			want[sid] = true
		}
		h.suspend()
		errs := make([]error, 20)
		var group sync.WaitGroup
		for i := range errs {
			replica := h.replica()
			group.Go(func() { errs[i] = replica.Keep(t.Context(), false) })
		}
		group.Wait()
		h.must(errors.Join(errs...))
		notices := h.notices()
		for _, sid := range notices {
			delete(want, sid)
		}
		if len(notices) != 5 || len(want) != 0 {
			t.Errorf("told %d times, %d never", len(notices), len(want))
		}
	})
}

// TestDeskThatHangsKeepsNobodyWaiting has many sessions end at a desk that
// answers no logout notice, before those at a desk that does.
func TestDeskThatHangsKeepsNobodyWaiting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := harnessOn(t, s)
		slow := h.addDesk("slow", protocol.DeskSignIn{OIDC: &protocol.DeskOIDC{ClientID: "slow", Public: true,
			RedirectURIs: []string{h.desk.URL + "/callback"}, BackchannelLogoutURL: h.desk.URL + "/hangs"}})
		long := time.Now().Add(-time.Minute)
		const waiting = 40
		for range waiting {
			h.must(h.store.SaveDeskSession(t.Context(), desksession.Session{ID: provision.NewID[provision.DeskSessionID](), Session: provision.NewID[provision.SessionID](),
				Identity: h.person.ID, Connection: h.conn.ID, Desk: slow.ID, Protocol: provision.ProtocolOIDC, CreatedAt: long, SeenAt: long,
				EndedAt: &long, Reason: desksession.EndedWithSession, NotifyAt: &long}))
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.idp.Run(ctx) }()
		defer func() {
			stop()
			h.must(<-done)
		}()
		for h.desk.hung.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		for range 2 {
			sid, _ := h.signedIn().atDesk()
			_, err := h.core.Sessions.EndSessions(t.Context(), cause, provision.SessionFilter{Identity: h.person.ID}, provision.EndedBySignOut)
			h.must(err)
			ended := func() bool {
				d, err := h.core.DeskSessions.Session(t.Context(), provision.DeskSessionID(sid))
				h.must(err)
				return d.EndedAt != nil
			}
			var notices []string // before the desk that hangs has had all of its own
			for h.desk.hung.Load() < waiting && (notices == nil || !ended()) {
				time.Sleep(20 * time.Millisecond)
				notices = append(notices, h.notices()...)
			}
			if !ended() {
				t.Error("a session that was signed out goes on at the desk, because another desk hangs")
			}
			if len(notices) != 1 || notices[0] != sid {
				t.Errorf("told %v, want %s", notices, sid)
			}
		}
	})
}

func TestOnlyWhereDesksMayBeReached(t *testing.T) {
	h := newHarness(t)
	h.signedIn().atDesk()
	h.suspend()
	strict, err := deskidp.New(deskidpCore(h.core), deskidp.Options{PublicURL: h.server.URL, Log: quiet, Portal: h.portal})
	h.must(err)
	h.must(strict.Keep(t.Context(), false))
	if notices := h.notices(); notices != nil {
		t.Error("a private address was asked over http")
	}
}

func TestEndSession(t *testing.T) {
	h := newHarness(t)
	at := h.server.URL + "/sso/idp/oidc/end-session?"
	bye := h.desk.URL + "/bye"
	live := func(h *harness) int {
		h.Helper()
		sessions, err := h.core.Sessions.Sessions(h.Context(), provision.SessionFilter{}, 0)
		h.must(err)
		return len(sessions)
	}
	t.Run("with an ID token of this session", func(t *testing.T) {
		h := h.with(t)
		b := h.signedIn()
		sid, token := b.atDesk()
		p := b.get(at + url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {bye}, "state": {"a&b"}}.Encode())
		if p.location == nil || p.location.String() != bye+"?state=a%26b" || live(h) != 0 {
			t.Errorf("sent to %v with %d sessions left", p.location, live(h))
		}
		h.must(h.idp.Keep(t.Context(), false))
		if notices := h.notices(); len(notices) != 1 || notices[0] != sid {
			t.Errorf("told %v, want %s", notices, sid)
		}
		if p := b.get(at + url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {bye}}.Encode()); p.location == nil || p.location.String() != bye {
			t.Errorf("somebody who is signed out: %d %v", p.status, p.location)
		}
	})
	t.Run("by a form of the desk", func(t *testing.T) { // from elsewhere: no cookie comes with it
		h := h.with(t)
		b := h.signedIn()
		sid, token := b.atDesk()
		form := url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {bye}, "state": {"s1"}}
		p := b.post(strings.TrimSuffix(at, "?"), form, true)
		if p.location == nil || p.location.String() != bye+"?state=s1" || live(h) != 0 {
			t.Errorf("sent to %v with %d sessions left", p.location, live(h))
		}
		rp := h.relyingParty("support", clientSecret)
		b.get(rp.AuthCodeURL("s", oauth2.SetAuthURLParam("prompt", "none"))).sentBack(t, rp.RedirectURL, "login_required")
		h.must(h.idp.Keep(t.Context(), false))
		if notices := h.notices(); len(notices) != 1 || notices[0] != sid {
			t.Errorf("notices %v, want %s", notices, sid)
		}
		if p := b.post(strings.TrimSuffix(at, "?"), form, true); p.location == nil || p.location.String() != bye+"?state=s1" {
			t.Errorf("somebody who is signed out: %d %v", p.status, p.location)
		}
	})
	t.Run("by a form, with an ID token of another session or none, the person is asked", func(t *testing.T) {
		h := h.with(t)
		_, token := h.signedIn().atDesk()
		b := h.signedIn()
		for _, form := range []url.Values{{"id_token_hint": {token}, "post_logout_redirect_uri": {bye}}, {"client_id": {"support"}, "post_logout_redirect_uri": {bye}}, {}} {
			b.post(strings.TrimSuffix(at, "?"), form, true).form(t)
		}
		if live(h) != 2 {
			t.Errorf("%d sessions, want 2", live(h))
		}
		_, fields := b.post(strings.TrimSuffix(at, "?"), url.Values{"client_id": {"support"}, "post_logout_redirect_uri": {bye}}, true).form(t)
		if p := b.post(strings.TrimSuffix(at, "?"), fields, false); p.location == nil || p.location.String() != bye || live(h) != 1 {
			t.Errorf("after yes: %d %v, %d sessions", p.status, p.location, live(h))
		}
		_, err := h.core.Sessions.EndSessions(t.Context(), cause, provision.SessionFilter{Identity: h.person.ID}, provision.EndedBySignOut)
		h.must(err)
		h.must(h.idp.Keep(t.Context(), false))
		h.notices()
	})
	t.Run("a request that is not pending", func(t *testing.T) {
		h := h.with(t)
		if p := h.browser().get(at + "request=guess"); p.status != http.StatusBadRequest || p.body != "failed: pending" {
			t.Errorf("%d %s", p.status, p.body)
		}
	})
	t.Run("without one the person is asked", func(t *testing.T) {
		h := h.with(t)
		b := h.signedIn()
		p := b.get(at + url.Values{"client_id": {"support"}, "post_logout_redirect_uri": {bye}}.Encode())
		_, fields := p.form(t)
		if live(h) != 1 {
			t.Fatal("signed out without being asked")
		}
		elsewhere := h.signedIn()
		if p := elsewhere.post(strings.TrimSuffix(at, "?"), fields, false); p.status != http.StatusBadRequest || live(h) != 2 {
			t.Errorf("the answer of another browser: %d, %d sessions", p.status, live(h))
		}
		_, fields = b.get(at + "client_id=support&post_logout_redirect_uri=" + url.QueryEscape(bye)).form(t)
		if p := b.post(strings.TrimSuffix(at, "?"), fields, false); p.location == nil || p.location.String() != bye || live(h) != 1 {
			t.Errorf("after yes: %d %v, %d sessions", p.status, p.location, live(h))
		}
		_, err := h.core.Sessions.EndSessions(t.Context(), cause, provision.SessionFilter{Identity: h.person.ID}, provision.EndedBySignOut)
		h.must(err)
	})
	t.Run("with an ID token of another session the person is asked", func(t *testing.T) {
		h := h.with(t)
		_, token := h.signedIn().atDesk()
		b := h.signedIn()
		b.get(at + url.Values{"id_token_hint": {token}}.Encode()).form(t)
		if live(h) != 2 {
			t.Errorf("%d sessions, want 2", live(h))
		}
	})
	t.Run("only to configured addresses, by good tokens", func(t *testing.T) {
		h := h.with(t)
		b := h.signedIn()
		_, token := b.atDesk()
		parts := strings.Split(token, ".")
		var claims map[string]any
		h.must(claimsOf((&oauth2.Token{}).WithExtra(map[string]any{"id_token": token}), &claims))
		key, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))}, nil)
		h.must(err)
		forged, err := jwt.Signed(key).Claims(claims).Serialize()
		h.must(err)
		payload, err := json.Marshal(claims)
		h.must(err)
		none := strings.Join([]string{encode(`{"alg":"none"}`), encode(string(payload)), ""}, ".")
		for name, q := range map[string]url.Values{
			"another address":           {"id_token_hint": {token}, "post_logout_redirect_uri": {"https://evil.test"}},
			"a longer address":          {"id_token_hint": {token}, "post_logout_redirect_uri": {bye + "/more"}},
			"an address of nobody":      {"post_logout_redirect_uri": {bye}},
			"an address of another":     {"client_id": {publicClient}, "post_logout_redirect_uri": {bye}},
			"another client's token":    {"id_token_hint": {token}, "client_id": {publicClient}},
			"a forged token":            {"id_token_hint": {forged}, "post_logout_redirect_uri": {bye}},
			"a token that nobody signs": {"id_token_hint": {none}, "post_logout_redirect_uri": {bye}},
			"a changed token":           {"id_token_hint": {parts[0] + "." + encode(`{"sub":"x"}`) + "." + parts[2]}},
		} {
			if p := b.get(at + q.Encode()); p.status != http.StatusBadRequest || p.location != nil {
				t.Errorf("%s: %d %v", name, p.status, p.location)
			}
			if p := b.post(strings.TrimSuffix(at, "?"), q, true); p.status != http.StatusBadRequest || p.location != nil {
				t.Errorf("%s, by a form: %d %v", name, p.status, p.location)
			}
		}
	})
}
