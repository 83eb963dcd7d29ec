package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/google/go-cmp/cmp"
)

func env(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := pairs[name]
		return value, ok
	}
}

func TestReadAccess(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("1-27-abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.ReadAccess(strings.NewReader(`
connections:
  - name: acme
    idp: okta
    domains: [example.test]
    jit: {create: true, role: none}
    saml: {metadata_url: https://idp.example.test/metadata}
    oidc: {issuer: https://idp.example.test, client_id: deskbridge, client_secret: "${env:OIDC_SECRET}"}
desks:
  - name: support
    kind: requesttracker
    url: http://127.0.0.1:8088
    secret: ${file:`+secret+`}
    settings: {external_id_field: "SCIM external id"}
    on_leave: deactivate
    hand_over: {to: team}
    seats: 25
    sign_in:
      saml: {entity_id: urn:desk, acs_url: https://desk.test/acs, attributes: {email: mail}, sign_response: false}
      oidc: {client_id: desk, client_secret: "${env:OIDC_SECRET}", redirect_uris: [https://desk.test/cb]}
      roles: {agent: Agent}
rules:
  - {connection: acme, group: Support, desk: support, role: agent, teams: [Support Agents], mailboxes: [Support]}
  - {connection: acme, attribute: roles, equals: desk-admin, desk: support, role: admin}
`), env(map[string]string{"OIDC_SECRET": "se${cr}et"}))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Access{
		Connections: []config.Connection{{Name: "acme", IdP: "okta", Domains: []string{"example.test"}, JIT: &config.JIT{Create: new(true), Role: "none"},
			SAML: &protocol.SAML{MetadataURL: "https://idp.example.test/metadata"},
			OIDC: &protocol.OIDC{Issuer: "https://idp.example.test", ClientID: "deskbridge", ClientSecret: "se${cr}et"}}},
		Desks: []config.Desk{{Name: "support", Kind: "requesttracker", URL: "http://127.0.0.1:8088", Secret: "1-27-abc",
			Settings: map[string]string{"external_id_field": "SCIM external id"}, OnLeave: "deactivate", HandOver: config.HandOver{To: "team"}, Seats: 25,
			SignIn: &protocol.DeskSignIn{
				SAML:  &protocol.DeskSAML{EntityID: "urn:desk", ACSURL: "https://desk.test/acs", Attributes: map[protocol.Field]string{protocol.FieldEmail: "mail"}, SignResponse: new(false)},
				OIDC:  &protocol.DeskOIDC{ClientID: "desk", ClientSecret: "se${cr}et", RedirectURIs: []string{"https://desk.test/cb"}},
				Roles: map[string]string{"agent": "Agent"},
			}}},
		Rules: []config.Rule{
			{Connection: "acme", Group: "Support", Desk: "support", Role: "agent", Teams: []string{"Support Agents"}, Mailboxes: []string{"Support"}},
			{Connection: "acme", Attribute: "roles", Equals: "desk-admin", Desk: "support", Role: "admin"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadAccess (-want +got):\n%s", diff)
	}
}

func TestReadAccessMistakes(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"the file is empty"}},
		{"not YAML", "a: [", []string{"not YAML"}},
		{"not a mapping", "- x", []string{"line 1"}},
		{"unknown keys everywhere", "conections: []\ndesks:\n  - {nam: x, hand_over: {two: team}}\n", []string{
			`line 1: the file has no key "conections"; it knows connections, desks, rules`,
			`line 3: desks[1] has no key "nam"`, `line 3: desks[1].hand_over has no key "two"; it knows agent, to`}},
		{"the same key twice", "desks: []\ndesks: []\n", []string{"already defined"}},
		{"a list where a word belongs", "connections:\n  - name: [a]\n", []string{"line 2"}},
		{"a word where a number belongs", "desks:\n  - {name: x, seats: many}\n", []string{"line 2"}},
		{"missing variables and files", "desks:\n  - secret: ${env:GONE}\n  - secret: ${file:/no/such/file}\n", []string{"line 2: the environment variable GONE is not set", "line 3: open /no/such/file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.ReadAccess(strings.NewReader(tt.text), env(nil))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%v", want, err)
				}
			}
		})
	}
}

// FuzzReadAccess: whatever is read, the reader answers and does not panic.
func FuzzReadAccess(f *testing.F) {
	f.Add("desks: [{name: a, seats: 3}]")
	f.Add("rules:\n  - {connection: c, group: g, desk: d, teams: [x]}")
	f.Add("a: &a [*a]")
	f.Add("connections: ${env:X}")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "${file:") {
			return // must not read this machine's files
		}
		access, err := config.ReadAccess(strings.NewReader(text), env(map[string]string{"X": "1"}))
		if err == nil && len(access.Connections)+len(access.Desks)+len(access.Rules) > len(text) {
			t.Errorf("more objects than bytes")
		}
	})
}
