package provision

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// SignIn says how the people of a connection sign in, and what a first sign-in
// may do. SAML and OIDC are the settings of the protocol edges: the core keeps
// them and looks no further. They may hold secrets: the store seals them.
type SignIn struct {
	Disabled bool            `json:"disabled,omitempty"` // nobody signs in, and no session is good any more
	JIT      *JIT            `json:"jit,omitempty"`
	Match    Match           `json:"match,omitzero"`
	SAML     json.RawMessage `json:"saml,omitempty"`
	OIDC     json.RawMessage `json:"oidc,omitempty"`
}

// JIT says whom a first sign-in may make. A connection without it makes people
// as long as nobody pushes them over SCIM.
type JIT struct {
	Create bool     `json:"create"`
	Groups []string `json:"groups,omitempty"` // only those whom the IdP says to be in one of these; empty: anybody
	// NoGroups says what becomes of somebody of whose groups the IdP tells
	// nothing.
	NoGroups NoGroups `json:"no_groups,omitempty"`
}

// NoGroups says what a sign-in without a group claim does.
type NoGroups string

// What can be done without a group claim.
const (
	NoGroupsKeep   NoGroups = "keep"   // the default: what was known before stays
	NoGroupsEmpty  NoGroups = "empty"  // in no group
	NoGroupsRefuse NoGroups = "refuse" // no sign-in
)

// Match says by what a first sign-in finds somebody who is known already.
type Match struct {
	// Email lets a verified address of an owned domain find the only person
	// with that address.
	Email bool `json:"email,omitempty"`
}

// Empty reports whether nothing is set.
func (s *SignIn) Empty() bool {
	return !s.Disabled && s.JIT == nil && s.Match == Match{} && len(s.SAML) == 0 && len(s.OIDC) == 0
}

// equal reports whether s and other say the same.
func (s *SignIn) equal(other *SignIn) bool {
	a, err1 := json.Marshal(s)
	b, err2 := json.Marshal(other)
	return err1 == nil && err2 == nil && sameJSON(a, b)
}

// differences names the parts in which other is different: names only, for
// they may hold secrets.
func (s *SignIn) differences(other *SignIn) (fields []string) {
	for _, part := range []struct {
		name string
		same bool
	}{
		{"disabled", s.Disabled == other.Disabled},
		{"jit", reflect.DeepEqual(s.JIT, other.JIT)},
		{"match", s.Match == other.Match},
		{"saml", sameJSON(s.SAML, other.SAML)},
		{"oidc", sameJSON(s.OIDC, other.OIDC)},
	} {
		if !part.same {
			fields = append(fields, part.name)
		}
	}
	return fields
}

// sameJSON reports whether a and b hold the same value.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return bytes.Equal(a, b)
	}
	return reflect.DeepEqual(x, y)
}

// Validate returns an Invalid error when s cannot be used.
func (s *SignIn) Validate() error {
	if s.JIT == nil {
		return nil
	}
	if len(s.JIT.Groups) > 0 && !s.JIT.Create {
		return Errorf(Invalid, "jit", "groups go with create: true")
	}
	if !slices.Contains([]NoGroups{"", NoGroupsKeep, NoGroupsEmpty, NoGroupsRefuse}, s.JIT.NoGroups) {
		return Errorf(Invalid, "jit", "no_groups is one of keep, empty, refuse")
	}
	return nil
}

// Protocol is how somebody signs in.
type Protocol string

// The protocols.
const (
	ProtocolSAML Protocol = "saml"
	ProtocolOIDC Protocol = "oidc"
)

// Login is what a protocol has verified of somebody who signs in. The account
// key is Protocol, Issuer and Subject, never an address: some identity providers
// have one name for both protocols.
type Login struct {
	Protocol Protocol
	Issuer   string // SAML: the IdP's entity ID; OIDC: iss
	Subject  string // SAML: the NameID with its qualifiers; OIDC: sub

	UserName   string // what equals SCIM's userName; empty: nothing that can be trusted for it
	ExternalID string // what equals SCIM's externalId; empty when no claim is configured for it

	Email    string
	Verified Verified

	Profile    Profile
	Attributes Attributes // what rules may match on, beside groups

	Groups      []string
	GroupsKnown bool // false: the IdP said nothing of groups, or only that there are too many

	GroupsOverage bool // the IdP said that there are too many to name them
}

// Verified says what an IdP says about the address it gives.
type Verified string

// What can be said of an address.
const (
	VerifiedYes    Verified = "yes"
	VerifiedNo     Verified = "no"     // the IdP says no, or nothing although the protocol has a word for it
	VerifiedDomain Verified = "domain" // the protocol has no word for it: good when the connection owns the domain
)

// AttributeGroups holds the groups that an IdP named at a sign-in, of a person
// whom SCIM has never described. AttributeJIT is "true" for such a person, so
// that a rule can give everybody who signs in a role.
const (
	AttributeGroups = "signin.groups"
	AttributeJIT    = "jit"
)

// Managed reports whether SCIM has described the person. It is then the
// authority: a sign-in changes nothing of them.
func (id *Identity) Managed() bool {
	return len(id.Document) > 0 || len(id.Attributes[AttributeJIT]) == 0
}

// ClaimedGroups returns the groups that an IdP named at the last sign-in of
// somebody whom SCIM has never described.
func (id *Identity) ClaimedGroups() (names []string) {
	for _, m := range id.claimed() {
		names = append(names, m.Name)
	}
	return names
}

// claimed returns the groups that an IdP named at the last sign-in, for those
// whom SCIM has never described.
func (id *Identity) claimed() []Membership {
	if id.Managed() {
		return nil
	}
	names := id.Attributes[AttributeGroups]
	out := make([]Membership, len(names))
	for i, name := range names {
		out[i] = Membership{Name: name, Claimed: true}
	}
	return out
}

// domainOf returns the folded domain of an e-mail address; "" when it is none.
func domainOf(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return ""
	}
	return Fold(email[at+1:])
}
