package oidc_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
)

// TestCases runs every attack and every unusual good sign-in against the
// protocol, and insists on the reason of each refusal.
func TestCases(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range oidctest.Cases() {
		if seen[c.ID] {
			t.Errorf("two cases are called %s", c.ID)
		}
		seen[c.ID] = true
		t.Run(c.ID+" "+c.Title, func(t *testing.T) {
			p := oidctest.New(t, "")
			err := run(t, c, p)
			if c.Accept {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
			} else {
				wantRefusal(t, err, c.Reason)
				wantNoSecrets(t, fmt.Sprint(err))
			}
			if n := p.Requests("forbidden"); n > 0 {
				t.Errorf("%d requests went to where nobody may ask", n)
			}
		})
	}
}

// run plays one case and returns what the relying party says.
func run(t *testing.T, c oidctest.Case, p *oidctest.Provider) error {
	t.Helper()
	if c.Part == oidctest.Discovery {
		c.Set(p)
		rp, err := oidc.Discover(t.Context(), p.Config())
		if err != nil {
			return err
		}
		_, err = signIn(t, rp, p)
		return err
	}
	config := p.Config()
	config.UserInfo = c.UserInfo
	rp := discover(t, config)
	good, err := signIn(t, rp, p)
	if err != nil {
		t.Fatalf("the good sign-in before: %v", err)
	}
	c.Set(p)
	if c.Part == oidctest.Logout {
		logout, err := rp.LogoutToken(t.Context(), p.LogoutToken(good.Subject, good.SID))
		if err == nil && (logout.JTI == "" || logout.Expires.IsZero() || logout.Issuer != p.Issuer || logout.Subject == "" && logout.SID == "") {
			t.Errorf("LogoutToken: %+v", logout)
		}
		return err
	}
	token, err := signIn(t, rp, p)
	if err != nil {
		return err
	}
	checkToken(t, c, p, token)
	return nil
}

// checkToken checks what must hold of everybody who is let in.
func checkToken(t *testing.T, c oidctest.Case, p *oidctest.Provider, token *oidc.Token) {
	t.Helper()
	victim := oidctest.Victim()
	if token.Issuer != p.Issuer || token.Subject != p.User["sub"] {
		t.Errorf("signed in %s of %s, not %s", token.Subject, token.Issuer, p.User["sub"])
	}
	if token.Email == victim["email"] && token.EmailVerified && !c.Other {
		t.Errorf("the victim's address counts as verified for %s", token.Subject)
	}
	switch c.ID {
	case "OI04", "OI04b":
		if !token.GroupsOverage || token.GroupsPresent {
			t.Errorf("GroupsOverage = %t, GroupsPresent = %t", token.GroupsOverage, token.GroupsPresent)
		}
	case "OI05":
		if len(token.Groups) != 300 || token.Groups[299] != "Förderung/日本/299" || !token.EmailVerified || token.GroupsOverage || token.Name != "Žofie Ångström 李" {
			t.Errorf("%d groups, verified %t, overage %t, name %q", len(token.Groups), token.EmailVerified, token.GroupsOverage, token.Name)
		}
	}
}

func discover(t testing.TB, config oidc.Config) *oidc.RelyingParty {
	t.Helper()
	rp, err := oidc.Discover(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

// signIn plays a whole sign-in with one browser.
func signIn(t testing.TB, rp *oidc.RelyingParty, p *oidctest.Provider) (*oidc.Token, error) {
	t.Helper()
	attempt := oidc.NewAttempt()
	query, err := p.Authorize(rp.AuthURL(attempt, ""))
	if err != nil {
		t.Fatal(err)
	}
	return rp.Callback(t.Context(), query, attempt)
}

// wantRefusal insists on a refusal with reason. Several will do where it is not
// ours to say which.
func wantRefusal(t testing.TB, err error, reasons ...string) {
	t.Helper()
	refusal, is := errors.AsType[*oidc.Refusal](err)
	if !is {
		t.Fatalf("not refused, want %q: %v", reasons, err)
	}
	if !slices.Contains(reasons, refusal.Reason) {
		t.Errorf("refused with %q, want %q: %v", refusal.Reason, reasons, err)
	}
	if refusal.Detail == "" {
		t.Errorf("refused without a word to the admin: %q", refusal.Reason)
	}
}

// wantNoSecrets looks for what must be in no error and in no log line: people,
// tokens, and what the browser sent.
func wantNoSecrets(t testing.TB, text string) {
	t.Helper()
	for _, secret := range []string{"mallory", "vera@", "subject-of", "a secret", "eyJ", "<", "alert", "password@"} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}
