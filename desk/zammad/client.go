package zammad

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
)

const (
	maxParallel = 4 // requests at once
	// maxAnswerBytes has room for a page of five hundred users with all their preferences.
	maxAnswerBytes = 32 << 20
)

// Causes of errors that are told apart here.
var (
	errRefused  = errors.New("HTTP 422")
	errInternal = errors.New("HTTP 500")
)

var vendor = kit.Vendor{
	Name:         "Zammad",
	API:          "Zammad's API",
	Unauthorized: "Zammad refuses the access token; has it expired, or is the service account inactive? Make one at (avatar) > Profile > Token Access, or let an administrator allow API Token Access at System > API",
	Forbidden:    "Zammad does not allow this: `deskbridge desk check` says which permissions the access token or the service account's roles lack",
	NotFound:     "Zammad has no such record",
	LeavesOut:    "it leaves out without a word what the access token may not do, such as with users without the permission admin.user: see `deskbridge desk check`",
}

func newClient(s settings) *kit.Client {
	return kit.New(kit.Config{
		Kind:     "zammad",
		Base:     s.api,
		Header:   http.Header{"Authorization": {"Token token=" + s.token}},
		Parallel: maxParallel,
		Timeout:  60 * time.Second,
		Retries:  2,
		MaxBytes: maxAnswerBytes,
		Vendor:   vendor,
		Explain:  explain,
	})
}

// explain makes e say what the status of an answer means on Zammad.
func explain(a *kit.Answer, e *desk.Error) {
	words := said(a)
	switch {
	case a.Status == http.StatusNotFound && (words == "" || strings.Contains(words, "No route matches")):
		*e = *vendor.NotItsAPI(a.Status)
	case a.Status == http.StatusInternalServerError && words != "":
		e.Err = errInternal
	case a.Status == http.StatusUnprocessableEntity && e.Kind == desk.Permanent:
		e.Err = errRefused
		e.Detail += a.Quote(words)
		if strings.Contains(words, "Agent limit exceeded") {
			e.Detail = "Zammad has no seat left for another agent: deactivate one, or raise the limit of the subscription"
		}
	}
}

// said returns what an answer holds against a request; "" is nothing.
func said(a *kit.Answer) string {
	var body struct{ Error string }
	_ = json.Unmarshal(a.Body, &body) // no reason is an answer too
	return body.Error
}

const maxPages = 2_000 // of any list

// list is the list at path, of which at most so many pages are read. A page that is short is no
// end: Zammad may show fewer than it is asked for.
func list[E any](c *kit.Client, path string, size, most int, id func(E) int64) listing.List[E] {
	what := strings.TrimPrefix(path, "/")
	return listing.List[E]{Vendor: vendor, What: what, Most: most, ID: id, Read: func(ctx context.Context, n, _ int) (listing.Page[E], error) {
		query := url.Values{"page": {strconv.Itoa(n)}, "per_page": {strconv.Itoa(size)}}
		if path != "/users" {
			query.Set("expand", "true") // with the names of what is related
		}
		var entries []E
		err := c.Get(ctx, path, query, &entries)
		if err == nil && entries == nil {
			err = vendor.NoList(what)
		}
		return listing.Page[E]{Items: entries, Total: -1}, err
	}}
}

// condition is what the entries of a search have in common: a value of each
// attribute. The database is asked, not the search index.
type condition map[string][]string

// MarshalJSON writes the condition as Zammad's selectors are.
func (c condition) MarshalJSON() ([]byte, error) {
	out := make(map[string]any, len(c))
	for name, values := range c {
		out[name] = map[string]any{"operator": "is", "value": values}
	}
	return json.Marshal(out)
}

// hits is a page of what a search found.
type hits[E any] struct {
	Records []E  `json:"records"`
	Total   *int `json:"total_count"` // of all pages; nil: this release does not say
}

// UnmarshalJSON reads a page with a total, or one without, which is a list.
func (h *hits[E]) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, &h.Records)
	}
	type plain hits[E]
	return json.Unmarshal(data, (*plain)(h))
}

// search is what fulfils a condition, in order of number. What is found is below path, such as
// /users. A release that does not say how many there are has a Total of -1.
func search[E any](c *kit.Client, path string, of condition, id func(E) int64) listing.List[E] {
	return listing.List[E]{Vendor: vendor, What: strings.TrimPrefix(path, "/"), Most: maxPages, ID: id, Steady: true, Read: func(ctx context.Context, n, _ int) (p listing.Page[E], _ error) {
		var h hits[E]
		_, err := c.Do(ctx, kit.Call{Method: http.MethodPost, Path: path + "/search", Read: true, Body: map[string]any{
			"condition": of, "page": n, "per_page": hitPage, "sort_by": "id", "order_by": "asc", "with_total_count": true,
		}}, &h)
		if err == nil && h.Records == nil {
			err = desk.Errorf(desk.Retryable, "Zammad's answer to a search holds no records; is a proxy in the way?")
		}
		if p = (listing.Page[E]{Items: h.Records, Total: -1}); h.Total != nil {
			p.Total = *h.Total
		}
		return p, err
	}}
}

func number(id int64) string { return strconv.FormatInt(id, 10) }
