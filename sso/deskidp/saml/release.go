package saml

import (
	"maps"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

// general are the short names that most desks have as their defaults.
var general = protocol.DeskSAML{NameID: protocol.FieldEmail, Attributes: map[protocol.Field]string{
	protocol.FieldEmail: "email", protocol.FieldName: "name", protocol.FieldGivenName: "first_name", protocol.FieldFamilyName: "last_name",
	protocol.FieldUserName: "username", protocol.FieldRole: "role", protocol.FieldGroups: "groups",
}}

// release is the attribute release of one desk by SAML.
type release struct {
	nameID     protocol.Field
	attributes map[protocol.Field]string
}

// releaseTo returns the attribute release to a desk: as configured, and where
// that says nothing as its kind of desk needs it.
func (h *Handler) releaseTo(d provision.Desk) release {
	usual, known := h.kinds[d.Kind]
	if !known {
		usual = general
	}
	t := release{usual.NameID, maps.Clone(usual.Attributes)}
	if d.SignIn.SAML.NameID != "" {
		t.nameID = d.SignIn.SAML.NameID
	}
	if d.SignIn.SAML.Attributes != nil {
		t.attributes = d.SignIn.SAML.Attributes
	}
	return t
}
