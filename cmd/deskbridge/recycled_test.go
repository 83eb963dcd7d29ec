package main

import (
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// TestRecycledNickname has Entra ID give a leaver's mailNickname, and with it the address,
// to a new hire, be the leaver removed or still suspended: somebody new, for whom an admin
// is asked while the desk shows the leaver under that address.
func TestRecycledNickname(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, entra idp, leaver string){
		"removed":   func(t *testing.T, entra idp, leaver string) { entra.mustDo(t, "DELETE", "/Users/"+leaver, nil, 204) },
		"suspended": func(t *testing.T, entra idp, leaver string) { entra.mustPatch(t, "/Users/"+leaver, setActive(false)) },
	} {
		t.Run(name, func(t *testing.T) { recycledNickname(t, leave) })
	}
}

func recycledNickname(t *testing.T, leave func(t *testing.T, entra idp, leaver string)) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		urls := commandJSON[server.ConnectionURLs](b, "connection", "add", "acme", "--idp", "entra")
		entra := idp{simulated.NewIdP(urls.SCIMURL, urls.Token)}
		b.apply("desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}]\nrules:\n  - {connection: acme, group: Support, desk: d, role: agent, teams: [Tier 1]}\n")
		person := func(name string) string {
			return entra.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "externalId": "ada", "active": true,
				"emails": []map[string]any{{"type": "work", "primary": true, "value": "ada@acme.example"}}})
		}
		account := func(person string) (found provision.Account) {
			accounts, err := b.sys.Store.AccountsWhere(t.Context(), provision.AccountFilter{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range accounts {
				if a.Identity == provision.IdentityID(person) {
					found = a
				}
			}
			return found
		}
		leaver := person("ada.jones@acme.example")
		support := entra.group(t, "Support", leaver)
		b.synced()
		before := account(leaver)
		if before.State != provision.AccountReady {
			t.Fatalf("the leaver's account is %s", before.State)
		}
		leave(t, entra, leaver)
		b.synced()

		hire := person("ada.smith@acme.example")
		entra.mustPatch(t, "/Groups/"+support, addMembers(hire))
		b.synced()
		if got := account(hire); hire == leaver || got.ID == before.ID || got.DeskUser != "" || got.State != provision.AccountNeedsAttention || got.ReasonCode != provision.ReasonUserTaken {
			t.Errorf("the new hire has %s, user %q, %s %s", got.ID, got.DeskUser, got.State, got.ReasonCode)
		}
		if got := account(leaver); got.ID != before.ID || got.DeskUser != before.DeskUser || got.State != provision.AccountEnded {
			t.Errorf("the leaver has %s, user %q, %s", got.ID, got.DeskUser, got.State)
		}
	})
}
