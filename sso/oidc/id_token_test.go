package oidc

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func seconds(at time.Time) json.Number {
	text, err := json.Marshal(at.Unix())
	if err != nil {
		panic(err)
	}
	return json.Number(text)
}

// TestTimes looks at the very second.
func TestTimes(t *testing.T) {
	rp := &RelyingParty{config: Config{Now: func() time.Time { return noon }}.withDefaults()}
	for _, tt := range []struct {
		name          string
		exp, nbf, iat time.Duration // from noon
		reason        string        // "": accepted
	}{
		{"expires in a second", time.Second, 0, 0, ""},
		{"expires now", 0, 0, -time.Minute, ReasonExpired},
		{"nbf ahead by the skew", time.Hour, DefaultSkew, 0, ""},
		{"nbf ahead by more", time.Hour, DefaultSkew + time.Second, 0, ReasonNotYet},
		{"iat ahead by the skew", time.Hour, 0, DefaultSkew, ""},
		{"iat ahead by more", time.Hour, 0, DefaultSkew + time.Second, ReasonIssuedAt},
		{"iat an hour ago", time.Hour, 0, -MaxTokenAge, ""},
		{"iat longer ago", time.Hour, 0, -MaxTokenAge - time.Second, ReasonIssuedAt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := rp.checkTimes(claims{"exp": seconds(noon.Add(tt.exp)), "nbf": seconds(noon.Add(tt.nbf)), "iat": seconds(noon.Add(tt.iat))})
			wantReason(t, err, tt.reason)
		})
	}
}

// TestPerson checks what Entra ID and Google add to a person.
func TestPerson(t *testing.T) {
	const own, other = "0f6c9d1e-2b3a-4c5d-8e7f-a1b2c3d4e5f6", "11111111-2222-3333-4444-555555555555"
	entra := Config{Issuer: "https://login.microsoftonline.com/" + own + "/v2.0"}
	google := Config{Issuer: googleIssuer, HostedDomains: []string{"acme.example", "Acme.Test"}}
	for _, tt := range []struct {
		name   string
		config Config
		claims claims
		reason string
	}{
		{"anybody", Config{Issuer: "https://idp.example"}, claims{"sub": "s"}, ""},
		{"a sub of 255 bytes", Config{}, claims{"sub": strings.Repeat("s", 255)}, ""},
		{"a sub with a control character", Config{}, claims{"sub": "s\n"}, ReasonSubject},
		{"of the tenant", entra, claims{"sub": "s", "tid": strings.ToUpper(own)}, ""},
		{"of another tenant", entra, claims{"sub": "s", "tid": other}, ReasonTenant},
		{"tid elsewhere means nothing", Config{Issuer: "https://idp.example/" + own}, claims{"sub": "s", "tid": other}, ""},
		{"Entra ID behind another name", Config{Issuer: "https://idp.example/tenant", Entra: true}, claims{"sub": "s", "tid": other}, ""},
		{"a Workspace account", google, claims{"sub": "s", "hd": "acme.example"}, ""},
		{"a Workspace account, in other letters", google, claims{"sub": "s", "hd": "acme.test"}, ""},
		{"a Workspace account of others", google, claims{"sub": "s", "hd": "other.example"}, ReasonHostedDomain},
		{"a private Google account with an address of the company", google, claims{"sub": "s", "email": "a@acme.example"}, ReasonHostedDomain},
		{"Google without domains", Config{Issuer: googleIssuer}, claims{"sub": "s", "hd": "acme.example"}, ReasonHostedDomain},
		{"an empty domain is no domain", Config{Issuer: googleIssuer, HostedDomains: []string{""}}, claims{"sub": "s"}, ReasonHostedDomain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantReason(t, (&RelyingParty{config: tt.config.withDefaults()}).checkPerson(tt.claims), tt.reason)
		})
	}
}

// TestSignIn checks how and when somebody has signed in.
func TestSignIn(t *testing.T) {
	strong := Config{ACRValues: []string{"phr", "phrh"}}
	recent := Config{MaxAge: time.Hour}
	for _, tt := range []struct {
		name   string
		config Config
		claims claims
		reason string
	}{
		{"does not matter", Config{}, claims{}, ""},
		{"by one of the means", strong, claims{"acr": "phrh"}, ""},
		{"by other means", strong, claims{"acr": "pwd"}, ReasonACR},
		{"it does not say by which", strong, claims{}, ReasonACR},
		{"an hour ago, and the skew", recent, claims{"auth_time": seconds(noon.Add(-time.Hour - DefaultSkew))}, ""},
		{"longer ago", recent, claims{"auth_time": seconds(noon.Add(-time.Hour - DefaultSkew - time.Second))}, ReasonAuthTime},
		{"it does not say when", recent, claims{}, ReasonAuthTime},
		{"it says when in words", recent, claims{"auth_time": "now"}, ReasonAuthTime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := tt.config
			config.Now = func() time.Time { return noon }
			wantReason(t, (&RelyingParty{config: config.withDefaults()}).checkSignIn(tt.claims), tt.reason)
		})
	}
}

// TestGoogleIssuer allows Google, and nobody else, to leave out the scheme.
func TestGoogleIssuer(t *testing.T) {
	for _, tt := range []struct{ configured, iss, reason string }{
		{googleIssuer, googleIssuer, ""},
		{googleIssuer, "accounts.google.com", ""},
		{googleIssuer, "https://accounts.google.com/", ReasonIssuer},
		{"https://idp.example", "idp.example", ReasonIssuer},
	} {
		rp := &RelyingParty{config: Config{Issuer: tt.configured}, metadata: metadata{Issuer: tt.configured}}
		wantReason(t, rp.checkIssuer(claims{"iss": tt.iss}), tt.reason)
	}
}

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	refusal, _ := errors.AsType[*Refusal](err)
	if reason == "" && err != nil || reason != "" && (refusal == nil || refusal.Reason != reason) {
		t.Errorf("got %v, want reason %q", err, reason)
	}
}
