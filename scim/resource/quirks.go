package resource

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/provision"
)

// This file holds what a single identity provider needs and the standard does
// not ask for.

// roleValue returns the value of a role. Entra's default job sends an app role
// as JSON in a string, {"id":…,"value":…,"displayName":…}; rules match on the
// value in it. The document keeps what was sent.
func roleValue(sent string) string {
	if !strings.HasPrefix(sent, "{") {
		return sent
	}
	var role struct{ Value string }
	if json.Unmarshal([]byte(sent), &role) != nil || role.Value == "" {
		return sent
	}
	return role.Value
}

// unwrapped returns the value in {"$ref":null,"value":"x"} where def is simple.
// Entra with the flag AzureAdScimPatch2017 sends every value as a list of one
// such object.
func unwrapped(def schema.CoreAttribute, element any) any {
	o, ok := element.(Object)
	if !ok || IsComplex(def) {
		return element
	}
	return o[Key(o, "value")]
}

// DecodedTwice returns the look-up that was meant when the userName in where
// is still percent-encoded. Microsoft's SCIM Validator encodes it twice, so
// that ada@example.test arrives as ada%40example.test. It is tried only when
// nobody has the name as it was sent.
func DecodedTwice(where provision.Expr) (provision.Expr, bool) {
	look, ok := where.(provision.Compare)
	if !ok || look.Op != provision.OpEqual || len(look.Path) != 1 || look.Path[0] != "userName" {
		return nil, false
	}
	sent, _ := look.Value.(string)
	name, err := url.PathUnescape(sent)
	if err != nil || name == sent || strings.ContainsRune(name, 0) {
		return nil, false
	}
	look.Value = name
	return look, true
}
