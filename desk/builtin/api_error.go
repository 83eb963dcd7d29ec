package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	typeHAL   = "application/hal+json"
	typeError = "application/vnd.error+json"
)

// refusal is an answer that says no.
type refusal struct {
	status   int
	message  string
	problems []problem
}

// Error returns the message, without values that the client sent.
func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.message) }

func refuse(status int, message string) error { return &refusal{status: status, message: message} }

// problem is one thing that is wrong with a request.
type problem struct {
	Path          string          `json:"path"`
	Message       string          `json:"message"`
	RejectedValue json.RawMessage `json:"rejectedValue,omitempty"`
	Source        string          `json:"source"` // JSON or QUERY
	Links         links           `json:"_links"`

	code string
}

// The codes of problems, as they end the links in answers.
const (
	codeNotBlank = "NotBlank"
	codeType     = "Type"
	codeSize     = "Size"
	codeText     = "Text"
	codeEmail    = "Email"
	codeTimezone = "Timezone"
	codeEnum     = "EnumValue"
	codeExists   = "Exists"
	codeUnique   = "Unique"
	codeRefused  = "Refused"
	codeJSON     = "JSON"
)

var codes = map[string]string{
	codeNotBlank: "the value is required, and is missing or blank",
	codeType:     "the value is of another JSON type than it should be",
	codeSize:     "the value is too long, or the list has too many elements; characters are counted, not bytes",
	codeText:     "the text holds control characters",
	codeEmail:    "the value is not a bare e-mail address",
	codeTimezone: "the value is not the name of a time zone, such as Europe/Prague",
	codeEnum:     "the value is not one of those that are allowed",
	codeExists:   "the value names something that is not there, or that the caller may not see",
	codeUnique:   "the value must be unique on the desk, and is taken",
	codeRefused:  "the desk's rules do not allow it; the message says why",
	codeJSON:     "the body is not one JSON object",
}

// explainErrors serves the page that the links of problems lead to.
func (a *api) explainErrors(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		fmt.Fprintf(w, "%s: %s\n", code, codes[code])
	}
}

// errorBody is an answer of type application/vnd.error+json.
type errorBody struct {
	LogRef   string        `json:"logRef"`
	Message  string        `json:"message"`
	Embedded *problemsBody `json:"_embedded,omitempty"`
	Links    links         `json:"_links"`
}

type problemsBody struct {
	Errors []problem `json:"errors"`
}

// fail answers with an error. What is nobody's business but ours is logged,
// and not shown.
func (a *api) fail(ctx context.Context, w http.ResponseWriter, ref string, err error) {
	r := toRefusal(err)
	if r.status == http.StatusInternalServerError && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "built-in desk: request failed", "ref", ref, "err", err)
	}
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	body := errorBody{LogRef: ref, Message: r.message, Links: a.about("")}
	if len(r.problems) > 0 {
		for i := range r.problems {
			r.problems[i].Links = a.about(r.problems[i].code)
		}
		body.Embedded = &problemsBody{r.problems}
	}
	writeJSON(w, r.status, typeError, body)
}

// toRefusal maps every error to an answer.
func toRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	e, ok := errors.AsType[*desk.Error](err)
	if !ok {
		return &refusal{status: http.StatusInternalServerError, message: "Internal server error"}
	}
	switch e.Kind {
	case desk.NotFound:
		return &refusal{status: http.StatusNotFound, message: "Not found"}
	case desk.Unauthorized:
		return &refusal{status: http.StatusUnauthorized, message: "Unauthorized"}
	case desk.Conflict:
		return &refusal{status: http.StatusConflict, message: "Conflict",
			problems: []problem{{Path: e.Field, Message: e.Detail, Source: "JSON", code: codeUnique}}}
	case desk.Permanent:
		return &refusal{status: http.StatusBadRequest, message: "Bad request",
			problems: []problem{{Path: e.Field, Message: e.Detail, Source: "JSON", code: codeRefused}}}
	}
	return &refusal{status: http.StatusInternalServerError, message: "Internal server error"}
}

func (a *api) about(code string) links {
	href := a.base + "/errors"
	if code != "" {
		href += "#" + code
	}
	return links{"about": {Href: href}}
}
