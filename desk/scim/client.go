package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxParallel = 4 // requests at once
	pageSize    = 100
	maxPages    = 2_000
	mediaType   = "application/scim+json"
)

// Causes of errors that are answered in another way.
var (
	errCannot  = errors.New("not offered")  // the service provider has no such method or filter
	errChanged = errors.New("HTTP 412")     // somebody changed the resource meanwhile
	errTaken   = errors.New("HTTP 409")     // userName or another value is another's
	errNoList  = errors.New("HTTP 404")     // of a list
	errIgnored = errors.New("other answer") // it answers a filter with what it does not match
)

var vendor = kit.Vendor{
	Name:         "the desk",
	API:          "a SCIM service provider",
	Unauthorized: "the desk refuses the token; make a new one where it shows the settings of SCIM, and set it on the desk here",
	Forbidden:    "the desk does not allow this with the token; see what it may do where the desk shows the settings of SCIM",
	NotFound:     "the desk has no such resource",
}

// client speaks with one service provider.
type client struct {
	*kit.Client
	noPatch atomic.Bool // it says that it has PATCH, and has not
}

func newClient(s settings) *client {
	return &client{Client: kit.New(kit.Config{
		Kind: "scim", Base: s.base, Parallel: maxParallel, Timeout: 30 * time.Second, MaxBytes: 32 << 20, Retries: 2, Vendor: vendor, Explain: explain,
		Header: http.Header{"Authorization": {s.authorization}, "Accept": {mediaType + ", application/json"}},
	})}
}

// said is an error as RFC 7644 §3.12 has it.
type said struct {
	Type string `json:"scimType"`
}

// explain makes e say what the status of an answer means in SCIM.
func explain(a *kit.Answer, e *desk.Error) {
	var own said
	isJSON := json.Unmarshal(a.Body, &own) == nil
	switch {
	case a.Status == http.StatusConflict || a.Status == http.StatusBadRequest && own.Type == "uniqueness":
		*e = desk.Error{Kind: desk.Conflict, Field: "userName", Detail: "another user of the desk has this e-mail address already, as userName or otherwise", Err: errTaken}
	case a.Status == http.StatusPreconditionFailed:
		*e = desk.Error{Kind: desk.Retryable, Detail: "somebody else changes the same user or group on the desk", Err: errChanged}
	case a.Status == http.StatusBadRequest && (own.Type == "invalidFilter" || own.Type == "tooMany"), a.Status == http.StatusForbidden && own.Type == "tooMany",
		a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusNotImplemented:
		*e = desk.Error{Kind: desk.Permanent, Detail: fmt.Sprintf("the desk does not offer this part of SCIM (HTTP %d)", a.Status), Err: errCannot}
	case isJSON && own.Type != "" && a.Status >= 400 && a.Status <= 499 && e.Kind == desk.Permanent:
		e.Field = own.Type
	}
}

// call sends a request and reads the answer as one resource; nil where none came.
func (c *client) call(ctx context.Context, method, path string, query url.Values, etag string, body any) (object, http.Header, error) {
	call := kit.Call{Method: method, Path: path, Query: query, Body: body, Header: http.Header{}}
	if body != nil {
		call.Header.Set("Content-Type", mediaType)
	}
	if etag != "" {
		call.Header.Set("If-Match", etag)
	}
	a, err := c.Do(ctx, call, nil)
	if err != nil {
		return nil, nil, err
	}
	if len(bytes.TrimSpace(a.Body)) == 0 {
		return nil, a.Header, nil
	}
	o, err := decode(a.Body)
	if err != nil {
		err = fmt.Errorf("scim: %s %s: %w", method, path, err)
	}
	return o, a.Header, err
}

// decode reads an object with numbers as they are written.
func decode(data []byte) (o object, _ error) {
	if err := vendor.Decode(data, &o); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	o = nil
	if dec.Decode(&o) != nil || o == nil {
		return nil, vendor.Foreign(http.StatusOK)
	}
	return o, nil
}

// get reads what is at path. An answer without a body is none.
func (c *client) get(ctx context.Context, path string, query url.Values) (object, http.Header, error) {
	o, header, err := c.call(ctx, http.MethodGet, path, query, "", nil)
	if err == nil && o == nil {
		err = fmt.Errorf("scim: GET %s: %w", path, vendor.Foreign(http.StatusOK))
	}
	return o, header, err
}

// list reads a list from its beginning to its end, and hands over each resource
// once (RFC 7644 §3.4.2.4). A list that is shorter than it says, or shows the
// same again, is an error: what is not shown is not to be taken for what is not there.
func (c *client) list(ctx context.Context, path string, query url.Values, each func(object) error) error {
	seen := make(map[string]bool)
	total := -1
	for n := 0; n < maxPages; n++ {
		q := url.Values{"startIndex": {strconv.Itoa(len(seen) + 1)}, "count": {strconv.Itoa(pageSize)}}
		for key, values := range query {
			q[key] = values
		}
		page, _, err := c.get(ctx, path, q)
		if desk.KindOf(err) == desk.NotFound { // of a list, that is no answer
			return fmt.Errorf("scim: GET %s: %w", path, noList())
		}
		if err != nil {
			return err
		}
		now, ok := page.number("totalResults")
		if !ok {
			return vendor.Foreign(http.StatusOK)
		}
		if now < total {
			return desk.Errorf(desk.Retryable, "the desk's list became shorter while it was read")
		}
		total = now
		fresh := 0
		for _, r := range page.objects("Resources") {
			id := r.text("id")
			if id == "" {
				return desk.Errorf(desk.Retryable, "the desk lists a resource without an id")
			}
			if seen[id] {
				continue
			}
			seen[id], fresh = true, fresh+1
			if err := each(r); err != nil {
				return err
			}
		}
		switch {
		case len(seen) >= total:
			return nil
		case fresh == 0 && len(page.objects("Resources")) > 0:
			return desk.Errorf(desk.Permanent, "the desk shows the same page of its list again: it takes no notice of startIndex, and people beyond the first %d cannot be read", len(seen))
		case fresh == 0:
			return desk.Errorf(desk.Retryable, "the desk shows %d fewer than it says there are", total-len(seen))
		}
	}
	return desk.Errorf(desk.Permanent, "the desk's list has more than %d pages", maxPages)
}

// noList is the error for a list that is not there: what is in it is not known to be
// gone.
func noList() *desk.Error {
	e := vendor.Foreign(http.StatusNotFound)
	e.Detail, e.Err = "this address is not part of the desk's SCIM API (HTTP 404); check the desk's URL, and the proxy in front of it", errNoList
	return e
}

// equals is a filter for a value.
func equals(attribute, value string) string {
	return attribute + ` eq "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// resource is the path of a resource.
func resource(endpoint, id string) string { return endpoint + "/" + id }

// disobeyed is the error for a write that the desk accepted and that does not
// show.
func disobeyed(fields string, format string, args ...any) *desk.Error {
	e := desk.Errorf(desk.Permanent, "the desk accepted to %s and did not do it; did somebody change it back, or has the desk no place for it? The settings attributes and role_attribute say what is written", fmt.Sprintf(format, args...))
	e.NotShown, e.Field = true, fields
	return e
}
