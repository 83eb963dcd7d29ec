package export_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/draft"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/export"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestExportChangesNothing: whatever files and commands have set, the export of
// it is a file that changes nothing, and has no secret in it.
func TestExportChangesNothing(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		rapid.Check(t, func(t *rapid.T) {
			if err := change(t, h); err != nil {
				e, refused := errors.AsType[*provision.Error](err)
				if !refused || e.Code == provision.Unavailable {
					t.Fatal(err)
				}
			}
			all, err := export.Read(h.Context(), h.Core.Settings)
			h.Must(err)
			text, err := all.File()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), secret) {
				t.Fatalf("a secret is in:\n%s", text)
			}
			access, err := config.ReadAccess(bytes.NewReader(text), func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatalf("%v in:\n%s", err, text)
			}
			d, err := draft.Of(access)
			if err != nil {
				t.Fatalf("%v in:\n%s", err, text)
			}
			p, err := h.Core.Plan.Plan(h.Context(), d)
			if err != nil || !p.Empty() {
				t.Fatalf("%v, %+v would change by:\n%s", err, p.Changes, text)
			}
		})
	})
}

const secret = "hunter2-hunter2-hunter2"

// words are texts that YAML could take for something else.
var words = []string{"", "a", "no", "1", "~", "null", "Tier 1", "a: b", "- a", "#x", "{x}", "*", "'", `"`, " a ", "ü€😀", "two\nlines\n", "x\r\n", "=", "<<", "2026-01-01", "\x1b[31m", "a,b", "$", "${x}", "!!str"}

func word(t *rapid.T, label string) string { return rapid.SampledFrom(words).Draw(t, label) }

func list(t *rapid.T, label string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(words[1:]), 0, 3, rapid.ID).Draw(t, label)
}

func one[T any](t *rapid.T, label string, of ...T) T { return rapid.SampledFrom(of).Draw(t, label) }

// change does one thing that an admin can do to the configuration.
func change(t *rapid.T, h *provisiontest.Harness) error {
	names := []string{"acme", "partner", "eu-1"}
	switch one(t, "what", "rule", "sign-in", "domain", "file") {
	case "rule":
		conn, err := h.Core.Settings.Connection(h.Context(), one(t, "connection", names...))
		if err != nil {
			return err
		}
		_, err = h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: conn.ID, Desk: h.Desk.ID, Group: word(t, "group"),
			Attribute: word(t, "attribute"), Equals: word(t, "equals"), Role: one(t, "role", provision.Roles...), Teams: list(t, "teams"), Mailboxes: list(t, "mailboxes"), DeskRoles: list(t, "desk_roles")})
		return err
	case "sign-in":
		_, err := h.Core.Settings.SetSignIn(h.Context(), provisiontest.ByTest, one(t, "connection", names...), func(s *provision.SignIn) error {
			*s = signIn(t)
			return nil
		})
		return err
	case "domain":
		domain := fmt.Sprintf("d%d.test", rapid.IntRange(0, 9).Draw(t, "domain"))
		if _, err := h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, domain); err != nil || rapid.Bool().Draw(t, "pending") {
			return err
		}
		return h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, domain, nil)
	}
	in := signIn(t)
	access := config.Access{
		Connections: []config.Connection{{Name: one(t, "connection", names...), IdP: string(one(t, "idp", provision.IdPs...)), Match: config.Match(in.Match), SAML: in.SAML, OIDC: in.OIDC, SignInDisabled: in.Disabled}},
		Desks: []config.Desk{{Name: one(t, "desk", "support", "other"), Kind: "builtin", URL: word(t, "url"), Secret: one(t, "secret", "", secret), OnLeave: config.Steps(one(t, "leave", "", "deactivate", "anonymize", "downgrade to limited, deactivate, delete after 30d")),
			Settings: map[string]string{"teams": word(t, "teams"), word(t, "setting"): word(t, "value")}, HandOver: one(t, "hand over", config.HandOver{}, config.HandOver{To: "team", Cap: 20}, config.HandOver{Agent: "a@b.test"}),
			Seats: one(t, "seats", 0, 25), Adoption: one(t, "adoption", "", "propose", "off"), Drift: one(t, "drift", "", "repair", "report"), Rate: one(t, "rate", 0, 0.25, 9999.5), SignIn: deskSignIn(t)}},
	}
	if rapid.Bool().Draw(t, "jit") {
		access.Connections[0].JIT = &config.JIT{Create: one(t, "create", nil, new(true), new(false)), Role: one(t, "jit role", "", "none", "limited"), Groups: list(t, "jit groups"), NoGroups: one(t, "no groups", "", "empty")}
	}
	if rapid.Bool().Draw(t, "jwt") {
		access.Connections[0].SCIM = &config.SCIM{JWT: &protocol.JWT{Issuer: "i", Audience: "a", JWKSURL: "https://k.test", Subject: word(t, "subject")}}
	}
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		access.Rules = append(access.Rules, config.Rule{Connection: access.Connections[0].Name, Desk: access.Desks[0].Name, Group: rapid.SampledFrom(words[1:]).Draw(t, "group"), Role: "agent", Teams: list(t, "teams"), Mailboxes: list(t, "mailboxes"), DeskRoles: list(t, "desk_roles")})
	}
	d, err := draft.Of(access)
	if err == nil {
		_, err = h.Core.Plan.Apply(h.Context(), provisiontest.ByTest, d, "")
	}
	return err
}

func signIn(t *rapid.T) (s provision.SignIn) {
	s.Disabled, s.Match.Email = rapid.Bool().Draw(t, "disabled"), rapid.Bool().Draw(t, "match")
	if rapid.Bool().Draw(t, "saml") {
		s.SAML = &protocol.SAML{MetadataURL: word(t, "url"), Metadata: word(t, "metadata"), Certificates: list(t, "certificates"), IdPInitiated: rapid.Bool().Draw(t, "initiated"), Claims: protocol.Claims{"email": word(t, "claim")}}
	}
	if rapid.Bool().Draw(t, "oidc") {
		s.OIDC = &protocol.OIDC{Issuer: word(t, "issuer"), ClientID: word(t, "client"), ClientSecret: one(t, "secret", "", secret), Scopes: list(t, "scopes"), SecretExpires: "2027-01-01", AuthMethod: one(t, "auth", "", "private_key_jwt")}
	}
	return s
}

func deskSignIn(t *rapid.T) *protocol.DeskSignIn {
	s := protocol.DeskSignIn{BeforeReady: rapid.Bool().Draw(t, "before")}
	if rapid.Bool().Draw(t, "desk saml") {
		s.SAML = &protocol.DeskSAML{EntityID: "urn:" + word(t, "entity"), ACSURL: "https://d.test/acs", SignResponse: one(t, "sign", nil, new(true), new(false)), RelayState: word(t, "relay")}
	}
	if rapid.Bool().Draw(t, "desk oidc") {
		s.OIDC = &protocol.DeskOIDC{ClientID: one(t, "desk client", "", "x"), ClientSecret: secret, RedirectURIs: []string{"https://d.test/cb"}}
	}
	return &s
}
