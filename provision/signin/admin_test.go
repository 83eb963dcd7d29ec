package signin_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestSigningInMakesNobodyAnAdministrator has an identity provider claim all that
// could be taken for a high role: without a rule that names the very group or
// value nobody gets it, and owner is what no rule can give.
func TestSigningInMakesNobodyAnAdministrator(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		claims := provision.Attributes{
			"role": {"admin", "owner"}, "roles": {"admin", "owner", "desk-admin"}, "groups": {"Admins"}, "signin.groups": {"Admins"}, "jit": {"admin"},
			provision.AttributeDesk: {"true"}, provision.AttributeDeskRole: {"admin"}, provision.AttributeDeskTeams: {"A"}, provision.AttributeDeskMailboxes: {"Help"},
		}
		enters := func(name string) provision.Access {
			h.Helper()
			l := provisiontest.LoginOf(name, "Admins", "Owners", "Everybody")
			l.Attributes = claims
			in, err := h.SignIn(l)
			h.Must(err)
			accounts, err := h.Store.AccountsOf(h.Context(), []provision.IdentityID{in.Person.ID})
			h.Must(err)
			if len(accounts) == 0 {
				return provision.Access{}
			}
			return accounts[0].Desired
		}
		if got := enters("before"); got.Role != "" || got.Status != "" {
			t.Errorf("without any rule: %+v", got)
		}
		for _, r := range []provision.Rule{
			{Attribute: provision.AttributeJIT, Equals: "true", Role: provision.RoleAgent},
			{Attribute: provision.AttributeDesk, Role: provision.RoleAdmin}, // for what SCIM says
			{Group: "Everybody", Role: provision.RoleLimited},
			{Group: "Admin", Role: provision.RoleAdmin},
			{Attribute: "roles", Equals: "desk-admins", Role: provision.RoleAdmin},
		} {
			r.Connection, r.Desk = h.Conn.ID, h.Desk.ID
			_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, r)
			h.Must(err)
		}
		if got := enters("between"); got.Role != provision.RoleAgent || len(got.Teams)+len(got.Mailboxes) > 0 {
			t.Errorf("with rules that name others: %+v", got)
		}
		for _, r := range []provision.Rule{
			{Attribute: "JIT", Equals: "true", Role: provision.RoleAdmin},
			{Attribute: provision.AttributeJIT, Role: provision.RoleAdmin},
			{Group: "Owners", Role: provision.RoleOwner},
		} {
			r.Connection, r.Desk = h.Conn.ID, h.Desk.ID
			_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, r)
			h.Code(err, provision.Invalid)
		}
		h.Rule("Admins", provision.RoleAdmin)
		if got := enters("after"); got.Role != provision.RoleAdmin {
			t.Errorf("with a rule that names the group: %+v", got)
		}
	})
}
