package protocol

import (
	"fmt"
	"slices"
	"strings"
)

// Claims says which attribute or claim holds what. What is not named is looked
// for under the usual names.
type Claims map[string]string

// What [Claims] can name.
const (
	ClaimSubject    = "subject"     // SAML: what stands for the NameID, where that changes at each sign-in
	ClaimUserName   = "user_name"   // what equals SCIM's userName
	ClaimExternalID = "external_id" // what equals SCIM's externalId
	ClaimEmail      = "email"
	ClaimName       = "name"
	ClaimGivenName  = "given_name"
	ClaimFamilyName = "family_name"
	ClaimTitle      = "title"
	ClaimPhone      = "phone"
	ClaimGroups     = "groups"
)

var claimNames = []string{ClaimSubject, ClaimUserName, ClaimExternalID, ClaimEmail, ClaimName, ClaimGivenName, ClaimFamilyName, ClaimTitle, ClaimPhone, ClaimGroups}

// Validate returns an error when c names something that nobody looks for.
func (c Claims) Validate() error {
	for name := range c {
		if !slices.Contains(claimNames, name) {
			return fmt.Errorf("claims has no key %q; it knows %s", name, strings.Join(claimNames, ", "))
		}
	}
	return nil
}
