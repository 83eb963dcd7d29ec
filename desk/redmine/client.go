package redmine

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxParallel    = 4 // requests at once; a small Redmine has a handful of threads
	requestTimeout = 30 * time.Second
	readRetries    = 2
)

// client speaks JSON with one Redmine. It is safe for concurrent use.
type client struct{ api *kit.Client }

func newClient(home *url.URL, key string) *client {
	return &client{kit.New(kit.Config{
		Kind:     "redmine",
		Base:     home,
		Suffix:   ".json",
		Header:   http.Header{"X-Redmine-Api-Key": {key}},
		Parallel: maxParallel,
		Timeout:  requestTimeout,
		Retries:  readRetries,
		Vendor:   vendor,
		Explain:  explain,
	})}
}

// get reads what is at path into answer.
func (c *client) get(ctx context.Context, path string, query url.Values, answer any) error {
	_, err := c.api.Do(ctx, kit.Call{Method: http.MethodGet, Path: path, Query: query}, answer)
	return err
}

// post makes something at path, and reads what was made into answer unless that
// is nil.
func (c *client) post(ctx context.Context, path string, body, answer any) error {
	_, err := c.api.Do(ctx, kit.Call{Method: http.MethodPost, Path: path, Body: body}, answer)
	return err
}

// put changes what is at path. That it succeeds proves nothing.
func (c *client) put(ctx context.Context, path string, body any) error {
	_, err := c.api.Do(ctx, kit.Call{Method: http.MethodPut, Path: path, Body: body}, nil)
	return err
}

// remove deletes what is at path.
func (c *client) remove(ctx context.Context, path string) error {
	_, err := c.api.Do(ctx, kit.Call{Method: http.MethodDelete, Path: path}, nil)
	return err
}
