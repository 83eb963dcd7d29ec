package requesttracker

import (
	"context"
	"encoding/json"
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
	maxParallel    = 4 // requests at once; RT is a few prefork processes
	requestTimeout = 30 * time.Second
	longestWait    = 30 * time.Second // for a list of who is in which group that is being read for others
	readRetries    = 2
)

// client speaks REST 2.0. It is safe for concurrent use.
type client struct{ *kit.Client }

func newClient(base *url.URL, token string) *client {
	return &client{kit.New(kit.Config{
		Kind:     "requesttracker",
		Base:     base,
		Header:   http.Header{"Authorization": {"token " + token}, "Accept-Language": {"en"}},
		Parallel: maxParallel,
		Timeout:  requestTimeout,
		Retries:  readRetries,
		Vendor:   vendor,
		Explain:  explain,
	})}
}

// limit is one condition of a search.
type limit struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

const (
	pageSize = 100 // RT's maximum
	maxPages = 1000
)

// page is one page of a list. Total is "" when RT will not count for us; then
// pages may be short, or empty, because RT drops what we may not see.
type page[T any] struct {
	Total kit.Scalar `json:"total"`
	Items []T        `json:"items"`
}

// list is the list at path, with limits as a search, in order of id so that pages of a size do
// not overlap. RT ignores a limit on a field that it does not know: compare every hit again.
func list[T any](c *client, path string, query url.Values, size int, limits ...limit) listing.List[T] {
	query.Set("per_page", strconv.Itoa(size))
	query.Set("orderby", "id")
	call := kit.Call{Method: http.MethodGet, Path: path, Query: query, Read: true}
	if len(limits) > 0 {
		call.Method, call.Body = http.MethodPost, limits
	}
	return listing.List[T]{Vendor: vendor, What: "records", Most: maxPages, Read: func(ctx context.Context, n, _ int) (listing.Page[T], error) {
		query.Set("page", strconv.Itoa(n))
		var p page[T]
		_, err := c.Do(ctx, call, &p)
		total := int(p.Total.Number())
		return listing.Page[T]{Items: p.Items, Total: total, Pages: listing.Counted(total, size)}, err
	}}
}

// change changes what is at path and returns RT's sentences. They prove nothing.
func (c *client) change(ctx context.Context, path string, body kit.Fields) (said []string, _ error) {
	var answer []any
	err := c.Put(ctx, path, body, &answer)
	for _, one := range answer {
		if sentence, is := one.(string); is {
			said = append(said, sentence)
		}
	}
	return said, err
}

var vendor = kit.Vendor{
	Name:         "RT",
	API:          "REST 2.0",
	Unauthorized: "RT refuses the token; is the service account enabled? Make a new token at Admin > Users > (the service account) > Auth Tokens",
	Forbidden:    "the service account may not do this; compare its rights at Admin > Global > User Rights with the documentation",
	NotFound:     "RT has no such record",
	LeavesOut:    "it leaves out without a word what the service account has no right to: grant AdminUsers, AdminGroupMembership, SeeCustomField and ModifyCustomField at Admin > Global > User Rights",
}

// explain makes e say what the status of an answer means on RT.
func explain(a *kit.Answer, e *desk.Error) {
	var doc struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(a.Body, &doc) // no sentence is an answer too
	sentence := known(doc.Message)
	switch {
	case a.Status == http.StatusNotFound && doc.Message == "":
		// RT says it in JSON. To take a proxy's page for "no such user" would
		// mean to make the user again.
		*e = *vendor.Foreign(a.Status)
		e.Detail = "somebody other than RT answers (HTTP 404); is a proxy in the way?"
	case a.Status == http.StatusMethodNotAllowed:
		*e = *desk.Errorf(desk.Permanent, "this is not REST 2.0 of Request Tracker 5 (HTTP %d); check the desk's URL", a.Status)
	case e.Kind == desk.Permanent && e.Err == nil && sentence != "":
		e.Detail += ": " + sentence
	}
}

// sentences are what RT is known to say. Others are not passed on: they may
// hold names and addresses.
var sentences = []string{
	"Name in use",
	"Email address in use",
	"Could not create user",
	"Invalid syntax for email address",
	"Permission Denied",
	"Couldn't find that principal",
	"That user may not own tickets in that queue",
	"That user does not exist",
	"You can only reassign tickets that you own or that are unowned",
	"JSON parse error",
}

// known returns the known sentence within said; "" when there is none.
func known(said ...string) string {
	for _, sentence := range sentences {
		if strings.Contains(strings.Join(said, "\n"), sentence) {
			return sentence
		}
	}
	return ""
}

// disobeyed is the error for a write that RT answered with 200 and did not
// carry out. advice is for the case that RT does not say why.
func disobeyed(what string, said []string, advice string) *desk.Error {
	switch sentence := known(said...); sentence {
	case "":
		return desk.NotShownf("RT did not %s; %s", what, advice)
	case "Permission Denied":
		return desk.Errorf(desk.Permanent, "RT did not %s: the service account lacks a right; %s", what, advice)
	default:
		return desk.Errorf(desk.Permanent, "RT did not %s: %s; %s", what, sentence, advice)
	}
}
