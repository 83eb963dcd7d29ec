package demo

import (
	"fmt"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
)

// demoAccess is the configuration that the demo applies, once DEMO_ISSUER is the
// address of its OpenID provider.
const demoAccess = `connections:
  - {name: fjord-okta, idp: okta, domains: [fjord.example], oidc: {issuer: "DEMO_ISSUER", client_id: deskbridge, client_secret: a secret of the demo}}
  - {name: fjord-entra, idp: entra, domains: [agency.example]}
  - name: fjord-partners
    idp: generic
    domains: [partner.example]
    jit: {create: true, groups: [Partner support]}
    oidc: {issuer: "DEMO_ISSUER", client_id: deskbridge, client_secret: a secret of the demo}
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

var (
	supporters = people("fjord.example", "Ada Nilsen", "Bo Lund", "Cy Moe", "Dag Aas", "Eva Berg", "Finn Dahl", "Gro Eide", "Hedda Foss")
	leads      = people("fjord.example", "Ida Holm", "Jon Haug")
	billers    = people("fjord.example", "Kari Lie", "Lars Moen")
	agency     = people("agency.example", "Mona Nes", "Nils Ruud", "Ola Sand")
	joiner     = people("fjord.example", "Pia Strand")[0]
)

func people(domain string, names ...string) []simulated.Person {
	out := make([]simulated.Person, len(names))
	for i, n := range names {
		var p simulated.Person
		if _, err := fmt.Sscan(n, &p.Given, &p.Family); err != nil {
			panic(err) // the list above is wrong
		}
		p.Mail = simulated.Lower(p.Given) + "@" + domain
		out[i] = p
	}
	return out
}
