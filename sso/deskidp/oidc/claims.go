package oidc

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

// claimsOf returns what a desk is told of a person, beside who it is, for the
// scopes that it asked for.
func claimsOf(v site.Visitor, granted []string) map[string]any {
	claims := make(map[string]any)
	add := func(name string, f provision.Field) {
		if value := v.Value(f); value != "" {
			claims[name] = value
		}
	}
	for _, scope := range granted {
		switch scope {
		case scopeEmail:
			add("email", provision.FieldEmail)
			if v.EmailVerified() {
				claims["email_verified"] = true
			}
		case scopeProfile:
			add("name", provision.FieldName)
			add("given_name", provision.FieldGivenName)
			add("family_name", provision.FieldFamilyName)
			add("preferred_username", provision.FieldUserName)
			add("locale", provision.FieldLocale)
			add("zoneinfo", provision.FieldTimezone)
		}
		if scope == scopeProfile || scope == scopeGroups { // most desks can ask for standard scopes alone
			add("role", provision.FieldRole)
			claims["groups"] = append([]string{}, v.Values(provision.FieldGroups)...)
		}
	}
	return claims
}
