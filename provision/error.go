package provision

import "fmt"

// Code tells apart the errors that a caller is expected to handle.
type Code string

// The codes. Each protocol has one table that maps them all.
const (
	NotFound Code = "not_found" // no such object in this connection
	Conflict Code = "conflict"  // a value that must be unique is taken
	Invalid  Code = "invalid"   // the input breaks a rule; Field and Detail say which
	Stale    Code = "stale"     // the object changed since the caller read it
	Denied   Code = "denied"    // not allowed: unknown or expired credentials, protected objects
	Limited  Code = "limited"   // beyond a documented limit
)

// Error is an error the caller is expected to tell apart. Everything else is
// an internal error: it is logged, and never shown.
type Error struct {
	Code   Code
	Field  string // attribute at fault in SCIM notation, e.g. "userName"; may be empty
	Detail string // for people outside: what to fix; holds no personal data and no SQL
	Err    error  // cause for the log; may be nil
}

// Error returns the code, the field and the detail, followed by the cause.
func (e *Error) Error() string {
	msg := string(e.Code)
	if e.Field != "" {
		msg += " " + e.Field
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
