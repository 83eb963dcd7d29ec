package protocol

import "fmt"

// Error is a mistake in options.
type Error struct {
	Field  string // where it stands, as in access.yaml, e.g. saml.acs_url
	Detail string // for people outside: what to fix; holds no secret
	Err    error  // cause for the log; may be nil
}

// Error returns the field and the detail, followed by the cause.
func (e *Error) Error() string {
	msg := e.Field + ": " + e.Detail
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func errorf(field, format string, args ...any) *Error {
	return &Error{Field: field, Detail: fmt.Sprintf(format, args...)}
}
