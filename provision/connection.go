package provision

import (
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// IdP names the kind of identity provider behind a connection.
type IdP string

// The known kinds. They choose hints and documentation; the protocol edges
// treat all alike wherever they can.
const (
	IdPOkta      IdP = "okta"
	IdPEntra     IdP = "entra"
	IdPOneLogin  IdP = "onelogin"
	IdPGoogle    IdP = "google"
	IdPJumpCloud IdP = "jumpcloud"
	IdPPing      IdP = "ping"
	IdPKeycloak  IdP = "keycloak"
	IdPAuthentik IdP = "authentik"
	IdPGeneric   IdP = "generic"
)

// IdPs lists the known kinds.
var IdPs = []IdP{IdPOkta, IdPEntra, IdPOneLogin, IdPGoogle, IdPJumpCloud, IdPPing, IdPKeycloak, IdPAuthentik, IdPGeneric}

// lastingIDs are the kinds whose externalId is an identifier that never changes
// and is given to nobody else, whatever it looks like, unless an admin maps
// something else to it. docs/sign-in.md has the table for people.
var lastingIDs = []IdP{IdPOkta, IdPOneLogin, IdPJumpCloud, IdPAuthentik}

// oktaID is the form of Okta's user ids.
var oktaID = regexp.MustCompile(`^00u[0-9a-zA-Z]*[0-9][0-9a-zA-Z]*$`)

// KeepsExternalID reports whether an externalId that the identity provider gives
// stands for one person for ever. It does at some kinds, and where it is a UUID:
// those are made once for one object, as Entra ID's objectId is, and nobody is
// called so. The same goes for Okta's user ids, whoever passes them on. Entra ID's default, the mailNickname, goes from one person to
// another.
func (k IdP) KeepsExternalID(externalID string) bool {
	return externalID != "" && (slices.Contains(lastingIDs, k) || IsUUID(externalID) || oktaID.MatchString(externalID))
}

// RecyclesExternalID reports whether the identity provider is known to give an
// externalId like this one to somebody else one day.
func (k IdP) RecyclesExternalID(externalID string) bool {
	return k == IdPEntra && !k.KeepsExternalID(externalID)
}

// IsUUID reports whether text has the form of a UUID (RFC 9562 §4).
func IsUUID(text string) bool { return uuid.Validate(text) == nil }

// Connection is one IdP tenant.
type Connection struct {
	ID      ConnectionID
	Name    string // unique; part of its URLs
	IdP     IdP
	Domains []string // verified e-mail domains, folded and sorted; no two connections have the same
	SignIn  SignIn
	JWT     *protocol.JWT // whose signed tokens are taken beside ours; nil: nobody's

	// HeldAt is set while the mass-change brake holds the destructive steps of
	// people who lost access; nil otherwise.
	HeldAt *time.Time
	// ReleasedAt is when an admin last released the brake. What ended before
	// counts no more.
	ReleasedAt *time.Time

	Removal Removal // how far a removal is; "": it stays

	CreatedAt time.Time
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ValidateName returns an Invalid error unless name can be the name of a
// connection, desk or token: 1–63 lower-case letters, digits and hyphens.
func ValidateName(field, name string) error {
	if !nameForm.MatchString(name) {
		return Errorf(Invalid, field, "%q cannot be a name; use 1-63 lower-case letters, digits and inner hyphens, e.g. acme-eu", name)
	}
	return nil
}

// Removal says that a connection or a desk was removed by an admin, and what is
// still to be done before nothing is left of it. Its name is free already.
type Removal string

// What is to be done.
const (
	RemovalNone    Removal = ""        // it was not removed
	RemovalEnding  Removal = "ending"  // access ends on the desks, then everything is deleted
	RemovalKeeping Removal = "keeping" // what people have on the desks stays: no desk is called for it any more, and everything is deleted
)

// NotRemoved is the error of whatever would be new of c while c is being removed.
func (c Connection) NotRemoved() error { return c.Removal.none("connection", c.Name) }

// NotRemoved is the error of whatever would be new of d while d is being removed.
func (d Desk) NotRemoved() error { return d.Removal.none("desk", d.Name) }

func (r Removal) none(what, name string) error {
	if r == RemovalNone {
		return nil
	}
	return Errorf(Invalid, what, "%s %s is being removed", what, name)
}
