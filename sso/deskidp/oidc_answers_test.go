package deskidp_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// verifier and challenge are the example of RFC 7636, appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// TestOIDCAnswers holds whole answers against a golden file: where the browser
// is sent and with what, what a program is told, what stands in an ID token.
// Values that nobody can know in advance are named by their shape.
func TestOIDCAnswers(t *testing.T) {
	h := newHarness(t)
	b := h.signedIn()
	var out strings.Builder
	note := func(name, answer string) {
		answer = strings.NewReplacer(h.server.URL, "https://bridge.test", url.QueryEscape(h.server.URL), "bridge.test", h.desk.URL, "https://desk.test").Replace(answer)
		fmt.Fprintf(&out, "# %s\n%s\n\n", name, answer)
	}
	with := func(pairs ...string) url.Values {
		q := url.Values{"client_id": {"support"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {h.desk.URL + "/callback"}, "state": {"s"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
			if pairs[i+1] == "-" {
				q.Del(pairs[i])
			}
		}
		return q
	}
	public := with("client_id", publicClient)
	for _, tt := range []struct {
		name  string
		query url.Values
	}{
		{"a code", with()},
		{"a code without a state", with("state", "-")},
		{"a code at an address with a query", with("redirect_uri", h.desk.URL+"/callback?x=1")},
		{"response_mode=query", with("response_mode", "query")},
		{"response_mode=fragment", with("response_mode", "fragment")},
		{"response_mode=form_post", with("response_mode", "form_post")},
		{"response_mode of nobody", with("response_mode", "x")},
		{"no response_type", with("response_type", "-")},
		{"response_type=id_token", with("response_type", "id_token")},
		{"response_type=none", with("response_type", "none")},
		{"response_type twice in one", with("response_type", "code code")},
		{"no scope", with("scope", "-")},
		{"request", with("request", "e30")},
		{"request_uri", with("request_uri", "https://evil.test")},
		{"registration", with("registration", "{}")},
		{"claims", with("claims", `{"id_token":{"acr":null}}`)},
		{"prompt of nobody", with("prompt", "guess")},
		{"prompt=none consent", with("prompt", "none consent")},
		{"max_age of nobody", with("max_age", "-1")},
		{"id_token_hint", with("id_token_hint", "x.y.z")},
		{"PKCE without its method", with("code_challenge", challenge)},
		{"PKCE by another method", with("code_challenge", challenge, "code_challenge_method", "S512")},
		{"PKCE without a challenge", with("code_challenge_method", "S256")},
		{"PKCE", with("code_challenge", challenge, "code_challenge_method", "S256")},
		{"a public client without PKCE", public},
		{"a parameter twice", url.Values{"client_id": {"support"}, "redirect_uri": {h.desk.URL + "/callback"}, "state": {"s"}, "nonce": {"a", "b"}}},
	} {
		note("GET /authorize: "+tt.name, sentTo(b.get(h.server.URL+"/sso/idp/oidc/authorize?"+tt.query.Encode())))
	}
	note("GET /authorize: nobody is signed in, prompt=none", sentTo(h.browser().get(h.server.URL+"/sso/idp/oidc/authorize?"+with("prompt", "none").Encode())))

	code := func(q url.Values) string {
		return b.get(h.server.URL + "/sso/idp/oidc/authorize?" + q.Encode()).code(t)
	}
	form := func(code string, pairs ...string) url.Values {
		f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {h.desk.URL + "/callback"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	proven := with("code_challenge", challenge, "code_challenge_method", "S256", "scope", "openid profile email groups phone", "nonce", "n", "max_age", "3600")
	const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	for _, tt := range []struct {
		name           string
		form           url.Values
		user, password string
	}{
		{"tokens", form(code(with())), "support", clientSecret},
		{"tokens with all there is", form(code(proven), "code_verifier", verifier), "support", clientSecret},
		{"secret in the form", form(code(with()), "client_id", "support", "client_secret", clientSecret), "", ""},
		{"header and form", form(code(with()), "client_id", "support", "client_secret", clientSecret), "support", clientSecret},
		{"escaped in the header", form(code(with())), "s%75pport", clientSecret},
		{"broken escapes in the header", form("x"), "support", "%zz"},
		{"broken escapes in the name", form("x"), "%zz", clientSecret},
		{"nobody", form("x"), "", ""},
		{"an empty client_id", form("x", "client_id", ""), "", ""},
		{"no secret", form("x", "client_id", "support"), "", ""},
		{"a wrong secret", form("x"), "support", "wrong"},
		{"an unknown client", form("x"), "nobody", "x"},
		{"an assertion", form("x", "client_assertion_type", jwtBearer, "client_assertion", "a.b.c"), "", ""},
		{"an empty assertion", form("x", "client_assertion_type", jwtBearer), "", ""},
		{"an assertion of another kind", form("x", "client_assertion_type", "saml"), "", ""},
		{"a guessed code", form("x"), "support", clientSecret},
		{"a code of another client", form(code(with("client_id", publicClient, "code_challenge", challenge, "code_challenge_method", "S256"))), "support", clientSecret},
		{"another redirect_uri", form(code(with()), "redirect_uri", "https://evil.test"), "support", clientSecret},
		{"no verifier", form(code(proven)), "support", clientSecret},
		{"a short verifier", form(code(proven), "code_verifier", verifier[:42]), "support", clientSecret},
		{"a long verifier", form(code(proven), "code_verifier", strings.Repeat("v", 129)), "support", clientSecret},
		{"a verifier with other characters", form(code(proven), "code_verifier", verifier[:42]+"!"), "support", clientSecret},
		{"another verifier", form(code(proven), "code_verifier", verifier[:42]+"x"), "support", clientSecret},
		{"a verifier for nothing", form(code(with()), "code_verifier", verifier), "support", clientSecret},
		{"two grant types in one", form("x", "grant_type", "authorization_code password"), "support", clientSecret},
		{"another grant type", form("x", "grant_type", "client_credentials"), "support", clientSecret},
		{"no grant type", form("x", "grant_type", ""), "support", clientSecret},
		{"a parameter twice", url.Values{"grant_type": {"authorization_code"}, "code": {"a", "b"}}, "support", clientSecret},
	} {
		note("POST /token: "+tt.name, h.answerOf(tt.form, tt.user, tt.password))
	}
	golden(t, "testdata/oidc_answers.txt", out.String())
}

// sentTo describes where a page sends the browser, or what it says.
func sentTo(p page) string {
	if p.location == nil {
		return fmt.Sprintf("%d %s", p.status, p.body)
	}
	to := *p.location
	query := to.Query()
	to.RawQuery = ""
	lines := []string{fmt.Sprintf("%d %s", p.status, to.String())}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		value := strings.Join(query[name], " | ")
		if name == "code" {
			value = fmt.Sprintf("(%d characters)", len(value))
		}
		lines = append(lines, "  "+name+": "+value)
	}
	return strings.Join(lines, "\n")
}

// answerOf posts a form to the token endpoint and describes the answer.
func (h *harness) answerOf(form url.Values, user, password string) string {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.server.URL+"/sso/idp/oidc/token", strings.NewReader(form.Encode()))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	resp, err := http.DefaultClient.Do(r)
	h.must(err)
	defer resp.Body.Close()
	lines := []string{fmt.Sprint(resp.StatusCode)}
	for _, name := range []string{"Content-Type", "Cache-Control", "Pragma", "Www-Authenticate", "Access-Control-Allow-Origin"} {
		if value := resp.Header.Get(name); value != "" {
			lines = append(lines, "  "+name+": "+value)
		}
	}
	text, err := io.ReadAll(resp.Body)
	h.must(err)
	var body map[string]any
	h.must(json.Unmarshal(text, &body))
	return strings.Join(append(lines, listed(h, body, "  ")...), "\n")
}

// listed lists names and values, without those that are never the same.
func listed(t testing.TB, body map[string]any, indent string) (lines []string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(body)) {
		value := fmt.Sprintf("%v", body[name])
		switch name {
		case "access_token", "jti", "sid", "at_hash":
			value = fmt.Sprintf("(%d characters)", len(value))
		case "exp", "iat", "auth_time":
			value = "(a time)"
			if _, number := body[name].(float64); !number {
				value = "(not a number)"
			}
		case "expires_in": // what was rounded down
			if value == "299" {
				value = "300"
			}
		case "kid":
			value = "(a key)"
		case "id_token":
			lines = append(lines, indent+name+":")
			for _, part := range strings.Split(value, ".")[:2] {
				text, err := base64.RawURLEncoding.DecodeString(part)
				if err != nil {
					t.Fatal(err)
				}
				var inner map[string]any
				if err := json.Unmarshal(text, &inner); err != nil {
					t.Fatal(err)
				}
				lines = append(lines, listed(t, inner, indent+"    ")...)
			}
			continue
		}
		lines = append(lines, indent+name+": "+value)
	}
	return lines
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
