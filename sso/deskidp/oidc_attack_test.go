package deskidp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/deskbridge/deskbridge/provision"
)

// TestOIDCHint has a desk say who it expects.
func TestOIDCHint(t *testing.T) {
	h := newHarness(t)
	b := h.signedIn()
	_, token := b.atDesk()
	rp := h.relyingParty("support", clientSecret)
	to := rp.RedirectURL
	hinted := func(token string) string {
		return rp.AuthCodeURL("s", oauth2.SetAuthURLParam("id_token_hint", token))
	}
	b.get(hinted(token)).code(t)
	b.get(hinted(token[:len(token)-4]+"AAAA")).sentBack(t, to, "invalid_request")
	h.portal.person = h.addPerson("bo")
	h.setAccount(h.deskNamed("support"), func(a *provision.Account) { a.ID, a.Identity = "account-bo", h.portal.person.ID })
	h.signedIn().get(hinted(token)).sentBack(t, to, "login_required")
}

// TestOIDCSecretStaysOutOfAddresses has a client put its secret where logs keep
// it (RFC 6749 §2.3.1). Whoever does not show a secret rightly takes no code
// away from the desk that it was made for.
func TestOIDCSecretStaysOutOfAddresses(t *testing.T) {
	h := newHarness(t)
	rp := h.relyingParty("support", clientSecret)
	b := h.signedIn()
	code := b.get(rp.AuthCodeURL("s")).code(t)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rp.RedirectURL}}
	at := h.server.URL + "/sso/idp/oidc/token?" + url.Values{"client_id": {"support"}, "client_secret": {clientSecret}}.Encode()
	if p := b.post(at, form, false); p.status != http.StatusBadRequest || !strings.Contains(p.body, `"invalid_request"`) {
		t.Errorf("a secret in the address: %d %s", p.status, p.body)
	}
	if status, problem := h.exchange(form, "support", "wrong"); status != http.StatusUnauthorized || problem != "invalid_client" {
		t.Errorf("a wrong secret: %d %s", status, problem)
	}
	if status, problem := h.exchange(form, "support", clientSecret); status != http.StatusOK {
		t.Errorf("the desk that the code was made for: %d %s", status, problem)
	}
}

// FuzzOIDCAuthorize checks what must hold for any request: it gets an answer
// that is no error of ours, and the browser goes nowhere but to ourselves or to
// an address that is configured for the desk, which is told the issuer.
func FuzzOIDCAuthorize(f *testing.F) {
	h := newHarness(f)
	cookie := h.cookie()
	desk := url.QueryEscape(h.desk.URL + "/callback")
	for _, q := range []string{
		"client_id=support&response_type=code&scope=openid&state=s&redirect_uri=" + desk,
		"client_id=support&response_type=code&scope=openid&prompt=login&redirect_uri=" + desk,
		"client_id=support&response_type=code&scope=openid&max_age=1&redirect_uri=" + desk + "%3Fx%3D1",
		"client_id=pocket&response_type=code&scope=openid&code_challenge=x&code_challenge_method=S256&redirect_uri=" + desk,
		"client_id=support&client_id=x&redirect_uri=" + desk, "client_id=support&redirect_uri=//evil.test", "%zz", "",
	} {
		f.Add(q, true, false)
		f.Add(q, false, true)
	}
	f.Fuzz(func(t *testing.T, query string, signedIn, post bool) {
		r := httptest.NewRequest(http.MethodGet, h.server.URL+"/sso/idp/oidc/authorize", http.NoBody)
		r.URL.RawQuery = query
		if post {
			r = httptest.NewRequest(http.MethodPost, h.server.URL+"/sso/idp/oidc/authorize", strings.NewReader(query))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if signedIn {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		h.idp.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		to := w.Header().Get("Location")
		if to == "" || strings.HasPrefix(to, "/portal?") || strings.HasPrefix(to, "/sso/idp/oidc/continue?") {
			return
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if u.Query().Get("iss") != h.server.URL+"/sso/idp/oidc" {
			t.Errorf("an answer that does not say who it is from: %s", to)
		}
		base := []string{h.desk.URL + "/callback?", h.desk.URL + "/callback?x=1&"}
		if !slices.ContainsFunc(base, func(b string) bool { return strings.HasPrefix(to, b) }) {
			t.Errorf("sent to %s", to)
		}
	})
}

// FuzzOIDCToken checks what must hold for any request of somebody who does not
// know the secret and holds a good code: no token, and no error of ours.
func FuzzOIDCToken(f *testing.F) {
	h := newHarness(f)
	rp := h.relyingParty("support", clientSecret)
	code := h.signedIn().get(rp.AuthCodeURL("s")).code(f)
	good := "grant_type=authorization_code&code=" + code + "&redirect_uri=" + url.QueryEscape(rp.RedirectURL)
	for _, form := range []string{good, good + "&client_id=support", good + "&client_id=support&client_secret=", good + "&client_id=support&client_secret=x&client_secret=y",
		good + "&client_id=pocket", good + "&client_assertion_type=x", good + "&client_id=support%00", "grant_type=password", "%zz", ""} {
		f.Add(form, "", "")
		f.Add(form, "support", "")
		f.Add(form, "pocket", "x")
	}
	f.Fuzz(func(t *testing.T, form, user, password string) {
		if strings.Contains(form, clientSecret) || password == clientSecret {
			return // whoever knows the secret is let in
		}
		r := httptest.NewRequest(http.MethodPost, h.server.URL+"/sso/idp/oidc/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if user != "" {
			r.SetBasicAuth(user, password)
		}
		w := httptest.NewRecorder()
		h.idp.ServeHTTP(w, r)
		if w.Code < http.StatusBadRequest || w.Code >= http.StatusInternalServerError || strings.Contains(w.Body.String(), "_token\":") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
