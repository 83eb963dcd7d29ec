package provision

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision/validity"
)

// Status is where a person stands in the lifecycle.
//
// suspended is reversible and keeps everything; removed is a tombstone that
// blocks no name. A sign-in never revives either.
type Status string

// The states of an identity.
const (
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
	StatusRemoved   Status = "removed"
)

// Identity is one person as a connection describes them.
type Identity struct {
	ID         IdentityID
	Connection ConnectionID
	UserName   string // SCIM userName; unique per connection as [Fold] sees it, caseExact=false (RFC 7643 §4.1.1)
	ExternalID string // SCIM externalId; several may have the same (RFC 7643 §3.1), caseExact=true; see [IdP.KeepsExternalID]
	Source     Source // who describes the person; it alone may
	Status     Status
	Profile    Profile
	Emails     []Email
	Attributes Attributes // what the source says, for rules to match on

	// ClaimedGroups are the groups that an IdP named at the last sign-in; empty
	// unless Source is [SourceSignIn].
	ClaimedGroups []string
	// Requested is what the IdP asks for by the desk extension; empty when
	// Source is [SourceSignIn].
	Requested Requested

	// Document is the resource as the protocol edge keeps it, unknown
	// attributes included: a JSON object, empty for people the edge has never
	// described. The core stores it and looks no further.
	Document json.RawMessage

	// Terms are what admins have said of the person; no source and no change of the
	// description touches them, but for the end that the identity provider gives.
	Terms    Terms
	TermsDue *time.Time // when a date in Terms has to be looked at next; nil: none has

	Version   int64     // 1 on creation, one more with each change
	CreatedAt time.Time // UTC, microseconds
	UpdatedAt time.Time
}

// Source says who describes a person. The empty Source is [SourceSCIM].
type Source string

// The sources of people.
const (
	SourceSCIM   Source = "scim"
	SourceSignIn Source = "sign-in" // a first sign-in; whatever else describes the person takes them over
)

// Requested is what an IdP asks for directly, on every desk. A rule with the
// Attribute [AttributeDesk] says how much of it is granted.
type Requested struct {
	Roles     []string `json:"roles,omitempty"` // any text; [ParseRole] says which count
	Teams     []string `json:"teams,omitempty"`
	Mailboxes []string `json:"mailboxes,omitempty"`
}

// Empty reports whether nothing is asked for.
func (r *Requested) Empty() bool { return len(r.Roles)+len(r.Teams)+len(r.Mailboxes) == 0 }

func (r *Requested) equal(other *Requested) bool {
	return slices.Equal(r.Roles, other.Roles) && slices.Equal(r.Teams, other.Teams) && slices.Equal(r.Mailboxes, other.Mailboxes)
}

// Active reports whether the person is active as the source says. Whether they may
// have access is for [Identity.Admitted] to say.
func (id *Identity) Active() bool { return id.Status == StatusActive }

// Profile is what a desk shows of a person.
type Profile struct {
	DisplayName string `json:"display_name,omitempty"`
	GivenName   string `json:"given_name,omitempty"`
	FamilyName  string `json:"family_name,omitempty"`
	Email       string `json:"email,omitempty"` // the address a desk knows the person by: primary e-mail, else the first, else a userName that is one
	Title       string `json:"title,omitempty"`
	Phone       string `json:"phone,omitempty"`
	Timezone    string `json:"timezone,omitempty"`
	Locale      string `json:"locale,omitempty"`
}

// Email is one address of a person.
type Email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Attributes are the values that rules match on, by attribute name. Names are
// folded ([Fold]); a name of an unknown extension carries its URN as prefix.
type Attributes map[string][]string

// AttributeManager holds the manager as the IdP names them: an id, an
// externalId or a userName.
const AttributeManager = "manager"

// Names that a rule may give as its attribute, and that no IdP writes: their
// values come from the other fields of an [Identity]. What [Attributes] holds
// under them counts for nothing.
const (
	AttributeJIT    = "jit"           // "true" when Source is SourceSignIn, so that a rule can give everybody who signs in a role
	AttributeGroups = "signin.groups" // ClaimedGroups

	// AttributeDesk stands for Requested as a whole, the others for its parts.
	AttributeDesk          = "desk"
	AttributeDeskRole      = "desk.role"
	AttributeDeskTeams     = "desk.teams"
	AttributeDeskMailboxes = "desk.mailboxes"
)

// Values returns what a rule on the attribute with this name, in any letter
// case, sees of the person.
func (id *Identity) Values(name string) []string {
	switch name = Fold(name); name {
	case AttributeJIT:
		if id.Source == SourceSignIn {
			return []string{"true"}
		}
		return nil
	case AttributeGroups:
		if id.Source == SourceSignIn {
			return id.ClaimedGroups
		}
		return nil
	case AttributeDesk:
		return nil // see [Rule.passesDesk]
	case AttributeDeskRole:
		return id.Requested.Roles
	case AttributeDeskTeams:
		return id.Requested.Teams
	case AttributeDeskMailboxes:
		return id.Requested.Mailboxes
	}
	return id.Attributes[name]
}

// Forgotten reports whether all that was known of the person is erased.
func (id *Identity) Forgotten() bool { return id.Status == StatusRemoved && id.UserName == "" }

// SCIMManaged reports whether the person is described by more than their
// sign-ins. That is then the authority: a sign-in changes nothing of them.
func (id *Identity) SCIMManaged() bool { return id.Source != SourceSignIn }

// Claimed returns ClaimedGroups as memberships.
func (id *Identity) Claimed() []Membership {
	if id.SCIMManaged() {
		return nil
	}
	out := make([]Membership, len(id.ClaimedGroups))
	for i, name := range id.ClaimedGroups {
		out[i] = Membership{Name: name, Claimed: true}
	}
	return out
}

// SameDescription reports whether id and other describe the same person in the same
// way: everything but the version, the times and the terms, of which only a pushed end
// is theirs.
func (id *Identity) SameDescription(other *Identity) bool {
	return id.UserName == other.UserName && id.ExternalID == other.ExternalID && id.Source == other.Source && id.Status == other.Status && id.Terms.Pushed.Same(other.Terms.Pushed) &&
		id.Profile == other.Profile && slices.Equal(id.Emails, other.Emails) &&
		slices.Equal(id.ClaimedGroups, other.ClaimedGroups) && id.Requested.equal(&other.Requested) &&
		maps.EqualFunc(id.Attributes, other.Attributes, slices.Equal) && bytes.Equal(id.Document, other.Document)
}

// What is said of one person's validity.
type (
	// Terms are described with [validity.Terms].
	Terms = validity.Terms
	// Block is described with [validity.Block].
	Block = validity.Block
	// End is described with [validity.End].
	End = validity.End
	// Away is described with [validity.Away].
	Away = validity.Away
)

// Standing is where the person stands at a moment, the terms included: somebody
// whom they bar counts as suspended, whatever the identity provider says.
func (id *Identity) Standing(at time.Time) Status {
	if id.Status == StatusActive && id.Terms.Bars(at) {
		return StatusSuspended
	}
	return id.Status
}

// Admitted reports whether the person may have access at all at a moment: the
// identity provider says that they are active, and no admin's terms bar them.
func (id *Identity) Admitted(at time.Time) bool { return id.Standing(at) == StatusActive }

// RefuseSignIn returns the Denied error for somebody who is not admitted at a
// moment; nil for anybody else. What it tells them says whom to ask.
func (id *Identity) RefuseSignIn(at time.Time) error {
	switch {
	case id.Terms.Block != nil:
		return Refuse(RefusedBlocked, "an administrator has blocked your access; ask your help desk's administrators")
	case !id.Active():
		return Refuse(RefusedSuspended, "your account was suspended by your organisation")
	case id.Terms.Ended(at):
		return Refuse(RefusedExpired, "your access ended on %s; ask whoever engaged you, or your help desk's administrators, to have it prolonged", LastDay(id.Terms.End().At))
	}
	return nil
}

// ParseUntil returns the moment with which a time that people give is over, as
// [validity.Parse] reads it. Anything else is Invalid.
func ParseUntil(field, text string) (time.Time, error) {
	at, ok := validity.Parse(text)
	if !ok {
		return at, Errorf(Invalid, field, "%q is no date; write a day, which counts to its end in UTC, as 2027-01-31, or a moment as 2027-01-31T17:00:00+01:00", Clip(strings.TrimSpace(text)))
	}
	return at, nil
}

// LastDay is [validity.LastDay].
func LastDay(end time.Time) string { return validity.LastDay(end) }

// FormatUntil is [validity.Format].
func FormatUntil(end *time.Time) string { return validity.Format(end) }
