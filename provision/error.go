package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code tells apart the errors that a caller is expected to handle.
type Code string

// The codes. Each protocol has one table that maps them all.
const (
	NotFound Code = "not_found" // no such object in this connection
	Conflict Code = "conflict"  // a value that must be unique is taken
	Invalid  Code = "invalid"   // the input breaks a rule; Field or Parameter, and Detail, say which
	Stale    Code = "stale"     // the object changed since the caller read it
	Denied   Code = "denied"    // not allowed: unknown or expired credentials, protected objects
	Limited  Code = "limited"   // beyond a documented limit
	// Unavailable: not now, and nothing was changed; the same may work in a
	// moment. The database does not answer, is full, or is held by others.
	Unavailable Code = "unavailable"
)

// Error is an error the caller is expected to tell apart. Everything else is
// an internal error: it is logged, and never shown.
type Error struct {
	Code      Code
	Field     string // attribute or setting at fault, attributes in SCIM notation, e.g. "userName"; may be empty
	Parameter string // part of a query at fault, e.g. [ParameterFilter]; may be empty
	Reason    string // of Denied and Unavailable: why, for programs and the audit log, e.g. [RefusedSuspended]; may be empty
	Detail    string // for people outside: what to fix; holds no personal data and no SQL
	Err       error  // cause for the log; may be nil
}

// Error returns the code, what is at fault or why, and the detail, followed by
// the cause.
func (e *Error) Error() string {
	msg := string(e.Code)
	for _, what := range []string{e.Field, e.Parameter, e.Reason} {
		if what != "" {
			msg += " " + what
		}
	}
	if e.Detail != "" {
		msg += ": " + e.Detail
	}
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an [Error] with code and field and a formatted detail.
func Errorf(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// AllOf returns the mistakes among errs, which are each an [Error], as one of the
// Code and Field of the first, whose Detail has a line for each; nil when there is
// none. Any other error comes back alone.
func AllOf(errs ...error) error {
	var all *Error
	for _, err := range errs {
		if err == nil {
			continue
		}
		e, ok := errors.AsType[*Error](err)
		switch {
		case !ok:
			return err
		case all == nil:
			all = &Error{Code: e.Code, Field: e.Field, Detail: e.Detail, Err: e.Err}
		case !slices.Contains(strings.Split(all.Detail, "\n"), e.Detail):
			all.Detail += "\n" + e.Detail
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// Parts of a query that an [Error] is about (RFC 7644 section 3.4.2, and
// RFC 9865 for the cursor).
const (
	ParameterFilter = "filter"
	ParameterSortBy = "sortBy"
	ParameterCursor = "cursor"
)

// Unusable returns an Invalid [Error] about a part of a query.
func Unusable(parameter, format string, args ...any) *Error {
	return &Error{Code: Invalid, Parameter: parameter, Detail: fmt.Sprintf(format, args...)}
}

// RefusedEnded is why an answer is refused that says less than a logout message since.
const RefusedEnded = "ended"

// RefusedReplay is why something that was used before is refused.
const RefusedReplay = "replay"

// IsNotFound reports whether err is an [Error] with the code [NotFound].
func IsNotFound(err error) bool { return isCode(err, NotFound) }

// IsUnavailable reports whether err is an [Error] with the code [Unavailable].
func IsUnavailable(err error) bool { return isCode(err, Unavailable) }

// ReasonAway is why nothing can be had that needs the database, whatever it is: it
// does not answer, has no room, or is held as a whole.
const ReasonAway = "away"

// IsAway reports whether err is an [Error] with the code [Unavailable] that anything
// else would meet as well. Where one row or statement took too long it is not.
func IsAway(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == Unavailable && e.Reason == ReasonAway
}

// IsConflict reports whether err is an [Error] with the code [Conflict].
func IsConflict(err error) bool { return isCode(err, Conflict) }

func isCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// Why a sign-in is refused: the Reason of the Denied error. Each stands in the
// audit log, and in docs/sign-in.md with what to do about it.
const (
	RefusedDisabled  = "disabled"   // sign-in through the connection is switched off
	RefusedSuspended = "suspended"  // the IdP suspended the person
	RefusedRemoved   = "removed"    // the IdP removed the person
	RefusedBlocked   = "blocked"    // an admin has blocked the person
	RefusedExpired   = "expired"    // the end that an admin has set for the person has passed
	RefusedDomain    = "domain"     // the connection does not own the domain of the address
	RefusedAddress   = "address"    // no address, or one that cannot be compared safely
	RefusedUnproven  = "unverified" // the IdP does not vouch for the address
	RefusedTaken     = "taken"      // somebody else has the address or the user name
	RefusedUnknown   = "unknown"    // nobody is known by this login, and the connection makes nobody
	RefusedGroups    = "groups"     // in none of the groups that may sign in, or of no known group
)

// Refuse returns a Denied [Error] with the reason why.
func Refuse(reason, format string, args ...any) *Error {
	return &Error{Code: Denied, Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
