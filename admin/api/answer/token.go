package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/credential"
)

// Token lets an identity provider in. Its secret is shown when it is made, and
// never again.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	ClientID   string     `json:"client_id,omitempty" doc:"of an OAuth client"`
	ReadOnly   bool       `json:"read_only,omitempty"`
	State      string     `json:"state" enum:"expired,expiring,unused,replaced,active,ended"`
	Secret     string     `json:"secret,omitempty" doc:"in the answer that makes it, and nowhere else"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	ReplacedAt *time.Time `json:"replaced_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"to the minute"`
}

// NewToken is what a new token of an identity provider is to be.
type NewToken struct {
	Name     string `json:"name"`
	Days     int    `json:"days,omitempty" minimum:"1" maximum:"3660" doc:"how long it lives; absent: for ever"`
	ReadOnly bool   `json:"read_only,omitempty"`
	Client   bool   `json:"client,omitempty" doc:"an OAuth client rather than a bearer token"`
}

// APIToken is a token of the admin API. Its secret is shown when it is made, and
// never again.
type APIToken struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	Verbs      []string   `json:"verbs,omitempty" doc:"what it may of what the role may; absent: all that needs no fresh sign-in"`
	Reach      []Reach    `json:"reach,omitempty"`
	Person     string     `json:"person,omitempty" doc:"id of whose it is: it ends with them"`
	CreatedBy  string     `json:"created_by"`
	Secret     string     `json:"secret,omitempty" doc:"in the answer that makes it, and nowhere else"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"to the minute"`
}

// NewAPIToken is what a new token of the admin API is to be.
type NewAPIToken struct {
	Name  string   `json:"name"`
	Role  string   `json:"role" enum:"owner,admin,operator,auditor,mailbox-manager"`
	Verbs []string `json:"verbs,omitempty" maxItems:"100"`
	Reach []Reach  `json:"reach,omitempty" maxItems:"100" doc:"of a mailbox manager"`
	Days  int      `json:"days,omitempty" minimum:"1" maximum:"366" default:"90"`
}

// Reach is what of a desk a mailbox manager may map.
type Reach struct {
	Desk      string   `json:"desk" doc:"name; an id does as well"`
	Teams     []string `json:"teams,omitempty"`
	Mailboxes []string `json:"mailboxes,omitempty"`
}

// AdminGrant is a group whose people have a role here.
type AdminGrant struct {
	ID         string    `json:"id"`
	Connection string    `json:"connection"`
	Group      string    `json:"group"`
	GroupID    string    `json:"group_id,omitempty"`
	Claimed    bool      `json:"claimed,omitempty" doc:"the identity provider names the group at sign-in only"`
	Role       string    `json:"role"`
	Reach      []Reach   `json:"reach,omitempty"`
	GrantedBy  string    `json:"granted_by"`
	GrantedAt  time.Time `json:"granted_at"`
}

// NewGrant is a role that a group is to have.
type NewGrant struct {
	Connection string  `json:"connection" doc:"name or id"`
	Group      string  `json:"group" minLength:"1" maxLength:"1000" doc:"name or id"`
	Claimed    bool    `json:"claimed,omitempty"`
	Role       string  `json:"role" enum:"owner,admin,operator,auditor,mailbox-manager"`
	Reach      []Reach `json:"reach,omitempty" maxItems:"100"`
}

// TokenOf returns a token as it is now, without its secret.
func TokenOf(t credential.Token, now time.Time) Token {
	return Token{ID: string(t.ID), Name: t.Name, ClientID: t.ClientID, ReadOnly: t.ReadOnly, State: string(t.State(now)),
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, ReplacedAt: t.ReplacedAt, LastUsedAt: t.LastUsedAt}
}
