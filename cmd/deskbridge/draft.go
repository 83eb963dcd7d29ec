package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// draftOf turns what access.yaml says into the core's words, and checks
// nothing: that is the core's, for every door. What cannot be said in those
// words is returned at once.
func draftOf(access config.Access) (d plan.Draft, _ error) {
	var mistakes []error
	for i, c := range access.Connections {
		conn := provision.Connection{Name: c.Name, IdP: cmp.Or(provision.IdP(c.IdP), provision.IdPGeneric), Domains: c.Domains}
		var err error
		if conn.SignIn, err = signInOf(c); err != nil {
			mistakes = append(mistakes, fmt.Errorf("connections[%d]: %w", i+1, err))
		}
		if c.SCIM != nil && c.SCIM.JWT != nil {
			conn.JWT = new(provision.JWT(*c.SCIM.JWT))
		}
		if c.JIT != nil && c.JIT.Role != "" {
			role, err := provision.ParseRole(c.JIT.Role)
			if err != nil {
				mistakes = append(mistakes, fmt.Errorf("connections[%d]: jit: %s", i+1, explainError(err)))
			}
			if d.JITRoles == nil {
				d.JITRoles = make(map[string]provision.Role)
			}
			d.JITRoles[c.Name] = role
		}
		d.Connections = append(d.Connections, conn)
	}
	for _, k := range access.Desks {
		if k.Kind == "" {
			mistakes = append(mistakes, fmt.Errorf("desk %q: kind is missing", k.Name))
		}
		d.Desks = append(d.Desks, provision.Desk{Name: k.Name, Kind: provision.DeskKind(k.Kind), URL: strings.TrimRight(k.URL, "/"), Secret: k.Secret,
			Settings: k.Settings, OnLeave: provision.OnLeave(k.OnLeave), Seats: k.Seats, Adoption: provision.Adoption(k.Adoption),
			Drift: provision.DriftPolicy(k.Drift), Rate: k.Rate, SignIn: deskSignInOf(k.Name, k.SignIn),
			HandOver: provision.HandOver{Agent: k.HandOver.Agent, To: provision.HandOverTo(k.HandOver.To)}})
	}
	for i, r := range access.Rules {
		role, err := provision.ParseRole(r.Role)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("rules[%d]: %s", i+1, explainError(err)))
		}
		d.Rules = append(d.Rules, plan.DraftRule{Connection: r.Connection, Desk: r.Desk, Rule: provision.Rule{
			Group: r.Group, Attribute: r.Attribute, Equals: r.Equals, Role: role, Teams: r.Teams, Mailboxes: r.Mailboxes}})
	}
	return d, errors.Join(mistakes...)
}

// signInOf turns the sign-in settings of a connection into the core's words.
// A metadata file is read now: the server may run elsewhere.
func signInOf(c config.Connection) (s provision.SignIn, _ error) {
	s.Disabled, s.Match = c.SignInDisabled, provision.Match(c.Match)
	if c.JIT != nil {
		s.JIT = &provision.JIT{Create: c.JIT.Create == nil || *c.JIT.Create, Groups: c.JIT.Groups, NoGroups: provision.NoGroups(c.JIT.NoGroups)}
	}
	if c.SAML != nil {
		saml := *c.SAML
		if saml.MetadataFile != "" {
			text, err := os.ReadFile(saml.MetadataFile)
			if err != nil {
				return s, fmt.Errorf("saml: %w", err)
			}
			saml.Metadata = string(text)
		}
		var err error
		if s.SAML, err = json.Marshal(saml); err != nil {
			return s, err
		}
	}
	if c.OIDC != nil {
		var err error
		if s.OIDC, err = json.Marshal(c.OIDC); err != nil {
			return s, err
		}
	}
	return s, nil
}

// deskSignInOf turns what a file says of signing in to a desk into the core's
// words.
func deskSignInOf(desk string, in *config.DeskSignIn) (out provision.DeskSignIn) {
	if in == nil {
		return out
	}
	out.BeforeReady = in.BeforeReady
	for role, word := range in.Roles {
		if out.Roles == nil {
			out.Roles = make(map[provision.Role]string)
		}
		out.Roles[provision.Role(role)] = word
	}
	if s := in.SAML; s != nil {
		out.SAML = &provision.DeskSAML{EntityID: s.EntityID, ACSURL: s.ACSURL, NameID: provision.Field(s.NameID), Certificate: s.Certificate,
			SignResponse: s.SignResponse, RelayState: s.RelayState}
		if s.Attributes != nil {
			out.SAML.Attributes = make(map[provision.Field]string)
		}
		for field, name := range s.Attributes {
			out.SAML.Attributes[provision.Field(field)] = name
		}
	}
	if o := in.OIDC; o != nil {
		out.OIDC = &provision.DeskOIDC{ClientID: cmp.Or(o.ClientID, desk), ClientSecret: o.ClientSecret, Public: o.Public, RedirectURIs: o.RedirectURIs,
			PostLogoutRedirectURIs: o.PostLogoutRedirectURIs, BackchannelLogoutURL: o.BackchannelLogoutURL, LoginURL: o.LoginURL}
	}
	return out
}
