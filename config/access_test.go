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
    hand_over: {to: team, cap: 40, mailboxes: {Billing: {team: Accounts}, "Sales, EU": {agent: bo@example.test}}}
    seats: 25
    sign_in:
      saml: {entity_id: urn:desk, acs_url: https://desk.test/acs, attributes: {email: mail}, sign_response: false}
      oidc: {client_id: desk, client_secret: "${env:OIDC_SECRET}", redirect_uris: [https://desk.test/cb]}
      roles: {agent: Agent}
rules:
  - {connection: acme, group: Support, desk: support, role: agent, teams: [Support Agents], mailboxes: [Support], desk_roles: [Tier 1 lead]}
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
			Settings: map[string]string{"external_id_field": "SCIM external id"}, OnLeave: "deactivate", HandOver: config.HandOver{To: "team", Cap: 40, Mailboxes: map[string]config.HandOverRule{"Billing": {Team: "Accounts"}, "Sales, EU": {Agent: "bo@example.test"}}}, Seats: 25,
			SignIn: &protocol.DeskSignIn{
				SAML:  &protocol.DeskSAML{EntityID: "urn:desk", ACSURL: "https://desk.test/acs", Attributes: map[protocol.Field]string{protocol.FieldEmail: "mail"}, SignResponse: new(false)},
				OIDC:  &protocol.DeskOIDC{ClientID: "desk", ClientSecret: "se${cr}et", RedirectURIs: []string{"https://desk.test/cb"}},
				Roles: map[string]string{"agent": "Agent"},
			}}},
		Rules: []config.Rule{
			{Connection: "acme", Group: "Support", Desk: "support", Role: "agent", Teams: []string{"Support Agents"}, Mailboxes: []string{"Support"}, DeskRoles: []string{"Tier 1 lead"}},
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
		{"an unknown key in the rule of a mailbox", "desks:\n  - name: x\n    hand_over:\n      mailboxes:\n        Billing: {group: Accounts}\n",
			[]string{`line 5: desks[1].hand_over.mailboxes.Billing has no key "group"; it knows agent, team, to`}},
		{"unknown keys everywhere", "conections: []\ndesks:\n  - {nam: x, hand_over: {two: team}}\n", []string{
			`line 1: the file has no key "conections"; it knows connections, desks, rules`,
			`line 3: desks[1] has no key "nam"`, `line 3: desks[1].hand_over has no key "two"; it knows agent, team, to, cap, mailboxes`}},
		{"the same key twice", "desks: []\ndesks: []\n", []string{"already defined"}},
		{"a list where a word belongs", "connections:\n  - name: [a]\n", []string{"line 2"}},
		{"a word where a number belongs", "desks:\n  - {name: x, seats: many}\n", []string{"line 2"}},
		{"missing variables and files", "desks:\n  - secret: ${env:GONE}\n  - secret: ${file:/no/such/file}\n", []string{"line 2: the environment variable GONE is not set", "line 3: open /no/such/file"}},
		{"values from elsewhere where they would be printed", "connections:\n  - {name: '${env:X}', oidc: {issuer: 'https://${env:X}', client_secret: &s '${env:X}'}}\ndesks:\n  - name: *s\n    seats: ${env:X}\n    settings: {secret: '${file:/dev/zero}'}\n    '${env:X}': 1\n", []string{
			"line 2: ${env:X} may stand in a secret only", "line 4: ${env:X} may", "line 5: ${env:X} may", "line 6: ${file:/dev/zero} may", "line 7: ${env:X} may"}},
		{"a device", "desks:\n  - secret: ${file:/dev/zero}\n", []string{"line 2: open /dev/zero: this is no regular file"}},
		{"a folder", "desks:\n  - secret: ${file:/}\n", []string{"line 2: open /: this is no regular file"}},
		{"an alias that contains itself", "desks: &d [*d]\n", []string{"line 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.ReadAccess(strings.NewReader(tt.text), env(map[string]string{"X": "swordfish"}))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if strings.Contains(err.Error(), "swordfish") {
				t.Errorf("a value is repeated:\n%v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%v", want, err)
				}
			}
		})
	}
}

// TestSecretsFromElsewhereAreText: a secret that looks like something else stays
// what it is, and a file may not be too long.
func TestSecretsFromElsewhereAreText(t *testing.T) {
	for _, secret := range []string{"null", "~", "123", "true", "", "a: b", "*s", "2026-11-30"} {
		got, err := config.ReadAccess(strings.NewReader("desks:\n  - secret: ${env:X}\n"), env(map[string]string{"X": secret}))
		if err != nil || got.Desks[0].Secret != secret {
			t.Errorf("%q is read as %q (%v)", secret, got.Desks[0].Secret, err)
		}
	}
	long := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(long, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.ReadAccess(strings.NewReader("desks:\n  - secret: ${file:"+long+"}\n"), env(nil)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a long file: %v", err)
	}
}

// TestLines: entries are found where they begin.
func TestLines(t *testing.T) {
	got := config.Lines([]byte("connections:\n  - name: a\n    idp: okta\n  - {name: b}\nrules:\n- connection: a\n"))
	want := map[string]int{"connections": 1, "connections[1]": 2, "connections[2]": 4, "rules": 5, "rules[1]": 6}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	for _, broken := range []string{"", "- x", "a: ["} {
		if got := config.Lines([]byte(broken)); len(got) != 0 {
			t.Errorf("%q has lines %v", broken, got)
		}
	}
}

// FuzzReadAccess: whatever is read, the reader answers and does not panic.
func FuzzReadAccess(f *testing.F) {
	f.Add("desks: [{name: a, seats: 3}]")
	f.Add("rules:\n  - {connection: c, group: g, desk: d, teams: [x]}")
	f.Add("a: &a [*a]")
	f.Add("connections: ${env:X}")
	f.Add("a: &a {b: *a, c: *a, d: *a, e: *a, f: *a, g: *a, h: *a, i: *a}")
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
