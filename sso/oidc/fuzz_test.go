package oidc_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
)

// attempt is the one that all fuzzed answers are answers to.
var attempt = oidc.Attempt{State: "state", Nonce: "nonce", Verifier: "verifier-verifier-verifier-verifier-verifier"}

// FuzzCallback lets the browser bring back anything, and the provider sign any
// claims. Whoever is let in has brought the state and a code, each once, and is
// whom the provider has named in a token for us, this attempt and this hour,
// as another reader of JSON reads it. What is refused is a Refusal.
func FuzzCallback(f *testing.F) {
	good := string(encode(f, memoryClaims(attempt)))
	for _, query := range []string{"code=c&state=state", "code=c&state=state&iss=https://idp.example", "state=state&error=access_denied", "state=state&state=state&code=c"} {
		f.Add(query, "JWT", good)
	}
	f.Add("code=c&state=state", "at+jwt", good)
	f.Add("code=c&state=state", "", strings.Replace(good, `"sub"`, `"SUB":"v","sub"`, 1))
	f.Add("code=c&state=state", "", strings.Replace(good, `"s"`, `"\u0073"`, 1))
	f.Add("code=c&state=state", "", `{}`)
	key := oidctest.NewEdDSA()
	provider, rp := inMemory(f, key)

	f.Fuzz(func(t *testing.T, rawQuery, typ, claims string) {
		query, err := url.ParseQuery(rawQuery)
		if err != nil {
			return
		}
		header := key.Header()
		header["typ"] = typ
		provider.answer(t, oidctest.Forge(header, claims, key.Signature))
		token, err := rp.Callback(t.Context(), query, attempt)
		if err != nil {
			wantSomeRefusal(t, err)
			return
		}
		for name, values := range query {
			if len(values) != 1 {
				t.Errorf("accepted %s %d times", name, len(values))
			}
		}
		if query.Get("state") != attempt.State || query.Get("code") == "" || query.Has("error") || query.Has("iss") && query.Get("iss") != memoryIssuer {
			t.Errorf("accepted the answer %q", rawQuery)
		}
		said := read(t, claims)
		checkAccepted(t, said)
		if said["nonce"] != attempt.Nonce || token.Subject == "" || said["sub"] != token.Subject || said["events"] != nil {
			t.Errorf("signed in %q with %s", token.Subject, claims)
		}
		if token.EmailVerified && said["email_verified"] != true && said["email_verified"] != "true" {
			t.Errorf("an address counts as verified with %s", claims)
		}
	})
}

// FuzzLogoutToken lets the provider sign any claims, and others any token.
func FuzzLogoutToken(f *testing.F) {
	claims := memoryClaims(attempt)
	delete(claims, "nonce")
	claims["jti"] = "j"
	claims["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
	key := oidctest.NewEdDSA()
	f.Add("logout+jwt", string(encode(f, claims)), "")
	f.Add("JWT", string(encode(f, memoryClaims(attempt))), "")
	f.Add("", `{"events":{}}`, oidctest.AttackerKey("k").Sign(claims))
	f.Add("", "", `{"payload":"e30","protected":"e30","signature":""}`)
	_, rp := inMemory(f, key)

	f.Fuzz(func(t *testing.T, typ, claims, foreign string) {
		if _, err := rp.LogoutToken(t.Context(), foreign); err == nil {
			t.Errorf("accepted %q, which the provider has not signed", foreign)
		}
		header := key.Header()
		header["typ"] = typ
		logout, err := rp.LogoutToken(t.Context(), oidctest.Forge(header, claims, key.Signature))
		if err != nil {
			wantSomeRefusal(t, err)
			return
		}
		said := read(t, claims)
		checkAccepted(t, said)
		_, nonce := said["nonce"]
		if nonce || logout.JTI == "" || said["jti"] != logout.JTI || logout.Subject+logout.SID == "" || said["events"] == nil {
			t.Errorf("accepted %s as %+v", claims, logout)
		}
		if !logout.Expires.After(noon) || logout.Expires.After(noon.Add(oidc.MaxTokenAge+oidc.DefaultSkew+2e9)) {
			t.Errorf("to be remembered until %s", logout.Expires)
		}
	})
}

// FuzzDiscovery lets the provider say anything of itself. What is accepted is
// the issuer that was asked for, and leads nobody off https.
func FuzzDiscovery(f *testing.F) {
	provider, _ := inMemory(f, oidctest.NewEdDSA())
	good := string(provider.discovery)
	f.Add(good)
	f.Add(good[:len(good)-1] + `,"end_session_endpoint":"javascript:alert(1)"}`)
	f.Add(good[:len(good)-1] + `,"end_session_endpoint":"https://idp.example/bye?a=b"}`)
	f.Add(strings.ReplaceAll(good, "https", "http"))
	f.Add(good[:len(good)-1] + `,"id_token_signing_alg_values_supported":["none"]}`)
	f.Add(`[]`)

	f.Fuzz(func(t *testing.T, document string) {
		rp, err := oidc.Discover(t.Context(), memoryConfig(&memory{discovery: []byte(document)}))
		if err != nil {
			wantSomeRefusal(t, err)
			return
		}
		if rp.Issuer() != memoryIssuer || read(t, document)["issuer"] != memoryIssuer {
			t.Errorf("accepted the issuer %q from %s", rp.Issuer(), document)
		}
		addresses := []string{rp.AuthURL(attempt, "ada@acme.example")}
		if end, ok := rp.EndSessionURL("hint", "https://deskbridge.example/", "s"); ok {
			addresses = append(addresses, end)
		}
		for _, address := range addresses {
			if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
				t.Errorf("a browser would be sent to %q", address)
			}
		}
	})
}

// read reads an object with the reader that most programs have.
func read(t *testing.T, text string) map[string]any {
	t.Helper()
	var said map[string]any
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		t.Fatalf("accepted what is no JSON: %s", text)
	}
	return said
}

// checkAccepted checks what ID tokens and logout tokens have in common.
func checkAccepted(t *testing.T, said map[string]any) {
	t.Helper()
	audience, several := said["aud"].([]any)
	exp, _ := said["exp"].(float64)
	iat, _ := said["iat"].(float64)
	switch {
	case said["iss"] != memoryIssuer,
		several && !slices.Contains(audience, any(oidctest.ClientID)),
		!several && said["aud"] != oidctest.ClientID,
		exp <= float64(noon.Unix()),
		iat < float64(noon.Add(-oidc.MaxTokenAge).Unix()), iat > float64(noon.Add(oidc.DefaultSkew).Unix())+1:
		t.Errorf("accepted %v", said)
	}
}

func wantSomeRefusal(t *testing.T, err error) {
	t.Helper()
	if refusal, is := errors.AsType[*oidc.Refusal](err); !is || refusal.Reason == "" || refusal.Detail == "" {
		t.Errorf("no refusal with reason and detail: %v", err)
	}
}
