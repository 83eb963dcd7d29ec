package oidc_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
)

// TestProviderErrors hands on the provider's own codes, and nothing that the
// browser may have made up.
func TestProviderErrors(t *testing.T) {
	p := oidctest.New(t, "")
	rp := discover(t, p.Config())
	for sent, shown := range map[string]string{
		"access_denied":        "access_denied",
		"login_required":       "login_required",
		"invalid_scope":        "invalid_scope",
		"server_error":         "server_error",
		"vendor.error-7":       "vendor.error-7",
		"":                     "",
		"Wort mit Leerzeichen": "",
		"<b>":                  "",
		"a\nb":                 "",
	} {
		p.Answer = func(q url.Values) {
			q.Del("code")
			q.Del("iss") // which some leave out of errors
			q.Set("error", sent)
		}
		_, err := signIn(t, rp, p)
		wantRefusal(t, err, oidc.ReasonProviderError)
		if refusal, _ := errors.AsType[*oidc.Refusal](err); refusal.Code != shown {
			t.Errorf("%q is shown as %q, want %q", sent, refusal.Code, shown)
		}
	}
}

// TestExchangeErrors does the same for the token end point.
func TestExchangeErrors(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"a wrong secret", `{"error":"invalid_client","error_description":"secret abc of ada@acme.example"}`, 401, "invalid_client"},
		{"a used code", `{"error":"invalid_grant"}`, 400, "invalid_grant"},
		{"an error with status 200", `{"error":"invalid_grant"}`, 200, "invalid_grant"},
		{"a page", `<html>mallory</html>`, 500, ""},
		{"no access token", `{"id_token":"eyJ"}`, 200, ""},
		{"nothing", ``, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := oidctest.New(t, "")
			p.Handle["/token"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}
			_, err := signIn(t, discover(t, p.Config()), p)
			wantRefusal(t, err, oidc.ReasonExchange)
			wantNoSecrets(t, err.Error())
			if refusal, _ := errors.AsType[*oidc.Refusal](err); refusal.Code != tt.code {
				t.Errorf("code %q, want %q", refusal.Code, tt.code)
			}
		})
	}
}

// TestSignedUserInfo reads userinfo that is a JWT (OpenID Connect Core §5.3.2).
func TestSignedUserInfo(t *testing.T) {
	p := oidctest.New(t, "")
	config := p.Config()
	config.UserInfo = true
	rp := discover(t, config)
	signer := p.Key
	p.Handle["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwt")
		_, _ = w.Write([]byte(signer.Sign(map[string]any{"sub": p.User["sub"], "locale": "nb"})))
	}
	token, err := signIn(t, rp, p)
	if err != nil || token.Locale != "nb" {
		t.Fatalf("%+v, %v", token, err)
	}
	signer = oidctest.AttackerKey(p.Key.ID)
	_, err = signIn(t, rp, p)
	wantRefusal(t, err, oidc.ReasonUserInfo)
}

// TestUserInfoErrors refuses a sign-in whose claims cannot be completed.
func TestUserInfoErrors(t *testing.T) {
	for _, body := range []string{``, `[]`, `null`, `<html>`, `{"sub":"a","sub":"subject-of-mallory"}`} {
		p := oidctest.New(t, "")
		p.Handle["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
		config := p.Config()
		config.UserInfo = true
		_, err := signIn(t, discover(t, config), p)
		wantRefusal(t, err, oidc.ReasonUserInfo)
		wantNoSecrets(t, err.Error())
	}
}

// TestLogoutIsRemembered for long enough, and not for as long as the provider
// likes.
func TestLogoutIsRemembered(t *testing.T) {
	p := oidctest.New(t, "")
	rp := discover(t, p.Config())
	now := time.Now()
	for lifetime, want := range map[time.Duration]time.Duration{2 * time.Minute: 2 * time.Minute, 365 * 24 * time.Hour: oidc.MaxTokenAge} {
		p.Logout = func(c map[string]any) { c["iat"], c["exp"] = now.Unix(), now.Add(lifetime).Unix() }
		logout, err := rp.LogoutToken(t.Context(), p.LogoutToken("s", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := logout.Expires.Sub(now); got < want || got > want+2*time.Second {
			t.Errorf("a token for %s is remembered for %s, want %s", lifetime, got, want)
		}
	}
}
