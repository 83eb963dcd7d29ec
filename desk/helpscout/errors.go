package helpscout

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

var (
	errToken     = errors.New("HTTP 401") // the token is refused
	errForbidden = errors.New("HTTP 403")
	errRefused   = errors.New("refused") // a 4xx that may mean that a value is taken
)

// maxProblems is how many problems of one refusal are told.
const maxProblems = 10

// errorDocument is an answer of type application/vnd.error+json. What it says
// in words, and the value that it rejects, may be somebody's name or address:
// neither is read.
type errorDocument struct {
	LogRef   string `json:"logRef"`
	Embedded struct {
		Errors []problem `json:"errors"`
	} `json:"_embedded"`
}

type problem struct {
	Path  string `json:"path"`
	Links struct {
		About struct {
			Href string `json:"href"` // ends in # and a code such as EnumValue
		} `json:"about"`
	} `json:"_links"`
}

// harmless is the form of the parts of an answer that are repeated: names of
// fields, codes, references.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_.:\[\]-]{1,64}$`)

func only(text string) string {
	if harmless.MatchString(text) {
		return text
	}
	return ""
}

// refusal is what an answer other than success is remembered by.
type refusal struct {
	status      int
	kind        error  // errToken and the like; nil for others
	fields      string // what it objects to: "role (EnumValue), lastName (Size)"
	logRef      string
	correlation string
}

// Error returns what Help Scout's support asks for.
func (r *refusal) Error() string {
	text := fmt.Sprintf("HTTP %d", r.status)
	if r.logRef != "" {
		text += " logRef=" + r.logRef
	}
	if r.correlation != "" {
		text += " Correlation-ID=" + r.correlation
	}
	return text
}

// Unwrap returns the kind of refusal.
func (r *refusal) Unwrap() error { return r.kind }

func readRefusal(resp *http.Response, body []byte) *refusal {
	var doc errorDocument
	_ = json.Unmarshal(body, &doc) // an answer without a document is one, too
	r := &refusal{status: resp.StatusCode, logRef: only(doc.LogRef), correlation: only(resp.Header.Get("Correlation-ID"))}
	var fields []string
	for _, p := range doc.Embedded.Errors[:min(len(doc.Embedded.Errors), maxProblems)] {
		field := only(p.Path)
		if field == "" {
			continue
		}
		if _, code, ok := strings.Cut(p.Links.About.Href, "#"); ok && only(code) != "" {
			field += " (" + code + ")"
		}
		fields = append(fields, field)
	}
	r.fields = strings.Join(fields, ", ")
	return r
}

// statusError returns what the status of an answer means; nil when it is the
// wanted one.
func statusError(resp *http.Response, body []byte, want int) error {
	status := resp.StatusCode
	if status == want && !isPage(resp.Header, body) {
		return nil
	}
	r := readRefusal(resp, body)
	e := &desk.Error{Kind: desk.Permanent, Err: r}
	switch {
	case status >= 300 && status <= 399:
		return redirected(status)
	case status == http.StatusUnauthorized:
		r.kind = errToken
		e.Kind, e.Detail = desk.Unauthorized, "Help Scout refuses the access token; is the user who owns the app active and invited, and does the app still exist? See Your Profile > My Apps of that user"
	case status == http.StatusTooManyRequests:
		limit := limited(retryAfter(resp.Header, time.Now()))
		limit.Err = r
		return limit
	case status == http.StatusRequestTimeout, status >= 500:
		e.Kind, e.Detail = desk.Retryable, fmt.Sprintf("Help Scout cannot answer now (HTTP %d)", status)
		e.RetryAfter = retryAfter(resp.Header, time.Now())
	case status < 400, isPage(resp.Header, body):
		// To take a proxy's page for "no such user" would mean to make the
		// user again; to take it for success, to lose the change.
		e.Kind, e.Detail = desk.Retryable, fmt.Sprintf("the answer (HTTP %d) is not what the Inbox API sends; is a proxy in the way?", status)
	case status == http.StatusForbidden:
		r.kind = errForbidden
		e.Detail = "the user who owns the app may not do this; give that user the role Administrator at Manage > Users"
	case status == http.StatusNotFound:
		e.Kind, e.Detail = desk.NotFound, "Help Scout has no such object"
	default:
		r.kind = errRefused
		e.Field, e.Detail = r.fields, fmt.Sprintf("Help Scout refuses the request (HTTP %d)", status)
	}
	return e
}

// redirected is Retryable, and not Permanent: a proxy may send everybody to its
// page for maintenance.
func redirected(status int) *desk.Error {
	return desk.Errorf(desk.Retryable, "the address redirects (HTTP %d), and the credentials are not sent elsewhere; set the desk's URL to where the API really is", status)
}
