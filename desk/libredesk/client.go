package libredesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const maxParallel = 4 // requests at once

// errFailed is the cause of an error for a write that Libredesk itself says has
// failed: the address may be taken, and some of it may have been done.
var errFailed = errors.New("HTTP 500")

var vendor = kit.Vendor{
	Name:         "Libredesk",
	API:          "Libredesk's API",
	Unauthorized: "Libredesk refuses the API key; is the service account disabled, or its key revoked? Make one at Admin > Teammates > Agents > (the service account) > Generate API key",
	Forbidden:    "Libredesk does not allow this: `deskbridge desk check` says which permissions the service account's role lacks, at Admin > Teammates > Roles",
	NotFound:     "Libredesk has no such record",
}

// client speaks with one Libredesk.
type client struct{ *kit.Client }

func newClient(home *url.URL, key string) *client {
	return &client{kit.New(kit.Config{
		Kind:     "libredesk",
		Base:     home.JoinPath("api", "v1"),
		Header:   http.Header{"Authorization": {"token " + key}},
		Parallel: maxParallel,
		Timeout:  30 * time.Second,
		Retries:  2,
		Vendor:   vendor,
		Explain:  explain,
	})}
}

// envelope is around all that Libredesk says.
type envelope struct {
	Status    string          `json:"status"` // success or error
	Data      json.RawMessage `json:"data"`
	ErrorType string          `json:"error_type"`
}

// call sends a request, and reads what is in the envelope into what into points
// to, unless that is nil.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, into any) (*kit.Answer, error) {
	var e envelope
	a, err := c.Do(ctx, kit.Call{Method: method, Path: path, Query: query, Body: body, Want: http.StatusOK}, &e)
	switch {
	case err != nil:
		return a, err
	case e.Status != "success" || e.Data == nil || string(e.Data) == "null": // to take nothing for "nobody" would be a lie
		err = vendor.Foreign(a.Status)
	case into != nil:
		err = vendor.Decode(e.Data, into)
	}
	if err != nil {
		err = fmt.Errorf("libredesk: %s %s: %w", method, path, err)
	}
	return a, err
}

func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := c.call(ctx, http.MethodGet, path, query, nil, into)
	return err
}

func (c *client) write(ctx context.Context, method, path string, body any) error {
	_, err := c.call(ctx, method, path, nil, body, nil)
	return err
}

// list reads a list, which comes whole.
func list[E any](ctx context.Context, c *client, path string) (all []E, _ error) {
	err := c.get(ctx, path, nil, &all)
	return all, err
}

// explain makes e say what the status of an answer means on Libredesk.
func explain(a *kit.Answer, e *desk.Error) {
	var own envelope
	isOwn := json.Unmarshal(a.Body, &own) == nil && own.Status == "error"
	switch {
	case a.Status == http.StatusNotFound && !(isOwn && own.ErrorType == "NotFoundException"):
		*e = *vendor.NotItsAPI(a.Status)
	case isOwn && (a.Status == http.StatusInternalServerError || a.Status == http.StatusConflict):
		*e = *vendor.Busy(a)
		e.Err = errFailed
	}
}

// disobeyed is the error for a write that Libredesk accepted and that does not
// show.
func disobeyed(format string, args ...any) *desk.Error {
	e := vendor.Disobeyed(format, args...)
	e.Detail += "; did somebody change it back, or rename or delete a role or team at that moment?"
	return e
}
