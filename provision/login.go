package provision

import (
	"time"
)

// LoginKey is what a protocol knows somebody by. It never changes hands while
// the person exists.
type LoginKey struct {
	Connection ConnectionID
	Protocol   Protocol
	Issuer     string
	Subject    string
	Identity   IdentityID
	CreatedAt  time.Time
	UsedAt     time.Time
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
