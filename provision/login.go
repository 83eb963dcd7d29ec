package provision

import (
	"slices"
	"strings"
	"time"
)

// LoginKey is what a protocol knows somebody by. It holds for as long as what
// it was found by does: see [LostLogins].
type LoginKey struct {
	Connection ConnectionID
	Protocol   Protocol
	Issuer     string
	Subject    string
	Identity   IdentityID
	FoundBy    FoundBy
	CreatedAt  time.Time
	UsedAt     time.Time
}

// Name is the subject without the qualifiers of a NameID.
func (l *LoginKey) Name() string {
	name, _, _ := strings.Cut(l.Subject, "\n")
	return name
}

// Qualifiers are what the subject of a NameID holds behind the name; "" when it
// holds no more.
func (l *LoginKey) Qualifiers() string {
	_, qualifiers, _ := strings.Cut(l.Subject, "\n")
	return qualifiers
}

// FoundBy says what a login was bound to its person by. Empty: before that was
// kept.
type FoundBy string

// What binds a login to a person, the strongest first. The first is an
// identifier that an identity provider gives to nobody else; userNames and
// addresses are given to others once their holder has another one.
const (
	FoundByExternalID FoundBy = "external-id"
	FoundByCreation   FoundBy = "created" // the sign-in made the person
	FoundByUserName   FoundBy = "user-name"
	FoundByEmail      FoundBy = "email"
)

// LoginFilter selects logins. Empty fields select all.
type LoginFilter struct {
	Identity   IdentityID
	Connection ConnectionID
	Protocol   Protocol
	Issuer     string
	Subject    string
}

// LosesNames reports whether somebody has a name or an externalId no more that
// a login may have been found by.
func LosesNames(old, now *Identity) bool {
	return old.ExternalID != now.ExternalID || len(lostNames(old, now)) > 0
}

// LostLogins returns those of a person's logins that hold no more, when the
// person is changed from old to now: their subject is a userName or an address
// that the person has no more, or they were found by what is now another. Who
// comes with such a login next may be somebody else.
func LostLogins(old, now *Identity, logins []LoginKey) (lost []LoginKey) {
	names := lostNames(old, now)
	for _, l := range logins {
		named := slices.ContainsFunc(names, func(name string) bool { return SameName(name, l.Name()) })
		switch {
		case named,
			l.FoundBy == FoundByExternalID && old.ExternalID != now.ExternalID,
			l.FoundBy == FoundByUserName && !now.Called(old.UserName),
			l.FoundBy == FoundByEmail && len(names) > 0:
			lost = append(lost, l)
		}
	}
	return lost
}

// lostNames returns what old is called, and now is not.
func lostNames(old, now *Identity) []string {
	return slices.DeleteFunc(old.names(), func(name string) bool { return now.Called(name) })
}

// names returns the userName and the addresses of a person.
func (id *Identity) names() []string {
	names := []string{id.UserName, id.Profile.Email}
	for _, e := range id.Emails {
		names = append(names, e.Value)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// Called reports whether name is the person's userName or one of their
// addresses; see [SameName].
func (id *Identity) Called(name string) bool {
	return slices.ContainsFunc(id.names(), func(have string) bool { return SameName(have, name) })
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

	// Spellings are subjects that mean the same, as this program or the identity
	// provider may have written it before. What is kept under one of them moves
	// to Subject.
	Spellings []string

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
