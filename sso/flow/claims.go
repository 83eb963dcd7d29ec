package flow

import (
	"strings"
	"unicode"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

const (
	formatEmail      = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatPersistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	formatTransient  = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

	schemas = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	// entraOverage is what Entra ID sends in place of more groups than fit.
	entraOverage = "http://schemas.microsoft.com/claims/groups.link"
	entraObject  = "http://schemas.microsoft.com/identity/claims/objectidentifier"
)

// usualNames are the attributes of SAML in which identity providers send what a
// claim means, when the connection names no other.
var usualNames = map[string][]string{
	protocol.ClaimEmail:      {"email", "mail", "emailAddress", "emailaddress", "User.email", "urn:oid:0.9.2342.19200300.100.1.3", schemas + "emailaddress"},
	protocol.ClaimName:       {"displayName", "name", "cn", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3", "http://schemas.microsoft.com/identity/claims/displayname"},
	protocol.ClaimGivenName:  {"firstName", "givenName", "given_name", "User.FirstName", "urn:oid:2.5.4.42", schemas + "givenname"},
	protocol.ClaimFamilyName: {"lastName", "sn", "surname", "family_name", "User.LastName", "urn:oid:2.5.4.4", schemas + "surname"},
	protocol.ClaimTitle:      {"title", "urn:oid:2.5.4.12"},
	protocol.ClaimPhone:      {"phone", "telephoneNumber", "urn:oid:2.5.4.20"},
	protocol.ClaimGroups: {"groups", "group", "memberOf", "isMemberOf", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
		"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "http://schemas.xmlsoap.org/claims/Group"},
}

// maxRuleValues bounds what rules can match on: names, and values of each.
const maxRuleValues = 1000

// samlLogin is what an assertion says, in the core's words.
func (h *Handler) samlLogin(conn provision.Connection, claims protocol.Claims, a *saml.Assertion) (provision.Login, error) {
	get := func(claim string) []string {
		if name := claims[claim]; name != "" {
			return a.Values(name)
		}
		for _, name := range usualNames[claim] {
			if values := a.Values(name); len(values) > 0 {
				return values
			}
		}
		return nil
	}
	l := provision.Login{Protocol: provision.ProtocolSAML, Issuer: a.Issuer, Subject: h.clients.Subject(conn, a.Issuer, a.NameID),
		Spellings: h.clients.Spellings(conn, a.Issuer, a.NameID), Verified: provision.VerifiedDomain,
		UserName: first(get(protocol.ClaimUserName)), ExternalID: first(get(protocol.ClaimExternalID)), Email: first(get(protocol.ClaimEmail))}
	if name := claims[protocol.ClaimSubject]; name != "" {
		l.Subject, l.Spellings = first(a.Values(name)), nil
	} else if a.NameID.Format == formatTransient {
		l.Subject = ""
	}
	if claims[protocol.ClaimSubject] != "" && strings.ContainsFunc(l.Subject, unicode.IsControl) { // package saml sees to the NameID
		return l, &saml.Refusal{Reason: saml.ReasonNameID, Detail: "the attribute that claims.subject names holds line breaks or other control characters"}
	}
	if l.Subject == "" {
		return l, &saml.Refusal{Reason: saml.ReasonNameID,
			Detail: "the identity provider names the person anew at each sign-in; have it send a persistent NameID, or name an attribute that stays the same in claims.subject"}
	}
	opaque := a.NameID.Format == formatPersistent || a.NameID.Format == formatTransient
	if l.UserName == "" && claims[protocol.ClaimUserName] == "" && !opaque {
		l.UserName = a.NameID.Value
	}
	if l.Email == "" && claims[protocol.ClaimEmail] == "" && !opaque && (a.NameID.Format == formatEmail || strings.Contains(a.NameID.Value, "@")) {
		l.Email = a.NameID.Value
	}
	// An attribute with an address is no userName: people can set it themselves at
	// many identity providers. It finds whom an address may find.
	if l.ExternalID == "" && claims[protocol.ClaimExternalID] == "" && conn.IdP == provision.IdPEntra {
		l.ExternalID = first(a.Values(entraObject))
	}
	l.Profile = profileOf(l.Email, get)
	l.Groups = get(protocol.ClaimGroups)
	l.GroupsKnown = len(l.Groups) > 0 || sent(a, claims[protocol.ClaimGroups])
	if len(a.Values(entraOverage)) > 0 {
		l.Groups, l.GroupsKnown, l.GroupsOverage = nil, false, true
	}
	l.Attributes = make(provision.Attributes)
	for _, attribute := range a.Attributes {
		note(l.Attributes, attribute.Name, attribute.Values)
	}
	return l, nil
}

// sent reports whether an attribute for groups is there, be it empty.
func sent(a *saml.Assertion, configured string) bool {
	names := usualNames[protocol.ClaimGroups]
	if configured != "" {
		names = []string{configured}
	}
	for _, attribute := range a.Attributes {
		for _, name := range names {
			if attribute.Name == name {
				return true
			}
		}
	}
	return false
}

// oidcLogin is what an ID token says, in the core's words.
func oidcLogin(conn provision.Connection, claims protocol.Claims, t *oidc.Token) provision.Login {
	get := func(claim string) []string {
		if name := claims[claim]; name != "" {
			return t.Claims[name]
		}
		return t.Claims[claim]
	}
	l := provision.Login{Protocol: provision.ProtocolOIDC, Issuer: t.Issuer, Subject: t.Subject, Email: t.Email, Verified: provision.VerifiedNo,
		ExternalID: first(t.Claims[claims[protocol.ClaimExternalID]])}
	entra := conn.IdP == provision.IdPEntra
	switch {
	case t.EmailVerified:
		l.Verified = provision.VerifiedYes
	case entra && !t.EmailVerifiedPresent:
		l.Verified = provision.VerifiedDomain // Entra ID has no email_verified
	}
	if name := claims[protocol.ClaimEmail]; name != "" && first(t.Claims[name]) != t.Email {
		l.Email, l.Verified = first(t.Claims[name]), provision.VerifiedNo // email_verified speaks of another
		if entra {
			l.Verified = provision.VerifiedDomain
		}
	}
	switch {
	case claims[protocol.ClaimUserName] != "":
		l.UserName = first(t.Claims[claims[protocol.ClaimUserName]])
	case entra:
		l.UserName = t.PreferredUsername
	}
	// A name that is the address is as good as the address is.
	if l.Verified == provision.VerifiedNo && strings.Contains(l.UserName, "@") {
		l.UserName = ""
	}
	if l.UserName == "" && l.Verified == provision.VerifiedYes {
		l.UserName = l.Email
	}
	if claims[protocol.ClaimExternalID] == "" {
		switch conn.IdP {
		case provision.IdPEntra:
			l.ExternalID = t.OID
		case provision.IdPOkta:
			l.ExternalID = t.Subject
		}
	}
	l.Profile = profileOf(l.Email, get)
	l.Profile.Locale, l.Profile.Timezone = t.Locale, t.Zoneinfo
	l.Groups, l.GroupsKnown, l.GroupsOverage = t.Groups, t.GroupsPresent && !t.GroupsOverage, t.GroupsOverage
	if !l.GroupsKnown {
		l.Groups = nil
	}
	l.Attributes = make(provision.Attributes)
	for name, values := range t.Claims {
		note(l.Attributes, name, values)
	}
	return l
}

func profileOf(email string, get func(string) []string) provision.Profile {
	p := provision.Profile{Email: email, DisplayName: first(get(protocol.ClaimName)), GivenName: first(get(protocol.ClaimGivenName)),
		FamilyName: first(get(protocol.ClaimFamilyName)), Title: first(get(protocol.ClaimTitle)), Phone: first(get(protocol.ClaimPhone))}
	if p.DisplayName == "" {
		p.DisplayName = strings.TrimSpace(p.GivenName + " " + p.FamilyName)
	}
	return p
}

// unstable claims differ at each sign-in, and would make every one a change.
var unstable = map[string]bool{"exp": true, "iat": true, "nbf": true, "auth_time": true, "nonce": true, "at_hash": true, "c_hash": true,
	"s_hash": true, "jti": true, "sid": true, "aud": true, "iss": true, "azp": true, "acr": true, "amr": true, "uti": true, "rh": true, "aio": true, "ver": true, "idp": true, "email_verified": true}

// note keeps values for rules under their folded name.
func note(to provision.Attributes, name string, values []string) {
	folded := provision.Fold(name)
	if name == "" || len(values) == 0 || unstable[name] || len(to) >= maxRuleValues {
		return
	}
	if len(values) > maxRuleValues {
		values = values[:maxRuleValues]
	}
	to[folded] = append(to[folded], values...)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return strings.Trim(values[0], " \t\r\n") // no more: other space is part of a name, and may be meant to look like none
}
