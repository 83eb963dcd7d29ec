// Package problem has the errors of the admin API as it tells them: problem details
// (RFC 9457) with a code and a hint. One table says which errors of the core are which.
package problem

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

// Problem is an error as the API tells it.
type Problem struct {
	admin.Problem
	Headers http.Header `json:"-"` // further ones of the answer
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus tells huma the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells huma further headers of the answer.
func (p *Problem) GetHeaders() http.Header { return p.Headers }

// ContentType tells huma the media type of the answer.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// codes is what the codes of the core are here: the one table.
var codes = map[provision.Code]struct {
	status int
	hint   string
}{
	provision.NotFound:    {http.StatusNotFound, "look in the list of what there is: it may have been removed"},
	provision.Conflict:    {http.StatusConflict, "read it again, and decide anew"},
	provision.Invalid:     {http.StatusBadRequest, "correct what detail says"},
	provision.Stale:       {http.StatusPreconditionFailed, "read it again: it has changed since"},
	provision.Denied:      {http.StatusForbidden, ""},
	provision.Limited:     {http.StatusRequestEntityTooLarge, "ask for less at once"},
	provision.Unavailable: {http.StatusServiceUnavailable, "try again in a moment"},
}

// denied is what a Denied error is by its reason, where it is about who asks.
var denied = map[string]struct {
	status int
	hint   string
}{
	admin.ReasonCredentials: {http.StatusUnauthorized, "show a token of the admin API as a bearer token, or sign in"},
	admin.ReasonRole:        {http.StatusForbidden, "ask an owner for another role"},
	admin.ReasonScope:       {http.StatusForbidden, "make a token that names the verb: deskbridge api-token add --may"},
	admin.ReasonStepUp:      {http.StatusForbidden, "sign in once more"},
	secondadmin.Reason:      {http.StatusConflict, "nothing is done; have another admin do the same"},
	admin.ReasonBrowser:     {http.StatusForbidden, "do it in the console, or by a command"},
}

// Of returns what an error of the core is here, and whether it is one that the core
// tells apart; any other is ours, and is not shown.
func Of(err error) (p *Problem, known bool) {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p, true
	}
	e, ok := errors.AsType[*provision.Error](err)
	if !ok {
		return New(http.StatusInternalServerError, "internal error; the log has it under the request's id"), false
	}
	as, ok := codes[e.Code]
	if !ok {
		as = codes[provision.Invalid]
	}
	p = New(as.status, e.Detail)
	p.Code, p.Hint, p.Field = string(e.Code), as.hint, e.Field
	if e.Code == provision.Denied {
		if why, ok := denied[e.Reason]; ok {
			p = New(why.status, e.Detail)
			p.Code, p.Hint = e.Reason, why.hint
		} else if e.Reason == "" {
			p.Status, p.Title = http.StatusConflict, http.StatusText(http.StatusConflict) // who asks may, and the thing does not let itself
		}
	}
	p.Headers = make(http.Header)
	if p.Status == http.StatusServiceUnavailable {
		p.Headers.Set("Retry-After", "5")
	}
	if p.Status == http.StatusUnauthorized {
		p.Headers.Set("WWW-Authenticate", `Bearer realm="Deskbridge admin API"`)
	}
	return p, true
}

// statusCodes are the codes of what is refused before the core is asked.
var statusCodes = map[int]string{
	http.StatusBadRequest: "invalid", http.StatusUnprocessableEntity: "invalid", http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method",
	http.StatusNotAcceptable: "not_acceptable", http.StatusUnsupportedMediaType: "media_type", http.StatusRequestEntityTooLarge: "limited",
	http.StatusRequestTimeout: "timeout", http.StatusInternalServerError: "internal", http.StatusTooManyRequests: "limited",
}

// New returns a problem with the code that goes with the status, where the core was not
// asked.
func New(status int, detail string) *Problem {
	code, ok := statusCodes[status]
	if !ok {
		code = "refused"
	}
	return &Problem{Problem: admin.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}}
}

// huma makes errors of its own for what does not fit the document. It asks for them
// by a variable; they never repeat a value, which may be a name or a secret.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return unfit("", status, message, errs...)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return unfit(admin.ActorOf(ctx.Context()).Request, status, message, errs...)
	}
}

// unfit is a request that does not fit the document.
func unfit(request string, status int, message string, errs ...error) *Problem {
	p := New(status, message)
	p.Instance = request
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok && d.ErrorDetail() != nil {
			p.Detail += "; " + d.ErrorDetail().Message + " (" + d.ErrorDetail().Location + ")"
			if p.Field == "" {
				p.Field = d.ErrorDetail().Location
			}
		}
	}
	if status == http.StatusUnprocessableEntity {
		p.Hint = "correct what detail says; /api/docs has the form"
	}
	return p
}
