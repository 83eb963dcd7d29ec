package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
)

// begin sends a browser away, and returns what it comes back with.
func begin(t *testing.T, rp *oidc.RelyingParty, p *oidctest.Provider, user map[string]any) (oidc.Attempt, url.Values) {
	t.Helper()
	p.User = user
	attempt := oidc.NewAttempt()
	query, err := p.Authorize(rp.AuthURL(attempt, ""))
	if err != nil {
		t.Fatal(err)
	}
	return attempt, query
}

// TestAnswersOfOthers brings answers to attempts that they do not belong to.
// The provider is as careless as can be.
func TestAnswersOfOthers(t *testing.T) {
	p := oidctest.New(t, "")
	p.ReuseCodes, p.IgnoreClient = true, true
	rp := discover(t, p.Config())
	own, attackers := begin(t, rp, p, oidctest.Attacker())
	other, victims := begin(t, rp, p, oidctest.Victim())

	for _, tt := range []struct {
		name    string
		query   url.Values
		attempt oidc.Attempt
		reason  string
	}{
		{"OS03: another's answer in a browser without an attempt", attackers, oidc.Attempt{}, oidc.ReasonState},
		{"OS03: no state meets no attempt", url.Values{"code": {"c"}, "state": {""}}, oidc.Attempt{}, oidc.ReasonState},
		{"OS04: another's answer in a browser with an attempt of its own", attackers, other, oidc.ReasonState},
		{"OS04: another's code with the state of one's own", with(attackers, "state", other.State), other, oidc.ReasonExchange},
		{"OS06: the victim's code in the attacker's attempt", with(victims, "state", own.State), own, oidc.ReasonExchange},
		{"an attempt that lost its nonce", attackers, oidc.Attempt{State: own.State, Verifier: own.Verifier}, oidc.ReasonState},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rp.Callback(t.Context(), tt.query, tt.attempt)
			wantRefusal(t, err, tt.reason)
		})
	}
	p.IgnorePKCE = true
	t.Run("OS06: and the provider forgets PKCE", func(t *testing.T) {
		_, err := rp.Callback(t.Context(), with(victims, "state", own.State), own)
		wantRefusal(t, err, oidc.ReasonNonce)
	})
}

func with(query url.Values, name, value string) url.Values {
	changed := url.Values{}
	for n, values := range query {
		changed[n] = values
	}
	changed.Set(name, value)
	return changed
}

// TestMixUp brings the answer of one provider to the redirect URL of another
// (OA06, RFC 9207 §1).
func TestMixUp(t *testing.T) {
	a, b := oidctest.New(t, ""), oidctest.New(t, "")
	b.Discovery = func(d map[string]any) { delete(d, "authorization_response_iss_parameter_supported") }
	rpA, rpB := discover(t, a.Config()), discover(t, b.Config())
	_, victims := begin(t, rpA, a, oidctest.Victim())
	attempt, _ := begin(t, rpB, b, oidctest.Attacker())

	_, err := rpB.Callback(t.Context(), with(victims, "state", attempt.State), attempt)
	wantRefusal(t, err, oidc.ReasonAnswerIssuer)

	without := with(victims, "state", attempt.State)
	without.Del("iss")
	_, err = rpB.Callback(t.Context(), without, attempt)
	wantRefusal(t, err, oidc.ReasonExchange)
}

// TestTwoTabs is OI07: attempts do not know of each other.
func TestTwoTabs(t *testing.T) {
	p := oidctest.New(t, "")
	rp := discover(t, p.Config())
	var wait sync.WaitGroup
	for i := range 20 {
		attempt, query := begin(t, rp, p, map[string]any{"sub": fmt.Sprint("person-", i)})
		wait.Go(func() {
			token, err := rp.Callback(t.Context(), query, attempt)
			if err != nil || token.Subject != fmt.Sprint("person-", i) {
				t.Errorf("tab %d: %v, %v", i, token, err)
			}
		})
	}
	wait.Wait()
	if n := p.Requests("/jwks"); n != 1 {
		t.Errorf("%d requests for keys, want 1", n)
	}
}

// TestAuthURL is OI08 to OI10, and what a connection may ask for.
func TestAuthURL(t *testing.T) {
	p := oidctest.New(t, "")
	config := p.Config()
	config.Scopes = []string{"email", "groups"}
	config.Prompt = "select_account"
	config.MaxAge = time.Hour + time.Second/2
	config.ACRValues = []string{"phr", "phrh"}
	rp := discover(t, config)
	attempt := oidc.NewAttempt()
	u, err := url.Parse(rp.AuthURL(attempt, "ada+desk@acme.example"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(attempt.Verifier))
	want := url.Values{
		"client_id":             {oidctest.ClientID},
		"redirect_uri":          {oidctest.RedirectURL},
		"response_type":         {"code"},
		"response_mode":         {"query"},
		"scope":                 {"openid email groups"},
		"state":                 {attempt.State},
		"nonce":                 {attempt.Nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
		"login_hint":            {"ada+desk@acme.example"},
		"prompt":                {"select_account"},
		"max_age":               {"3600"},
		"acr_values":            {"phr phrh"},
	}
	if got := u.Query().Encode(); got != want.Encode() {
		t.Errorf("AuthURL asks\n%s\nwant\n%s", got, want.Encode())
	}
	if !strings.HasPrefix(u.String(), p.Issuer+"/authorize?") {
		t.Errorf("AuthURL leads to %s", u.Host)
	}
}

func TestAuthURLByDefault(t *testing.T) {
	p := oidctest.New(t, "")
	begin(t, discover(t, p.Config()), p, oidctest.Attacker())
	if got := p.LastRequest().Get("scope"); got != "openid profile email" {
		t.Errorf("asks for %q", got)
	}
	for _, name := range []string{"login_hint", "prompt", "max_age", "acr_values", "hd"} {
		if p.LastRequest().Has(name) {
			t.Errorf("asks with %s", name)
		}
	}
}

func TestAttemptsAreSecret(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		a := oidc.NewAttempt()
		for _, s := range []string{a.State, a.Nonce, a.Verifier} {
			if b, err := base64.RawURLEncoding.DecodeString(s); err != nil || len(b) != 32 || seen[s] {
				t.Fatalf("%q has %d bytes, or came before", s, len(b))
			}
			seen[s] = true
		}
		for _, text := range []string{fmt.Sprint(a), fmt.Sprintf("%+v", a), a.LogValue().String()} {
			if strings.Contains(text, a.State) || strings.Contains(text, a.Verifier) {
				t.Fatalf("an attempt prints its secrets: %s", text)
			}
		}
	}
}
