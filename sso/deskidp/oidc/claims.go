package oidc

import (
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

// claimsOf returns what a desk gets of a person, beside who it is, for the
// scopes that the desk asked for.
func claimsOf(v site.Subject, granted []string) map[string]any {
	claims := make(map[string]any)
	add := func(name string, f protocol.Field) {
		if value := v.Value(f); value != "" {
			claims[name] = value
		}
	}
	for _, scope := range granted {
		switch scope {
		case scopeEmail:
			add("email", protocol.FieldEmail)
			if v.EmailVerified() {
				claims["email_verified"] = true
			}
		case scopeProfile:
			add("name", protocol.FieldName)
			add("given_name", protocol.FieldGivenName)
			add("family_name", protocol.FieldFamilyName)
			add("preferred_username", protocol.FieldUserName)
			add("locale", protocol.FieldLocale)
			add("zoneinfo", protocol.FieldTimezone)
		}
		if scope == scopeProfile || scope == scopeGroups { // most desks can ask for standard scopes alone
			add("role", protocol.FieldRole)
			claims["groups"] = append([]string{}, v.Values(protocol.FieldGroups)...)
		}
	}
	return claims
}
