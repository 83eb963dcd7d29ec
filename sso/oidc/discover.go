package oidc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"golang.org/x/oauth2"
)

// wellKnown is where an issuer keeps its metadata (OpenID Connect Discovery
// §4.1).
const wellKnown = "/.well-known/openid-configuration"

// Algorithms are those that an ID token or a logout token may be signed with.
// The list is fixed: what the provider or the token says does not make it
// longer.
func Algorithms() []string {
	return []string{gooidc.RS256, gooidc.PS256, gooidc.ES256, gooidc.EdDSA}
}

// metadata is what we need of a discovery document.
type metadata struct {
	Issuer                string
	Authorization         string
	Token                 string
	JWKS                  string
	UserInfo              string
	EndSession            string
	Algorithms            []string // that ID tokens may be signed with
	AuthMethods           []string // at the token end point
	AuthAlgorithms        []string // for private_key_jwt
	ResponseTypes         []string
	Scopes                []string // that it knows, or some of them (OpenID Connect Discovery §3)
	AnswersWithIssuer     bool     // RFC 9207 §3
	BackChannelLogout     bool
	BackChannelLogoutSIDs bool
}

// Discover asks the provider for its metadata and returns a relying party that
// works by it. It makes one request. The [Refusal] says what is wrong with the
// settings, the issuer or the document.
func Discover(ctx context.Context, c Config) (*RelyingParty, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	document, err := fetch.Get(ctx, c.Client, strings.TrimSuffix(c.Issuer, "/")+wellKnown)
	if err != nil {
		return nil, unfetched(err, ReasonDiscovery, "the provider's discovery document could not be fetched")
	}
	m, err := readMetadata(document.Body)
	if err != nil {
		return nil, err
	}
	if err := m.check(c); err != nil {
		return nil, err
	}
	auth, err := newClientAuth(c, m)
	if err != nil {
		return nil, err
	}
	return newRelyingParty(c, m, auth), nil
}

// readMetadata reads a discovery document. What it says is not yet judged.
func readMetadata(document []byte) (metadata, error) {
	d, err := readClaims(document)
	if err != nil {
		return metadata{}, refuse(ReasonDiscovery, "the discovery document cannot be read; is this an OpenID provider?")
	}
	return metadata{
		Issuer:                d.text("issuer"),
		Authorization:         d.text("authorization_endpoint"),
		Token:                 d.text("token_endpoint"),
		JWKS:                  d.text("jwks_uri"),
		UserInfo:              d.text("userinfo_endpoint"),
		EndSession:            d.text("end_session_endpoint"),
		Algorithms:            d.texts("id_token_signing_alg_values_supported"),
		AuthMethods:           d.texts("token_endpoint_auth_methods_supported"),
		AuthAlgorithms:        d.texts("token_endpoint_auth_signing_alg_values_supported"),
		ResponseTypes:         d.texts("response_types_supported"),
		Scopes:                d.texts("scopes_supported"),
		AnswersWithIssuer:     d.yes("authorization_response_iss_parameter_supported"),
		BackChannelLogout:     d.yes("backchannel_logout_supported"),
		BackChannelLogoutSIDs: d.yes("backchannel_logout_session_supported"),
	}, nil
}

// check judges a document by what was asked for.
func (m metadata) check(c Config) error {
	if m.Issuer != c.Issuer {
		return refuse(ReasonMismatch, "the discovery document is another issuer's%s; write the issuer exactly as the provider does, with or without a slash at its end", c.named(m.Issuer))
	}
	for _, e := range []struct {
		name, address string
		needed        bool
	}{
		{"authorization_endpoint", m.Authorization, true},
		{"token_endpoint", m.Token, true},
		{"jwks_uri", m.JWKS, true},
		{"userinfo_endpoint", m.UserInfo, c.UserInfo},
		{"end_session_endpoint", m.EndSession, false},
	} {
		if err := checkEndpoint(c.Fetch, e.name, e.address, e.needed); err != nil {
			return err
		}
	}
	if len(m.ResponseTypes) > 0 && !slices.Contains(m.ResponseTypes, "code") {
		return refuse(ReasonDiscovery, "the provider does not offer the authorization code flow; switch it on there")
	}
	if len(m.Algorithms) > 0 && !slices.ContainsFunc(m.Algorithms, accepted) {
		return refuse(ReasonWeak, "the provider signs ID tokens with none of %s; choose one of them there", strings.Join(Algorithms(), ", "))
	}
	return nil
}

// named returns an issuer for the admin to see, if it could be one.
func (c Config) named(issuer string) string {
	if c.Fetch.Check(issuer) != nil || !utf8.ValidString(issuer) {
		return ""
	}
	return fmt.Sprintf(", %q", issuer)
}

func accepted(algorithm string) bool { return slices.Contains(Algorithms(), algorithm) }

// checkEndpoint judges the address of one end point. The two that only the
// browser goes to keep to the rule on schemes as well: they get secrets too.
func checkEndpoint(o fetch.Options, name, address string, needed bool) error {
	if address == "" {
		if needed {
			return refuse(ReasonDiscovery, "the discovery document has no %s", name)
		}
		return nil
	}
	if err := o.Check(address); err != nil {
		return unusable(ReasonEndpoint, "the provider's "+name+" cannot be used", err)
	}
	if _, err := url.Parse(address); err != nil || strings.Contains(address, "#") {
		return refuse(ReasonEndpoint, "the provider's %s has a fragment", name) // RFC 6749 §3.1
	}
	return nil
}

// newRelyingParty puts the libraries together.
func newRelyingParty(c Config, m metadata, auth clientAuth) *RelyingParty {
	// The library's own clients would follow what a context says; this one is
	// in every context that we give it.
	client := &http.Client{Transport: whole{c.Client.Transport}, Timeout: c.Client.Timeout, CheckRedirect: c.Client.CheckRedirect}
	provider := (&gooidc.ProviderConfig{
		IssuerURL:   m.Issuer,
		AuthURL:     m.Authorization,
		TokenURL:    m.Token,
		UserInfoURL: m.UserInfo,
		JWKSURL:     m.JWKS,
		Algorithms:  Algorithms(),
	}).NewProvider(gooidc.ClientContext(context.Background(), client))
	keys := fetch.NewKeySet(watched(c.Client, c.KeysFailed), m.JWKS)
	return &RelyingParty{
		config:   c,
		metadata: m,
		fetched:  c.Now(),
		client:   client,
		provider: provider,
		keys:     keys,
		verifier: gooidc.NewVerifier(m.Issuer, witnessed{keys}, &gooidc.Config{
			ClientID:             c.ClientID,
			SupportedSigningAlgs: Algorithms(),
			Now:                  c.Now,
		}),
		auth: auth,
		oauth: oauth2.Config{
			ClientID:     c.ClientID,
			ClientSecret: auth.secret,
			RedirectURL:  c.RedirectURL,
			Scopes:       c.scopes(m),
			Endpoint:     oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: auth.style},
		},
	}
}
