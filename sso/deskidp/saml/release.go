package saml

import (
	"maps"

	"github.com/deskbridge/deskbridge/provision"
)

// general are the short names that most desks have as their defaults.
var general = provision.DeskSAML{NameID: provision.FieldEmail, Attributes: map[provision.Field]string{
	provision.FieldEmail: "email", provision.FieldName: "name", provision.FieldGivenName: "first_name", provision.FieldFamilyName: "last_name",
	provision.FieldUserName: "username", provision.FieldRole: "role", provision.FieldGroups: "groups",
}}

// told is what a desk is told of a person by SAML.
type told struct {
	nameID     provision.Field
	attributes map[provision.Field]string
}

// toldTo returns what a desk is told: as configured, and where that says nothing
// as its kind of desk needs it.
func (h *Handler) toldTo(d provision.Desk) told {
	usual, known := h.kinds[d.Kind]
	if !known {
		usual = general
	}
	t := told{usual.NameID, maps.Clone(usual.Attributes)}
	if d.SignIn.SAML.NameID != "" {
		t.nameID = d.SignIn.SAML.NameID
	}
	if d.SignIn.SAML.Attributes != nil {
		t.attributes = d.SignIn.SAML.Attributes
	}
	return t
}
