package desk

import (
	"errors"
	"fmt"
	"time"
)

// Kind tells apart what a caller does about an error of a desk. An error that
// is no [Error] counts as Retryable.
type Kind string

// The kinds of errors.
const (
	Retryable    Kind = "retryable"    // try again, after RetryAfter when that is set
	Conflict     Kind = "conflict"     // the value is taken: look up, and adopt or ask
	NotFound     Kind = "not_found"    // no such user, team or conversation (any more)
	Permanent    Kind = "permanent"    // the desk refuses, and will again; Detail says what to change
	Unauthorized Kind = "unauthorized" // the desk refuses our credentials: nothing on this desk will work
	CannotDo     Kind = "cannot_do"    // the desk's API has no such call; Detail says where an admin clicks
)

// Error is an error that callers tell apart.
type Error struct {
	Kind       Kind
	Field      string        // what the desk objects to, in its own words; may be empty
	Detail     string        // in plain words, for an admin; holds no secret and no personal data
	Place      string        // name of a team or mailbox that the desk does not have; what else was asked for may be asked without it
	NotShown   bool          // Permanent: the desk accepted a change and does not show it, which it may yet do
	RetryAfter time.Duration // as the desk asked; 0: not said
	TooOften   bool          // Retryable: it takes no more requests for now because there were too many of ours (HTTP 429)
	Err        error         // cause for the log; may be nil
}

// Error returns the kind, field, detail and cause.
func (e *Error) Error() string {
	msg := "desk: " + string(e.Kind)
	if e.Field != "" {
		msg += " (" + e.Field + ")"
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

// AcceptedOnly returns the error of a change that the desk has accepted and does
// not show (NotShown); nil for any other.
func AcceptedOnly(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.NotShown {
		return e
	}
	return nil
}

// Errorf returns an [Error] of kind with a formatted detail.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of err; Retryable for errors of other packages.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Retryable
}

// DetailOf returns what an error says for an admin; all of it for errors of other packages.
func DetailOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Detail
	}
	return err.Error()
}

// NotShownf returns the error of a change that the desk has accepted and does not show.
func NotShownf(format string, args ...any) *Error {
	return &Error{Kind: Permanent, NotShown: true, Detail: fmt.Sprintf(format, args...)}
}

// NoPlace returns the error for a team or mailbox that the desk does not have.
func NoPlace(kind Kind, name, format string, args ...any) *Error {
	return &Error{Kind: kind, Place: name, Detail: fmt.Sprintf(format, args...)}
}

// Unsupported returns the error for a call that the desk's API does not have.
// clicks tells an admin where to do it by hand.
func Unsupported(what, clicks string) *Error {
	return &Error{Kind: CannotDo, Field: what, Detail: clicks}
}
