package scim

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// toSCIM maps an error to the answer an identity provider gets. internal is
// true for errors that are not the client's: they are logged and say nothing to
// the outside.
func toSCIM(err error) (_ scimerrors.ScimError, internal bool) {
	if e, ok := errors.AsType[scimerrors.ScimError](err); ok {
		return e, false
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return scimerr.TooLarge("The request body is larger than %d bytes.", tooLarge.Limit), false
	}
	e, ok := errors.AsType[*provision.Error](err)
	if !ok {
		return scimerr.New(http.StatusInternalServerError, "Internal error."), true
	}
	out := scimerrors.ScimError{Detail: e.Detail}
	switch e.Code {
	case provision.NotFound:
		out.Status = http.StatusNotFound
	case provision.Conflict:
		out.Status, out.ScimType = http.StatusConflict, scimerrors.ScimTypeUniqueness
	case provision.Invalid:
		out.Status, out.ScimType = http.StatusBadRequest, scimerrors.ScimTypeInvalidValue
	case provision.Stale:
		out.Status = http.StatusPreconditionFailed
	case provision.Denied:
		out.Status = http.StatusForbidden
	case provision.Limited:
		out.Status = http.StatusForbidden
	case provision.Unavailable: // RFC 7644 section 3.12 leaves other statuses to HTTP
		return scimerr.New(http.StatusServiceUnavailable, "Deskbridge cannot answer now, and changed nothing; try again after the time in Retry-After."), true
	default:
		return scimerr.New(http.StatusInternalServerError, "Internal error."), true
	}
	if out.Detail == "" {
		out.Detail = http.StatusText(out.Status)
	}
	switch e.Parameter {
	case provision.ParameterFilter:
		out.ScimType = scimerrors.ScimTypeInvalidFilter
		return out, false
	case provision.ParameterCursor:
		out.ScimType = scimTypeInvalidCursor
		return out, false
	}
	if what := cmp.Or(e.Field, e.Parameter); !strings.Contains(out.Detail, what) {
		out.Detail = what + ": " + out.Detail
	}
	return out, false
}
