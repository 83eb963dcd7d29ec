package idptest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/idptest"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
)

// relyingParty takes any answer that a browser brings, and any logout token.
type relyingParty struct {
	url     string
	answers chan url.Values
	logouts chan string
}

func newRelyingParty(t *testing.T) relyingParty {
	t.Helper()
	r := relyingParty{answers: make(chan url.Values, 8), logouts: make(chan string, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, req *http.Request) {
		r.answers <- req.URL.Query()
		fmt.Fprint(w, "the answer came")
	})
	mux.HandleFunc("POST /logout", func(_ http.ResponseWriter, req *http.Request) { r.logouts <- req.FormValue("logout_token") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r relyingParty) client() idptest.Client {
	return idptest.Client{RedirectURL: r.url + "/callback", BackChannelLogoutURL: r.url + "/logout"}
}

// claims are what the tests look at of an ID token.
type claims struct {
	Subject  string   `json:"sub"`
	Email    string   `json:"email"`
	Verified bool     `json:"email_verified"`
	Name     string   `json:"name"`
	Groups   []string `json:"groups"`
	Session  string   `json:"sid"`
}

// oidcSignIn signs somebody in in b, by the form of the provider, which calls
// them login, and returns what it says of them.
func oidcSignIn(t *testing.T, b *browsertest.Browser, rp relyingParty, issuer string, made idptest.Credentials, login, password string) (c claims, answer url.Values) {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: made.ID, ClientSecret: made.Secret, Endpoint: provider.Endpoint(), RedirectURL: rp.url + "/callback",
		Scopes: []string{"openid", "profile", "email", "groups"}}
	verifier := oauth2.GenerateVerifier()
	b.Open(config.AuthCodeURL("a-state", oidc.Nonce("a-nonce"), oauth2.S256ChallengeOption(verifier)))
	b.SignIn(login, "wrong")
	b.SignIn(login, password)
	b.UntilSees("the answer came")
	answer = <-rp.answers
	if answer.Get("state") != "a-state" || answer.Get("code") == "" {
		t.Fatalf("answer = %v, want our state and a code", answer)
	}
	token, err := config.Exchange(context.Background(), answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		t.Fatal("no ID token")
	}
	id, err := provider.Verifier(&oidc.Config{ClientID: made.ID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if id.Nonce != "a-nonce" {
		t.Errorf("nonce = %q", id.Nonce)
	}
	if err := id.Claims(&c); err != nil {
		t.Fatal(err)
	}
	return c, answer
}

func TestOIDCProvider(t *testing.T) {
	alice, _, eve := idptest.Staff("corp.example")
	op := idptest.NewOIDCProvider(t, alice, eve)
	rp := newRelyingParty(t)
	made := op.Trust(rp.client())
	b := browsertest.New(t)

	got, answer := oidcSignIn(t, b, rp, op.Issuer, made, alice.Login, alice.Password)
	want := claims{alice.Subject(), alice.Email, true, alice.Name(), alice.Groups, got.Session}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims of Alice (-want +got):\n%s", diff)
	}
	if answer.Get("iss") != op.Issuer {
		t.Errorf("iss = %q, want %q", answer.Get("iss"), op.Issuer)
	}

	b.Open(op.SignOut())
	b.Click(`button[value="yes"]`)
	b.UntilSees("You are signed out")
	select {
	case token := <-rp.logouts:
		if token == "" {
			t.Error("the logout token is empty")
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("no logout token came")
	}

	got, _ = oidcSignIn(t, b, rp, op.Issuer, made, eve.Login, eve.Password)
	if got.Verified || got.Email != eve.Email || len(got.Groups) > 0 {
		t.Errorf("claims of Eve = %+v, want no verified address and no groups", got)
	}
}

func TestDex(t *testing.T) {
	alice, _, eve := idptest.Staff("corp.example")
	op := idptest.NewDex(t, alice, eve)
	rp := newRelyingParty(t)
	made := op.Trust(rp.client())

	got, _ := oidcSignIn(t, browsertest.New(t), rp, op.Issuer, made, alice.Email, alice.Password)
	if got.Subject == "" || got.Email != alice.Email || !got.Verified || got.Name != alice.Name() || !cmp.Equal(got.Groups, alice.Groups) {
		t.Errorf("claims of Alice = %+v, want those of %+v", got, alice)
	}
	got, _ = oidcSignIn(t, browsertest.New(t), rp, op.Issuer, made, eve.Email, eve.Password)
	if got.Verified || got.Email != eve.Email {
		t.Errorf("claims of Eve = %+v, want no verified address", got)
	}
}

func TestLemonLDAPOverOIDC(t *testing.T) {
	_, bob, _ := idptest.Staff("corp.example")
	idp := idptest.NewLemonLDAP(t, bob)
	rp := newRelyingParty(t)
	made := idp.TrustClient(rp.client())
	got, _ := oidcSignIn(t, browsertest.New(t), rp, idp.URL, made, bob.Login, bob.Password)
	slices.Sort(got.Groups)
	want := claims{Subject: bob.Login, Email: bob.Email, Verified: true, Name: bob.Name(), Groups: []string{"support-admins", "support-agents"}, Session: got.Session}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}
