package requesttracker

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxParallel    = 4 // requests at once; RT is a few prefork processes
	requestTimeout = 30 * time.Second
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

// search reads a page of the records that meet all limits. RT ignores a limit
// on a field that it does not know: compare every hit again.
func (c *client) search(ctx context.Context, path string, query url.Values, limits []limit, answer any) error {
	_, err := c.Do(ctx, kit.Call{Method: http.MethodPost, Path: path, Query: query, Body: limits, Read: true}, answer)
	return err
}

// create makes a record and returns its number.
func (c *client) create(ctx context.Context, path string, fields map[string]any) (string, error) {
	a, err := c.Do(ctx, kit.Call{Method: http.MethodPost, Path: path, Body: fields}, nil)
	if err != nil {
		return "", err
	}
	// The body names a user by Name; only the header has the number.
	if number := kit.NumberAt(a.Header.Get("Location")); number != "" {
		return number, nil
	}
	return "", desk.Errorf(desk.Retryable, "the answer to a creation names no number")
}

// change changes what is at path and returns RT's sentences. They prove nothing.
func (c *client) change(ctx context.Context, path string, body any) ([]string, error) {
	var answer []json.RawMessage
	if err := c.Put(ctx, path, body, &answer); err != nil {
		return nil, err
	}
	var sentences []string
	for _, raw := range answer {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			sentences = append(sentences, s)
		}
	}
	return sentences, nil
}
