package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
)

// Problem is an error as the API tells it.
type Problem struct {
	admin.Problem
	headers http.Header
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus tells huma the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells huma further headers of the answer.
func (p *Problem) GetHeaders() http.Header { return p.headers }

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
	admin.ReasonBrowser:     {http.StatusForbidden, "do it in the console, or by a command"},
}

// toProblem maps an error: what the core tells apart by the tables above, anything
// else is ours, logged and never shown.
func (a *API) toProblem(ctx context.Context, err error) *Problem {
	e, ok := errors.AsType[*provision.Error](err)
	if !ok {
		p, is := errors.AsType[*Problem](err)
		if is {
			return a.referring(ctx, p)
		}
		a.options.Log.ErrorContext(ctx, "a request of the admin API failed", "request", a.options.RequestID(ctx), "err", err)
		return a.referring(ctx, problemOf(http.StatusInternalServerError, "internal error; the log has it under the request's id"))
	}
	known, ok := codes[e.Code]
	if !ok {
		known = codes[provision.Invalid]
	}
	p := problemOf(known.status, e.Detail)
	p.Code, p.Hint, p.Field = string(e.Code), known.hint, e.Field
	if e.Code == provision.Denied {
		if why, ok := denied[e.Reason]; ok {
			p = problemOf(why.status, e.Detail)
			p.Code, p.Hint = e.Reason, why.hint
		} else if e.Reason == "" {
			p.Status, p.Title = http.StatusConflict, http.StatusText(http.StatusConflict) // who asks may, and the thing does not let itself
		}
	}
	p.headers = make(http.Header)
	if p.Status == http.StatusServiceUnavailable {
		p.headers.Set("Retry-After", "5")
	}
	if p.Status == http.StatusUnauthorized {
		p.headers.Set("WWW-Authenticate", `Bearer realm="Deskbridge admin API"`)
	}
	return a.referring(ctx, p)
}

// referring adds by what the log has the request, and tells the log why it was
// refused.
func (a *API) referring(ctx context.Context, p *Problem) *Problem {
	p.Instance = a.options.RequestID(ctx)
	requestlog.Of(ctx).Set("reason", p.Code)
	return p
}

// statusCodes are the codes of what is refused before the core is asked.
var statusCodes = map[int]string{
	http.StatusBadRequest: "invalid", http.StatusUnprocessableEntity: "invalid", http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method",
	http.StatusNotAcceptable: "not_acceptable", http.StatusUnsupportedMediaType: "media_type", http.StatusRequestEntityTooLarge: "limited",
	http.StatusRequestTimeout: "timeout", http.StatusInternalServerError: "internal", http.StatusTooManyRequests: "limited",
}

func problemOf(status int, detail string) *Problem {
	code, ok := statusCodes[status]
	if !ok {
		code = "refused"
	}
	return &Problem{Problem: admin.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}}
}

// problem answers with a problem.
func (a *API) problem(w http.ResponseWriter, ctx context.Context, p *Problem) { //nolint:revive // the writer comes first, as in net/http
	p.Instance = a.options.RequestID(ctx)
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) //nolint:errcheck // the client may be gone
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
	p := problemOf(status, message)
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
