package oidc_test

import (
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const tenant = "0f6c9d1e-2b3a-4c5d-8e7f-a1b2c3d4e5f6"

// TestToken reads an ID token as Entra ID and Keycloak fill it between them.
func TestToken(t *testing.T) {
	p := oidctest.New(t, "/"+tenant+"/v2.0")
	p.User = map[string]any{
		"sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "sid": "s-1", "tid": tenant, "oid": "00000000-0000-0000-66f3-3332eca7ea81",
		"email": "ada@acme.example", "xms_edov": "1", "name": "Ada Nilsen", "given_name": "Ada", "family_name": "Nilsen",
		"preferred_username": "ada@acme.example", "locale": "nb-NO", "zoneinfo": "Europe/Oslo", "acr": "phr", "amr": []string{"pwd", "mfa"},
		"auth_time": 1764000000, "department": "Support", "level": 7, "contractor": false, "nothing": nil, "none": []string{},
		"mixed":        []any{"a", 1, true, map[string]any{"x": "y"}},
		"realm_access": map[string]any{"roles": []string{"agent", "lead"}},
	}
	p.Claims = func(c map[string]any) {
		maps.Copy(c, map[string]any{"sid": "s-1", "auth_time": 1764000000})
	}
	config := p.Config()
	config.Entra = true
	config.GroupsClaim = "realm_access.roles"
	got, err := signIn(t, discover(t, config), p)
	if err != nil {
		t.Fatal(err)
	}
	want := &oidc.Token{
		Issuer: p.Issuer, Subject: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", SID: "s-1", TID: tenant, OID: "00000000-0000-0000-66f3-3332eca7ea81",
		Email: "ada@acme.example", EmailVerified: true, EmailVerifiedPresent: true,
		Name: "Ada Nilsen", GivenName: "Ada", FamilyName: "Nilsen", PreferredUsername: "ada@acme.example",
		Locale: "nb-NO", Zoneinfo: "Europe/Oslo", ACR: "phr", AMR: []string{"pwd", "mfa"}, AuthTime: time.Unix(1764000000, 0).UTC(),
		Groups: []string{"agent", "lead"}, GroupsPresent: true,
		Claims: map[string][]string{
			"sub": {"AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ"}, "sid": {"s-1"}, "tid": {tenant}, "oid": {"00000000-0000-0000-66f3-3332eca7ea81"},
			"email": {"ada@acme.example"}, "xms_edov": {"1"}, "name": {"Ada Nilsen"}, "given_name": {"Ada"}, "family_name": {"Nilsen"},
			"preferred_username": {"ada@acme.example"}, "locale": {"nb-NO"}, "zoneinfo": {"Europe/Oslo"}, "acr": {"phr"}, "amr": {"pwd", "mfa"},
			"auth_time": {"1764000000"}, "department": {"Support"}, "level": {"7"}, "contractor": {"false"}, "none": {},
			"mixed": {"a", "1", "true"}, "email_verified": {"true"}, "realm_access.roles": {"agent", "lead"}, "iss": {p.Issuer}, "aud": {oidctest.ClientID},
		},
	}
	ignore := cmpopts.IgnoreFields(oidc.Token{}, "Issued", "Expiry", "Raw")
	times := cmpopts.IgnoreMapEntries(func(name string, _ []string) bool { return name == "iat" || name == "exp" || name == "nbf" })
	if diff := cmp.Diff(want, got, ignore, times); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	if ago := time.Since(got.Issued); ago < -time.Second || ago > time.Minute {
		t.Errorf("issued %s ago", ago)
	}
	if until := time.Until(got.Expiry); until <= 0 || until > 5*time.Minute {
		t.Errorf("expires in %s", until)
	}
}

// TestEmail walks who may vouch for which address.
func TestEmail(t *testing.T) {
	type said struct{ email, verified any }
	for _, tt := range []struct {
		name     string
		id, info said
		edov     any
		entra    bool
		email    string
		verified bool
		present  bool
	}{
		{name: "true", id: said{"a@x.example", true}, email: "a@x.example", verified: true, present: true},
		{name: "a string", id: said{"a@x.example", "true"}, email: "a@x.example", verified: true, present: true},
		{name: "false", id: said{"a@x.example", false}, email: "a@x.example", present: true},
		{name: "False", id: said{"a@x.example", "True"}, email: "a@x.example", present: true},
		{name: "a number", id: said{"a@x.example", 1}, email: "a@x.example", present: true},
		{name: "nothing said", id: said{"a@x.example", nil}, email: "a@x.example"},
		{name: "all from userinfo", info: said{"a@x.example", true}, email: "a@x.example", verified: true, present: true},
		{name: "userinfo vouches for the same address", id: said{"a@x.example", nil}, info: said{"a@x.example", true}, email: "a@x.example", verified: true, present: true},
		{name: "userinfo vouches for another address", id: said{"a@x.example", nil}, info: said{"b@x.example", true}, email: "a@x.example"},
		{name: "userinfo vouches for no address", id: said{"a@x.example", nil}, info: said{nil, true}, email: "a@x.example"},
		{name: "the ID token's word counts", id: said{"a@x.example", false}, info: said{"a@x.example", true}, email: "a@x.example", present: true},
		{name: "the ID token vouches for no address", id: said{nil, true}, info: said{"b@x.example", nil}, email: "b@x.example"},
		{name: "Entra ID's own claim", id: said{"a@x.example", nil}, edov: true, entra: true, email: "a@x.example", verified: true, present: true},
		{name: "Entra ID's own claim, negative", id: said{"a@x.example", nil}, edov: false, entra: true, email: "a@x.example", present: true},
		{name: "Entra ID's own claim elsewhere", id: said{"a@x.example", nil}, edov: true, email: "a@x.example"},
		{name: "Entra ID's own claim is not for userinfo's address", id: said{}, info: said{"b@x.example", nil}, edov: true, entra: true, email: "b@x.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := oidctest.New(t, "")
			p.User = map[string]any{"sub": "s"}
			p.Claims = func(c map[string]any) {
				maps.Copy(c, present(map[string]any{"email": tt.id.email, "email_verified": tt.id.verified, "xms_edov": tt.edov}))
			}
			p.UserInfo = func(c map[string]any) {
				maps.Copy(c, present(map[string]any{"email": tt.info.email, "email_verified": tt.info.verified}))
				if tt.info.verified == nil {
					delete(c, "email_verified")
				}
			}
			config := p.Config()
			config.UserInfo, config.Entra = true, tt.entra
			got, err := signIn(t, discover(t, config), p)
			if err != nil {
				t.Fatal(err)
			}
			if got.Email != tt.email || got.EmailVerified != tt.verified || got.EmailVerifiedPresent != tt.present {
				t.Errorf("%q, verified %t, present %t; want %q, %t, %t", got.Email, got.EmailVerified, got.EmailVerifiedPresent, tt.email, tt.verified, tt.present)
			}
			if said := got.Claims["email_verified"]; (len(said) == 1 && said[0] == strconv.FormatBool(tt.verified)) != tt.present {
				t.Errorf("rules are told that it is verified: %q", said)
			}
		})
	}
}

// present leaves out what is nil.
func present(m map[string]any) map[string]any {
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

// TestUserInfoAddsOnly checks that userinfo tells of the person, and of nothing
// that the provider has to sign.
func TestUserInfoAddsOnly(t *testing.T) {
	p := oidctest.New(t, "")
	p.UserInfo = func(c map[string]any) {
		maps.Copy(c, map[string]any{"name": "Another Name", "locale": "nb", "hd": "acme.example", "tid": tenant, "oid": "o", "acr": "high", "sid": "z", "groups": []string{"Support"}})
	}
	config := p.Config()
	config.UserInfo = true
	got, err := signIn(t, discover(t, config), p)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "Mallory Moe" || got.Locale != "nb" || len(got.Groups) != 1 || !got.GroupsPresent {
		t.Errorf("name %q, locale %q, groups %q", got.Name, got.Locale, got.Groups)
	}
	if got.HD+got.TID+got.OID+got.ACR != "" || got.SID == "z" || got.Claims["hd"] != nil || got.Claims["acr"] != nil {
		t.Errorf("userinfo was believed: hd %q tid %q oid %q acr %q sid %q, claims %q", got.HD, got.TID, got.OID, got.ACR, got.SID, got.Claims)
	}
	config.HostedDomains = []string{"acme.example"}
	_, err = signIn(t, discover(t, config), p)
	wantRefusal(t, err, oidc.ReasonHostedDomain)
}

func TestEndSessionURL(t *testing.T) {
	p := oidctest.New(t, "")
	rp := discover(t, p.Config())
	got, ok := rp.EndSessionURL("a.b.c", "https://deskbridge.example/bye?x=1", "s&t")
	want := p.Issuer + "/end_session?client_id=deskbridge&id_token_hint=a.b.c&post_logout_redirect_uri=https%3A%2F%2Fdeskbridge.example%2Fbye%3Fx%3D1&state=s%26t"
	if got != want || !ok {
		t.Errorf("EndSessionURL = %q, %t\nwant %q", got, ok, want)
	}
	if got, ok := rp.EndSessionURL("", "", ""); got != p.Issuer+"/end_session?client_id=deskbridge" || !ok {
		t.Errorf("EndSessionURL of nothing = %q, %t", got, ok)
	}
	p.Discovery = func(d map[string]any) { delete(d, "end_session_endpoint") }
	if got, ok := discover(t, p.Config()).EndSessionURL("a", "b", "c"); got != "" || ok {
		t.Errorf("EndSessionURL without an end point = %q, %t", got, ok)
	}
}

// TestTokenIsNotLogged looks for the person in a log line.
func TestTokenIsNotLogged(t *testing.T) {
	p := oidctest.New(t, "")
	token, err := signIn(t, discover(t, p.Config()), p)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(t.Context(), "signed in", "token", token)
	wantNoSecrets(t, log.String())
}
