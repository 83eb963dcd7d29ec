package main

import "fmt"

// demoAccess is the configuration that the demo applies.
const demoAccess = `connections:
  - {name: fjord-okta, idp: okta, domains: [fjord.example], oidc: {issuer: "${env:DEMO_ISSUER}", client_id: deskbridge, client_secret: a secret of the demo}}
  - {name: fjord-entra, idp: entra, domains: [agency.example]}
  - name: fjord-partners
    idp: generic
    domains: [partner.example]
    jit: {create: true, groups: [Partner support]}
    oidc: {issuer: "${env:DEMO_ISSUER}", client_id: deskbridge, client_secret: a secret of the demo}
desks:
  - name: helpdesk
    kind: builtin
    settings: {company: Fjord & Co, teams: "Tier 1, Tier 2, Billing", mailboxes: "Help, Invoices"}
    on_leave: deactivate
    hand_over: {to: round_robin}
rules:
  - {connection: fjord-okta, group: Support, desk: helpdesk, role: agent, teams: [Tier 1], mailboxes: [Help]}
  - {connection: fjord-okta, group: Support Leads, desk: helpdesk, role: admin, teams: [Tier 1, Tier 2], mailboxes: [Help]}
  - {connection: fjord-okta, group: Billing, desk: helpdesk, role: agent, teams: [Billing], mailboxes: [Invoices]}
  - {connection: fjord-partners, group: Partner support, desk: helpdesk, role: agent, teams: [Tier 1], mailboxes: [Help]}
  - {connection: fjord-entra, group: Agency agents, desk: helpdesk, role: agent, teams: [Tier 1], mailboxes: [Help]}
`

// person is somebody in the demo.
type person struct{ given, family, mail string }

func (p person) name() string { return p.given + " " + p.family }

var (
	supporters = people("fjord.example", "Ada Nilsen", "Bo Lund", "Cy Moe", "Dag Aas", "Eva Berg", "Finn Dahl", "Gro Eide", "Hedda Foss")
	leads      = people("fjord.example", "Ida Holm", "Jon Haug")
	billers    = people("fjord.example", "Kari Lie", "Lars Moen")
	agency     = people("agency.example", "Mona Nes", "Nils Ruud", "Ola Sand")
	joiner     = people("fjord.example", "Pia Strand")[0]
)

func people(domain string, names ...string) []person {
	out := make([]person, len(names))
	for i, n := range names {
		var p person
		if _, err := fmt.Sscan(n, &p.given, &p.family); err != nil {
			panic(err) // the list above is wrong
		}
		p.mail = lower(p.given) + "@" + domain
		out[i] = p
	}
	return out
}

// oktaUser is what Okta posts for a new assignment.
func oktaUser(p person) map[string]any {
	return map[string]any{
		"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"userName": p.mail, "externalId": "00u-" + lower(p.given), "displayName": p.name(), "locale": "en-US", "active": true,
		"name":   map[string]any{"givenName": p.given, "familyName": p.family},
		"emails": []any{map[string]any{"primary": true, "value": p.mail, "type": "work"}},
		"groups": []any{}, "password": "a random placeholder",
	}
}

// entraUser is what Entra ID posts: no displayName, meta and empty roles.
func entraUser(p person) map[string]any {
	return map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},
		"externalId": "0a21f0f2-8d2a-4f8e-bf98-" + lower(p.given), "userName": p.mail, "active": true,
		"emails": []any{map[string]any{"primary": true, "type": "work", "value": p.mail}},
		"meta":   map[string]any{"resourceType": "User"},
		"name":   map[string]any{"formatted": p.name(), "familyName": p.family, "givenName": p.given},
		"roles":  []any{},
	}
}

func patchOf(ops ...map[string]any) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": ops}
}
