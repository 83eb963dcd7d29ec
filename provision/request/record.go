package request

import (
	"time"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
)

// Verb is what was asked for: one of the verbs of internal/requestlog, in which
// edges note them.
type Verb = requestlog.Verb

// Record is one request that was answered. People and groups are in it by id, and
// nothing of what they are called.
type Record struct {
	ID         string // as in the log, in the audit log and on error pages
	At         time.Time
	Took       time.Duration
	Connection provision.ConnectionID // "" when it is not known
	Token      string                 // name of the token; "" when it is none of ours
	Method     string                 // of HTTP
	Route      string                 // what the path matched, without ids

	Verb     Verb
	Detail   string // in a few words: what of it changed, how many members, which attributes a filter names
	Identity provision.IdentityID
	Group    provision.GroupID
	Holder   provision.IdentityID // who has what was asked for already

	Status  int    // of HTTP
	Code    string // SCIM error type (RFC 7644 §3.12), or the reason of a refused sign-in; "" for none
	Reason  string // why it was refused, in plain words, without values that were sent; "" when it was not
	Address string // of the client

	Entries  int // of the audit log, that it caused
	Accounts int // on desks, that are to change because of it; those that a worker finds out later are not counted
}

// Refused reports whether what was asked for was not done.
func (r *Record) Refused() bool { return r.Status >= 400 }

// stranger reports whether nobody known sent the request. There is no end to
// those.
func (r *Record) stranger() bool { return r.Refused() && r.Token == "" && r.Identity == "" }

// Place is where one stands in the log, by time and id.
type Place struct {
	At time.Time
	ID string
}

// Filter selects requests; what is empty selects all.
type Filter struct {
	Connection provision.ConnectionID
	Identity   provision.IdentityID
	Status     int  // of HTTP, exactly
	Refused    bool // only those that were refused
	Since      time.Time
}
