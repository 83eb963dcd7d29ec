// Package scimerr makes the errors that a SCIM client is told of: a status, a
// keyword of RFC 7644 §3.12 and a detail for the identity provider's admin.
//
// All of scim refuses through it, and the edge sends what it makes as it is. It
// does not know the errors of the core; the edge maps those.
package scimerr

import (
	stderrors "errors"
	"fmt"
	"strings"

	"github.com/elimity-com/scim/errors"
)

// Details hold names of attributes, never values: they may be logged and are
// shown to the identity provider's admin.

// New returns an error for which SCIM has no keyword. status is one of HTTP.
func New(status int, detail string) errors.ScimError {
	return errors.ScimError{Status: status, Detail: detail}
}

// BadRequest returns an error with status 400 and the keyword kind.
func BadRequest(kind errors.ScimType, format string, args ...any) error {
	return errors.ScimError{Status: 400, ScimType: kind, Detail: fmt.Sprintf(format, args...)}
}

// TooLarge returns an error with status 413: the request asks for more than a
// limit allows. It has no keyword.
func TooLarge(format string, args ...any) errors.ScimError {
	return New(413, fmt.Sprintf(format, args...))
}

// InvalidSyntax is the answer to a body that cannot be read, or is not the
// message that it should be.
func InvalidSyntax(format string, args ...any) error {
	return BadRequest(errors.ScimTypeInvalidSyntax, format, args...)
}

// InvalidValue is the answer to a value that does not fit the attribute at
// path; what says what would.
func InvalidValue(path, what string, args ...any) error {
	return BadRequest(errors.ScimTypeInvalidValue, "%s: %s", path, fmt.Sprintf(what, args...))
}

// InvalidFilter is the answer to a filter that cannot be read, or asks for what
// cannot be answered.
func InvalidFilter(format string, args ...any) error {
	return BadRequest(errors.ScimTypeInvalidFilter, format, args...)
}

// InvalidPath is the answer to a path of a PATCH that cannot be read, or leads
// nowhere.
func InvalidPath(format string, args ...any) error {
	return BadRequest(errors.ScimTypeInvalidPath, format, args...)
}

// NoTarget is the answer to an operation of a PATCH that has nothing to work on.
func NoTarget(format string, args ...any) error {
	return BadRequest(errors.ScimTypeNoTarget, format, args...)
}

// Immutable is the answer to a change of the attribute at path, which may not be
// changed so; what says why.
func Immutable(path, what string) error {
	return BadRequest(errors.ScimTypeMutability, "%s %s", path, what)
}

// Quote returns the name of an attribute in quotes for use in a detail, cut to
// a sane length.
func Quote(name string) string {
	const longest = 100
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "") + "…"
	}
	return `"` + name + `"`
}

// Said returns the detail of an error that was made here, and the path of the attribute at
// its beginning where [InvalidValue] made it; ok is false for any other error.
func Said(err error) (path, detail string, ok bool) {
	e, ok := stderrors.AsType[errors.ScimError](err)
	if !ok {
		return "", "", false
	}
	if e.ScimType == errors.ScimTypeInvalidValue {
		path, _, _ = strings.Cut(e.Detail, ": ")
	}
	return path, e.Detail, true
}
