package provision

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/validity"
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
	IdPCSV       IdP = "csv" // files, by `deskbridge import`
	IdPGeneric   IdP = "generic"
)

// IdPs lists the known kinds.
var IdPs = []IdP{IdPOkta, IdPEntra, IdPOneLogin, IdPGoogle, IdPJumpCloud, IdPPing, IdPKeycloak, IdPAuthentik, IdPCSV, IdPGeneric}

// lastingIDs are the kinds whose externalId is an identifier that never changes
// and is given to nobody else, whatever it looks like, unless an admin maps
// something else to it. docs/sign-in.md has the table for people.
var lastingIDs = []IdP{IdPOkta, IdPOneLogin, IdPJumpCloud, IdPAuthentik}

// The forms of Okta's user ids: of all that it gives out (2026-11-30), and of
// those that stand in what was recorded of it, shortened.
var (
	oktaID      = regexp.MustCompile(`^00u[0-9A-Za-z]{17}$`)
	shortOktaID = regexp.MustCompile(`^00u[0-9A-Za-z]*[0-9][0-9A-Za-z]*$`)
)

// KeepsExternalID reports whether an externalId that the identity provider gives
// stands for one person for ever. It does at some kinds, and where it is a UUID:
// those are made once for one object, as Entra ID's objectId is, and nobody is
// called so. The same goes for Okta's user ids, whoever passes them on, but for
// Entra ID: its default, the mailNickname, may look like one, and goes from one
// person to another.
func (k IdP) KeepsExternalID(externalID string) bool {
	switch {
	case externalID == "":
		return false
	case slices.Contains(lastingIDs, k) || IsUUID(externalID):
		return true
	case k == IdPEntra:
		return false
	}
	return oktaID.MatchString(externalID) || k == IdPGeneric && shortOktaID.MatchString(externalID)
}

// RecyclesExternalID reports whether the identity provider is known to give an
// externalId like this one to somebody else one day.
func (k IdP) RecyclesExternalID(externalID string) bool {
	return k == IdPEntra && !k.KeepsExternalID(externalID)
}

// IsUUID reports whether text has the form of a UUID (RFC 9562 §4): 36 characters,
// and neither a URN nor any other of the ways to write one.
func IsUUID(text string) bool {
	const length = 36
	return len(text) == length && uuid.Validate(text) == nil
}

// Connection is one IdP tenant.
type Connection struct {
	ID      ConnectionID
	Name    string // unique; part of its URLs
	IdP     IdP
	Domains []string // verified e-mail domains, folded and sorted; no two connections have the same
	SignIn  SignIn
	// ValidUntil is the SCIM attribute that says when a person's access ends; "": none.
	ValidUntil string
	JWT        *protocol.JWT // whose signed tokens are taken beside ours; nil: nobody's

	// HeldAt is set while the mass-change brake holds the destructive steps of
	// people who lost access; nil otherwise.
	HeldAt *time.Time
	// ReleasedAt is when an admin last released the brake. What ended before
	// counts no more.
	ReleasedAt *time.Time

	Removal Removal // how far a removal is; "": it stays

	CreatedAt time.Time
}

// Describe fills in what of a person's description the settings of the connection give a
// meaning: when it says that their access ends.
func (c *Connection) Describe(id *Identity) {
	var values []string
	if id.SCIMManaged() && c.ValidUntil != "" {
		values = id.Attributes[Fold(c.ValidUntil)]
	}
	id.Terms.Pushed = validity.ReadPushed(c.ValidUntil, values, id.Terms.Pushed)
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

// Refuse returns an Invalid error when what is called so is being removed: nothing
// is set up for it any more. called is the kind and the name.
func (r Removal) Refuse(called string) error {
	if r == RemovalNone {
		return nil
	}
	return Errorf(Invalid, "name", "%s is being removed, and the name it had is free for a new one; `deskbridge status` shows how far it is", called)
}

// LockStaying locks a connection by lock, for whoever sets something up there: it
// is Invalid while that is being removed.
func LockStaying(ctx context.Context, lock func(context.Context, ConnectionID) (Connection, error), id ConnectionID) (Connection, error) {
	c, err := lock(ctx, id)
	if err == nil {
		err = c.Removal.Refuse("connection " + c.Name)
	}
	return c, err
}
