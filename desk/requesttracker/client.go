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
)

const (
	maxParallel    = 4 // requests at once; RT is a few prefork processes
	requestTimeout = 30 * time.Second
	readRetries    = 2
)

// client speaks REST 2.0. It is safe for concurrent use.
type client struct{ api *kit.Client }

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

// get reads the record or list at path into answer.
func (c *client) get(ctx context.Context, path string, query url.Values, answer any) error {
	_, err := c.api.Do(ctx, kit.Call{Method: http.MethodGet, Path: path, Query: query}, answer)
	return err
}

// search reads a page of the records that meet all limits. RT ignores a limit
// on a field that it does not know: compare every hit again.
func (c *client) search(ctx context.Context, path string, query url.Values, limits []limit, answer any) error {
	_, err := c.api.Do(ctx, kit.Call{Method: http.MethodPost, Path: path, Query: query, Body: limits, Read: true}, answer)
	return err
}

// create makes a record and returns its number.
func (c *client) create(ctx context.Context, path string, fields map[string]any) (string, error) {
	a, err := c.api.Do(ctx, kit.Call{Method: http.MethodPost, Path: path, Body: fields}, nil)
	if err != nil {
		return "", err
	}
	// The body names a user by Name; only the header has the number.
	return numberAt(a.Header.Get("Location"))
}

// put changes what is at path and returns RT's sentences. They prove nothing.
func (c *client) put(ctx context.Context, path string, body any) ([]string, error) {
	var answer []json.RawMessage
	if _, err := c.api.Do(ctx, kit.Call{Method: http.MethodPut, Path: path, Body: body}, &answer); err != nil {
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

// remove deletes what is at path.
func (c *client) remove(ctx context.Context, path string) error {
	_, err := c.api.Do(ctx, kit.Call{Method: http.MethodDelete, Path: path}, nil)
	return err
}

// numberAt returns the number at the end of a record's address.
func numberAt(location string) (string, error) {
	if at := strings.LastIndexByte(location, '/'); at >= 0 {
		number := location[at+1:]
		if _, err := strconv.ParseUint(number, 10, 63); err == nil {
			return number, nil
		}
	}
	return "", desk.Errorf(desk.Retryable, "the answer to a creation names no number")
}
