package oidc_test

import (
	"net/url"
	"testing"

	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
)

// TestScopes asks for groups where the provider knows them, and otherwise for
// what every provider knows, unless an admin has said what to ask for.
func TestScopes(t *testing.T) {
	for _, tt := range []struct {
		name       string
		supported  any
		configured []string
		want       string
	}{
		{"a provider that lists groups", []string{"openid", "groups", "email"}, nil, "openid profile email groups"},
		{"a provider that does not", []string{"openid", "profile", "email", "offline_access"}, nil, "openid profile email"},
		{"a provider that lists nothing", nil, nil, "openid profile email"},
		{"a list that is none", "groups-of-ours", nil, "openid profile email"},
		{"an admin wants fewer", []string{"openid", "groups"}, []string{"openid", "email"}, "openid email"},
		{"an admin wants another", []string{"openid", "groups"}, []string{"roles"}, "openid roles"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := oidctest.New(t, "")
			p.Discovery = func(document map[string]any) {
				if delete(document, "scopes_supported"); tt.supported != nil {
					document["scopes_supported"] = tt.supported
				}
			}
			config := p.Config()
			config.Scopes = tt.configured
			at, err := url.Parse(discover(t, config).AuthURL(oidc.NewAttempt(), ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := at.Query().Get("scope"); got != tt.want {
				t.Errorf("asks for %q, want %q", got, tt.want)
			}
		})
	}
}
