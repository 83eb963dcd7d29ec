package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
)

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

// jitRules returns the rules that the role of a connection's jit settings
// stands for: on each desk that its rules name, everybody whom a sign-in made
// has at least that role.
func jitRules(c config.Connection, rules []config.Rule) (out []provision.Rule, _ error) {
	if c.JIT == nil || c.JIT.Role == "" {
		return nil, nil
	}
	role, err := provision.ParseRole(c.JIT.Role)
	if err != nil {
		return nil, errors.New("jit: " + explainError(err))
	}
	switch role {
	case provision.RoleNone:
		return nil, nil
	case provision.RoleAdmin, provision.RoleOwner:
		return nil, errors.New("jit: a first sign-in makes nobody an " + string(role) + "; write a rule that names the group")
	}
	var named []string
	for _, r := range rules {
		if r.Connection == c.Name && !slices.Contains(named, r.Desk) {
			named = append(named, r.Desk)
			out = append(out, provision.Rule{Connection: provision.ConnectionID(c.Name), Desk: provision.DeskID(r.Desk),
				Attribute: provision.AttributeJIT, Equals: "true", Role: role})
		}
	}
	return out, nil
}
