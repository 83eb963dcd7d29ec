package scimclient

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
	ErrCannot  = errors.New("not offered")         // the service provider has no such method or filter
	ErrTaken   = errors.New("HTTP 409")            // userName or another value is another's
	ErrNoList  = errors.New("HTTP 404")            // of a list
	ErrGone    = errors.New("gone after a change") // who was changed is not there any more
	errChanged = errors.New("HTTP 412")            // somebody changed the resource meanwhile
)

// Client speaks with one service provider. It is safe for concurrent use.
type Client struct {
	*kit.Client
	kind    string
	vendor  kit.Vendor
	found   kit.Cached[Discovery]
	noPatch atomic.Bool // it says that it has PATCH, and has not
	turn    kit.Turn    // of who replaces a group
}

// New returns a client. kind begins every error; authorization is the header of every request.
func New(kind string, base *url.URL, authorization string, v kit.Vendor) *Client {
	c := &Client{kind: kind, vendor: v}
	c.Client = kit.New(kit.Config{
		Kind: kind, Base: base, Parallel: maxParallel, Timeout: 30 * time.Second, MaxBytes: 32 << 20, Retries: 2, Vendor: v, Explain: c.explain,
		Header: http.Header{"Authorization": {authorization}, "Accept": {mediaType + ", application/json"}},
	})
	return c
}

// said is an error as RFC 7644 §3.12 has it.
type said struct {
	Type string `json:"scimType"`
}

// explain makes e say what the status of an answer means in SCIM.
func (c *Client) explain(a *kit.Answer, e *desk.Error) {
	var own said
	isJSON := json.Unmarshal(a.Body, &own) == nil
	switch {
	case a.Status == http.StatusConflict || a.Status == http.StatusBadRequest && own.Type == "uniqueness":
		*e = desk.Error{Kind: desk.Conflict, Field: "userName", Detail: "another user of " + c.vendor.Name + " has this e-mail address already, as userName or otherwise", Err: ErrTaken}
	case a.Status == http.StatusPreconditionFailed:
		*e = desk.Error{Kind: desk.Retryable, Detail: "somebody else changes the same user or group on " + c.vendor.Name, Err: errChanged}
	case a.Status == http.StatusBadRequest && (own.Type == "invalidFilter" || own.Type == "tooMany"), a.Status == http.StatusForbidden && own.Type == "tooMany",
		a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusNotImplemented:
		*e = desk.Error{Kind: desk.Permanent, Detail: fmt.Sprintf("%s does not offer this part of SCIM (HTTP %d)", c.vendor.Name, a.Status), Err: ErrCannot}
	case isJSON && own.Type != "" && a.Status >= 400 && a.Status <= 499 && e.Kind == desk.Permanent:
		e.Field = own.Type
	}
}

// Call sends a request and reads the answer as one resource; nil where none came. With an etag
// it is for the resource as it was then.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, etag string, body any) (Object, http.Header, error) {
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
	o, err := c.decode(a.Body)
	if err != nil {
		err = fmt.Errorf("%s: %s %s: %w", c.kind, method, path, err)
	}
	return o, a.Header, err
}

// decode reads an object with numbers as they are written.
func (c *Client) decode(data []byte) (o Object, _ error) {
	if err := c.vendor.Decode(data, &o); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	o = nil
	if dec.Decode(&o) != nil || o == nil {
		return nil, c.vendor.Foreign(http.StatusOK)
	}
	return o, nil
}

// Get reads what is at path. An answer without a body is none.
func (c *Client) Get(ctx context.Context, path string, query url.Values) (Object, http.Header, error) {
	o, header, err := c.Call(ctx, http.MethodGet, path, query, "", nil)
	if err == nil && o == nil {
		err = fmt.Errorf("%s: GET %s: %w", c.kind, path, c.vendor.Foreign(http.StatusOK))
	}
	return o, header, err
}

// List reads a list from its beginning to its end, and hands over each resource
// once (RFC 7644 §3.4.2.4). A list that is shorter than it says, or shows the
// same again, is an error: what is not shown is not to be taken for what is not there.
func (c *Client) List(ctx context.Context, path string, query url.Values, each func(Object) error) error {
	seen := make(map[string]bool)
	total := -1
	for n := 0; n < maxPages; n++ {
		q := url.Values{"startIndex": {strconv.Itoa(len(seen) + 1)}, "count": {strconv.Itoa(pageSize)}}
		for key, values := range query {
			q[key] = values
		}
		page, _, err := c.Get(ctx, path, q)
		if desk.KindOf(err) == desk.NotFound { // of a list, that is no answer
			return fmt.Errorf("%s: GET %s: %w", c.kind, path, c.noList())
		}
		if err != nil {
			return err
		}
		now, ok := page.Number("totalResults")
		if !ok {
			return c.vendor.Foreign(http.StatusOK)
		}
		if now < total {
			return desk.Errorf(desk.Retryable, "%s's list became shorter while it was read", c.vendor.Name)
		}
		total = now
		fresh := 0
		for _, r := range page.Objects("Resources") {
			id := r.Text("id")
			if id == "" {
				return desk.Errorf(desk.Retryable, "%s lists a resource without an id", c.vendor.Name)
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
		case fresh == 0 && len(page.Objects("Resources")) > 0:
			return desk.Errorf(desk.Permanent, "%s shows the same page of its list again: it takes no notice of startIndex, and people beyond the first %d cannot be read", c.vendor.Name, len(seen))
		case fresh == 0:
			return desk.Errorf(desk.Retryable, "%s shows %d fewer than it says there are", c.vendor.Name, total-len(seen))
		}
	}
	return desk.Errorf(desk.Permanent, "%s's list has more than %d pages", c.vendor.Name, maxPages)
}

// noList is the error for a list that is not there: what is in it is not known to be
// gone.
func (c *Client) noList() *desk.Error {
	e := c.vendor.Foreign(http.StatusNotFound)
	e.Detail, e.Err = "this address is not part of "+c.vendor.Name+"'s SCIM API (HTTP 404); check the desk's URL, and the proxy in front of it", ErrNoList
	return e
}

// Equals is a filter for a value.
func Equals(attribute, value string) string {
	return attribute + ` eq "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// id is the form of ids that may stand in a path: what RFC 3986 calls unreserved,
// and some that mean nothing within a segment.
var id = kit.Token{Least: 1, Most: 256, Marks: "._~@:=+|!,-"}

// IsID reports whether an id may get into a path.
func IsID(text string) bool { return id.Is(text) && text[0] != '.' }
