package kit

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// HALPage is where a page of a list is in all of it.
type HALPage struct {
	Number        int `json:"number"` // from 1
	TotalPages    int `json:"totalPages"`
	TotalElements int `json:"totalElements"`
}

// ReadHAL returns what is on page n of a list of things of some name, as APIs in HAL send
// it, and where that is. An answer that does not say which page it is, is no list: to take
// it for an empty one would mean that nobody is there.
func ReadHAL[T any](v Vendor, data []byte, name string, n int) (items []T, _ *HALPage, _ error) {
	var answer struct {
		Embedded map[string]json.RawMessage `json:"_embedded"` // without the name where there are none
		Page     *HALPage                   `json:"page"`
	}
	if err := v.Decode(data, &answer); err != nil {
		return nil, nil, err
	}
	if answer.Page == nil || answer.Page.Number != n {
		return nil, nil, desk.Errorf(desk.Retryable, "the answer is not page %d of a list, as %s sends it", n, v.API)
	}
	if raw, ok := answer.Embedded[name]; ok {
		if err := v.Decode(raw, &items); err != nil {
			return nil, nil, err
		}
	}
	return items, answer.Page, nil
}

// GetHAL reads page n of the list of things of some name at path. Its only good answer is 200.
func GetHAL[T any](ctx context.Context, c *Client, path, name string, query url.Values, n int) ([]T, *HALPage, error) {
	asked := url.Values{"page": {strconv.Itoa(n)}}
	maps.Copy(asked, query)
	a, err := c.Do(ctx, Call{Method: http.MethodGet, Path: path, Query: asked, Want: http.StatusOK}, nil)
	if err != nil {
		return nil, nil, err
	}
	return ReadHAL[T](c.config.Vendor, a.Body, name, n)
}

// HALRefusal is what an answer other than success is remembered by, which is of type
// application/vnd.error+json. What that says in words, and the value that it rejects, may be
// somebody's name or address: neither is read.
type HALRefusal struct {
	Status int
	Kind   error  // the cause that connectors tell apart; nil: none
	Fields string // what is objected to: "role (EnumValue), lastName (Size)"

	logRef      string
	correlation string
}

// Error returns what the support of a desk asks for.
func (r *HALRefusal) Error() string {
	text := fmt.Sprintf("HTTP %d", r.Status)
	if r.logRef != "" {
		text += " logRef=" + r.logRef
	}
	if r.correlation != "" {
		text += " Correlation-ID=" + r.correlation
	}
	return text
}

// Unwrap returns the kind of refusal.
func (r *HALRefusal) Unwrap() error { return r.Kind }

// maxHALProblems is how many problems of one refusal are told.
const maxHALProblems = 10

// ReadHALRefusal reads what an answer holds against a request. An answer without a document is
// one, too.
func ReadHALRefusal(a *Answer) *HALRefusal {
	var doc struct {
		LogRef   string `json:"logRef"`
		Embedded struct {
			Errors []struct {
				Path  string `json:"path"`
				Links struct {
					About struct {
						Href string `json:"href"` // ends in # and a code such as EnumValue
					} `json:"about"`
				} `json:"_links"`
			} `json:"errors"`
		} `json:"_embedded"`
	}
	_ = json.Unmarshal(a.Body, &doc)
	r := &HALRefusal{Status: a.Status, logRef: harmless(doc.LogRef), correlation: harmless(a.Header.Get("Correlation-ID"))}
	var fields []string
	for _, p := range doc.Embedded.Errors[:min(len(doc.Embedded.Errors), maxHALProblems)] {
		field := harmless(p.Path)
		if field == "" {
			continue
		}
		if _, code, ok := strings.Cut(p.Links.About.Href, "#"); ok && harmless(code) != "" {
			field += " (" + code + ")"
		}
		fields = append(fields, field)
	}
	r.Fields = strings.Join(fields, ", ")
	return r
}

// harmlessForm is that of the parts of an answer that are repeated: names of fields, codes,
// references.
var harmlessForm = regexp.MustCompile(`^[A-Za-z0-9_.:\[\]-]{1,64}$`)

func harmless(text string) string {
	if harmlessForm.MatchString(text) {
		return text
	}
	return ""
}
