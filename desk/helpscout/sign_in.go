package helpscout

import "github.com/deskbridge/deskbridge/provision"

// SignIn is what Help Scout needs to be told by SAML: it finds people by the
// address in the NameID, makes nobody, and reads no attribute
// (docs.helpscout.com/article/880, 2026-11).
var SignIn = provision.DeskSAML{NameID: provision.FieldEmail, Attributes: map[provision.Field]string{provision.FieldEmail: "email"}}
