package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/validity"
)

// newcomer is what somebody who is new gets from us.
type newcomer struct {
	id         provision.IdentityID
	connection provision.ConnectionID
	at         time.Time
}

// decideCreate decides who somebody that is about to be added is: a person from
// before, who is then restored with id's description, or somebody new. An
// active person of the same externalId and userName is a Conflict.
func decideCreate(known ExistingMatches, id provision.Identity, as newcomer) (e effects, restored bool, err error) {
	old := known.old(&id)
	if old == nil {
		e, err = decideNew(known.tombstone(&id), id, as)
		return e, false, err
	}
	if old.Active() && old.SCIMManaged() {
		return effects{}, false, provision.Errorf(provision.Conflict, "userName", "userName is already in use by another user of this connection")
	}
	now := *old
	describe(&now, id)
	e, err = decideChange(*old, now, known.IdP, as.at)
	return e, true, err
}

// describe copies what an IdP says of a person, and leaves what we keep.
func describe(to *provision.Identity, from provision.Identity) {
	to.UserName, to.ExternalID, to.Source, to.Status = from.UserName, from.ExternalID, from.Source, from.Status
	to.Terms.Pushed = from.Terms.Pushed
	to.Profile, to.Emails, to.Attributes, to.Requested, to.Document = from.Profile, from.Emails, from.Attributes, from.Requested, from.Document
}

// decideNew decides on somebody whom nobody here knows, but for a tombstone:
// its accounts are theirs.
func decideNew(tombstone *provision.Identity, id provision.Identity, as newcomer) (effects, error) {
	if err := provision.AllOf(validateIdentity(&id), provision.CheckVisible("userName", id.UserName)); err != nil {
		return effects{}, err
	}
	settle(&id)
	id.ID, id.Connection, id.Version, id.CreatedAt, id.UpdatedAt = as.id, as.connection, 1, as.at, as.at
	id.Terms, id.TermsDue = provision.Terms{Pushed: id.Terms.Pushed}, nil
	e := effects{person: id, write: writeNew, action: audit.UserCreated}
	if tombstone != nil {
		e.takesUp = tombstone.ID
		e.person.Terms, e.person.TermsDue = tombstone.Terms, tombstone.TermsDue // what was said of them is said of them still
		e.person.Terms.SignInExpired = nil                                      // but that no sign-in vouched for them: something does now
		e.person.Terms.Pushed = id.Terms.Pushed
	}
	e.person.TermsDue = dueOf(&e.person, as.at)
	if p := id.Terms.Pushed; p != nil {
		e.pushed = p
	}
	return e, nil
}

// decideChange decides what it comes to that old, who is not removed, is to
// become now. idp is the kind of the connection, which is read only when SCIM
// takes over somebody of the same externalId.
func decideChange(old, now provision.Identity, idp provision.IdP, at time.Time) (effects, error) {
	// What a change may not touch, whatever it tries.
	now.ID, now.Connection, now.Version, now.CreatedAt, now.UpdatedAt = old.ID, old.Connection, old.Version, old.CreatedAt, old.UpdatedAt
	pushed := now.Terms.Pushed // which is the source's
	now.Terms, now.TermsDue = old.Terms, old.TermsDue
	now.Terms.Pushed = pushed
	if old.SCIMManaged() && !now.SCIMManaged() {
		now.Source = old.Source // a sign-in takes nobody over
	}
	settle(&now)
	if now.SameDescription(&old) {
		return effects{person: old}, nil
	}
	if err := validateIdentity(&now); err != nil {
		return effects{}, err
	}
	if now.UserName != old.UserName && now.Active() { // nobody stays in for the sake of a name
		if err := provision.CheckVisible("userName", now.UserName); err != nil {
			return effects{}, err
		}
	}
	now.Version++
	now.UpdatedAt = at
	if takesOver(&old, &now) {
		now.Terms.SignInExpired = nil
	}
	e := effects{person: now, write: writeChanged, action: personAction(&old, &now), detail: map[string]any{"version": now.Version}}
	e.dropsGrants = takesOver(&old, &now)
	if !old.Terms.Pushed.Same(pushed) {
		e.person.TermsDue = dueOf(&now, at)
		e.pushed = &validity.Pushed{}
		if pushed != nil {
			e.pushed = pushed
		}
	}
	e.forgetsLogins = takesOver(&old, &now) && !isSurely(&old, &now, idp)
	switch {
	case old.Active() && !now.Active():
		e.ends = provision.EndedByLeaving
	case now.Terms.Ended(at) && !old.Terms.Ended(at):
		e.ends = provision.EndedByEnd
	case e.forgetsLogins:
		e.ends = provision.EndedByTakeOver
	default:
		e.endsElsewhere = !slices.Equal(old.Domains(), now.Domains())
	}
	if !e.forgetsLogins && now.SCIMManaged() && provision.LosesNames(&old, &now) { // a sign-in gives nobody's name to another
		e.renamed = &old
	}
	return e, nil
}

// dueOf returns when the terms of a person have to be looked at next. What is due already
// stays so until it has been seen to.
func dueOf(id *provision.Identity, at time.Time) *time.Time {
	if id.TermsDue != nil && !id.TermsDue.After(at) {
		return id.TermsDue
	}
	return id.Terms.Next(at)
}

// takesOver reports whether SCIM begins to describe somebody who came by
// signing in.
func takesOver(old, now *provision.Identity) bool { return !old.SCIMManaged() && now.SCIMManaged() }

// isSurely reports whether who signed in is the one whom SCIM describes now: they
// have one externalId that goes to nobody else. By a name alone they are not:
// whoever signed in under it may have had it from an identity provider that lets
// people choose it, by mistake, or before it was given to somebody else.
func isSurely(old, now *provision.Identity, idp provision.IdP) bool {
	return old.ExternalID != "" && old.ExternalID == now.ExternalID && !idp.RecyclesExternalID(now.ExternalID)
}

// decideRemove decides what it comes to that a person is removed.
func decideRemove(person provision.Identity, at time.Time) effects {
	person.Status = provision.StatusRemoved
	person.Version++
	person.UpdatedAt = at
	return effects{person: person, write: writeChanged, leaves: true, dropsGrants: !person.SCIMManaged(), action: audit.UserRemoved, ends: provision.EndedByLeaving}
}

func personAction(old, now *provision.Identity) provision.Action {
	switch {
	case takesOver(old, now):
		return audit.UserTakenOver
	case old.Status == provision.StatusActive && now.Status == provision.StatusSuspended:
		return audit.UserSuspended
	case old.Status == provision.StatusSuspended && now.Status == provision.StatusActive:
		return audit.UserRestored
	}
	return audit.UserChanged
}

// settle takes away what a person of this source cannot have, whoever gives it.
func settle(id *provision.Identity) {
	switch id.Source {
	case provision.SourceSignIn:
		id.Requested = provision.Requested{} // who may become an agent is not for a sign-in to say
	case "":
		id.Source = provision.SourceSCIM
		fallthrough
	default:
		id.ClaimedGroups = nil // real ones count
	}
}

func validateIdentity(id *provision.Identity) error {
	if strings.TrimSpace(id.UserName) == "" {
		return provision.Errorf(provision.Invalid, "userName", "userName is required and cannot be blank")
	}
	if !slices.Contains([]provision.Status{provision.StatusActive, provision.StatusSuspended}, id.Status) {
		return provision.Errorf(provision.Invalid, "active", "a user is either active or not")
	}
	return nil
}
