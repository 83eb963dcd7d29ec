package provision

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
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
	UserName   string // SCIM userName; unique per connection, caseExact=false (RFC 7643 §4.1.1)
	ExternalID string // SCIM externalId; unique per connection when not empty, caseExact=true
	Status     Status
	Profile    Profile
	Emails     []Email
	Attributes Attributes // what rules may match on

	// Document is the resource as the protocol edge keeps it, unknown
	// attributes included: a JSON object, empty for people the edge has never
	// described. The core stores it and looks no further.
	Document json.RawMessage

	Version   int64     // 1 on creation, one more with each change
	CreatedAt time.Time // UTC, microseconds
	UpdatedAt time.Time
}

// Active reports whether the person may have access at all.
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

// Attribute names with a meaning of their own.
const (
	// AttributeManager holds the manager as the IdP names them: an id, an
	// externalId or a userName.
	AttributeManager = "manager"

	// The desk extension: what the IdP asks for directly. A rule with
	// Attribute [AttributeDesk] says how much of it is granted.
	AttributeDesk          = "desk"
	AttributeDeskRole      = "desk.role"
	AttributeDeskTeams     = "desk.teams"
	AttributeDeskMailboxes = "desk.mailboxes"
)

// Get returns the values of the attribute with this name, in any letter case.
func (a Attributes) Get(name string) []string { return a[Fold(name)] }

// SameDescription reports whether id and other describe the same person in the same
// way: everything but the version and the times.
func (id *Identity) SameDescription(other *Identity) bool {
	return id.UserName == other.UserName && id.ExternalID == other.ExternalID && id.Status == other.Status &&
		id.Profile == other.Profile && slices.Equal(id.Emails, other.Emails) &&
		maps.EqualFunc(id.Attributes, other.Attributes, slices.Equal) && bytes.Equal(id.Document, other.Document)
}
