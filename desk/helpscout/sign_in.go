package helpscout

import "github.com/deskbridge/deskbridge/provision/protocol"

// SignIn is what Help Scout needs to be told by SAML: it finds people by the
// address in the NameID, makes nobody, and reads no attribute
// (docs.helpscout.com/article/880, 2026-11).
var SignIn = protocol.DeskSAML{NameID: protocol.FieldEmail, Attributes: map[protocol.Field]string{protocol.FieldEmail: "email"}}
