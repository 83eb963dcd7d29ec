package idp

import (
	"maps"

	"github.com/deskbridge/deskbridge/provision"
)

// preset is what a kind of desk needs to be told by SAML, as far as its vendor
// documents it.
type preset struct {
	nameID     provision.Field
	attributes map[provision.Field]string
}

// general is for desks without a preset: the short names that most products
// have as their defaults.
var general = preset{provision.FieldEmail, map[provision.Field]string{
	provision.FieldEmail: "email", provision.FieldName: "name", provision.FieldGivenName: "first_name", provision.FieldFamilyName: "last_name",
	provision.FieldUserName: "username", provision.FieldRole: "role", provision.FieldGroups: "groups",
}}

var presets = map[provision.DeskKind]preset{
	// Finds people by the address in the NameID, makes nobody, reads no
	// attribute (docs.helpscout.com/article/880, 2026-11).
	"helpscout": {provision.FieldEmail, map[provision.Field]string{provision.FieldEmail: "email"}},
}

// presetOf returns what a desk is told: as configured, and where that says
// nothing as its kind of desk needs it.
func presetOf(d provision.Desk) preset {
	p, known := presets[d.Kind]
	if !known {
		p = general
	}
	p.attributes = maps.Clone(p.attributes)
	if d.SignIn.SAML.NameID != "" {
		p.nameID = d.SignIn.SAML.NameID
	}
	if d.SignIn.SAML.Attributes != nil {
		p.attributes = d.SignIn.SAML.Attributes
	}
	return p
}
