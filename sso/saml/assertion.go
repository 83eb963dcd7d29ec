package saml

import "time"

// Assertion is what the identity provider says of the person who signed in.
// All of it was covered by a signature.
type Assertion struct {
	ID           string // unique per Issuer; remember it until NotOnOrAfter and refuse it the second time
	Issuer       string // entity ID of the identity provider
	Issued       time.Time
	NameID       NameID
	SessionIndex string    // of the session at the identity provider, as logout requests name it; may be ""
	AuthnInstant time.Time // when the person proved who they are
	AuthnContext string    // class of how they did, e.g. "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"; may be ""

	NotOnOrAfter        time.Time  // from here on the answer would be refused as expired; the skew is added already
	SessionNotOnOrAfter *time.Time // when a session made from it must end; nil: not said

	Attributes []Attribute // as sent and in their order; a name can occur more than once
}

// NameID names the person at the identity provider (SAML core §2.2.3). Two are
// the same only if all fields are.
type NameID struct {
	Value           string // without surrounding white space; never ""
	Format          string // "": unspecified
	NameQualifier   string
	SPNameQualifier string
}

// Attribute is one attribute of the person, as sent.
type Attribute struct {
	Name         string // what to compare; FriendlyName is for people only
	NameFormat   string
	FriendlyName string
	Values       []string // without those that are nil (xsi:nil)
}

// Values returns all values of the attributes that are called name, in the
// order in which they were sent; nil when there are none. Some identity
// providers send a list as one attribute, others as many of the same name.
func (a *Assertion) Values(name string) []string {
	var values []string
	for _, attribute := range a.Attributes {
		if attribute.Name == name {
			values = append(values, attribute.Values...)
		}
	}
	return values
}
