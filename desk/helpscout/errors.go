package helpscout

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

var (
	errToken   = errors.New("HTTP 401") // the token is refused
	errRefused = errors.New("refused")  // a 4xx that may mean that a value is taken
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
	kind        error  // errToken, kit.ErrForbidden and the like; nil for others
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

func readRefusal(a *kit.Answer) *refusal {
	var doc errorDocument
	_ = json.Unmarshal(a.Body, &doc) // an answer without a document is one, too
	r := &refusal{status: a.Status, logRef: only(doc.LogRef), correlation: only(a.Header.Get("Correlation-ID"))}
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

var vendor = kit.Vendor{
	Name:         "Help Scout",
	API:          "the Inbox API",
	Unauthorized: "Help Scout refuses the access token; is the user who owns the app active and invited, and does the app still exist? See Your Profile > My Apps of that user",
	Forbidden:    "the user who owns the app may not do this; give that user the role Administrator at Manage > Users",
	NotFound:     "Help Scout has no such object",
}

// explain makes e say what the status of an answer means at Help Scout.
func explain(a *kit.Answer, e *desk.Error) {
	r := readRefusal(a)
	r.kind = e.Err
	switch {
	case a.Status == http.StatusUnauthorized:
		r.kind = errToken
	case a.Status == http.StatusTooManyRequests:
		*e = *limited(e.RetryAfter)
	case e.Kind == desk.Permanent && e.Err == nil:
		r.kind, e.Field = errRefused, r.fields
	}
	e.Err = r
}
