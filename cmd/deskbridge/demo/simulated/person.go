package simulated

// Person is a person in the demo.
type Person struct{ Given, Family, Mail string }

// Name is the person's whole name.
func (p Person) Name() string { return p.Given + " " + p.Family }

// OktaUser is what Okta posts for a new assignment.
func OktaUser(p Person) map[string]any {
	return map[string]any{
		"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"userName": p.Mail, "externalId": "00u-" + Lower(p.Given), "displayName": p.Name(), "locale": "en-US", "active": true,
		"name":   map[string]any{"givenName": p.Given, "familyName": p.Family},
		"emails": []any{map[string]any{"primary": true, "value": p.Mail, "type": "work"}},
		"groups": []any{}, "password": "a random placeholder",
	}
}

// EntraUser is what Entra ID posts: no displayName, meta and empty roles.
func EntraUser(p Person) map[string]any {
	return map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},
		"externalId": "0a21f0f2-8d2a-4f8e-bf98-" + Lower(p.Given), "userName": p.Mail, "active": true,
		"emails": []any{map[string]any{"primary": true, "type": "work", "value": p.Mail}},
		"meta":   map[string]any{"resourceType": "User"},
		"name":   map[string]any{"formatted": p.Name(), "familyName": p.Family, "givenName": p.Given},
		"roles":  []any{},
	}
}

// PatchOf returns the body of a PATCH with these operations.
func PatchOf(ops ...map[string]any) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": ops}
}
