package helpscout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxParallel    = 8
	requestTimeout = 30 * time.Second
)

// client speaks HTTP with the Inbox API. It is safe for concurrent use. It
// repeats nothing but a request that was refused for its token: whoever calls
// it looks first.
type client struct {
	api    *kit.Client
	tokens *tokens
	limit  *limiter
}

// newClient returns a client of the API below base.
func newClient(base *url.URL, appID, appSecret string) *client {
	base = base.JoinPath(apiVersion)
	api := kit.New(kit.Config{
		Kind:     "helpscout",
		Base:     base,
		Header:   http.Header{"Accept": {"application/hal+json, application/json"}},
		Parallel: maxParallel,
		Timeout:  requestTimeout,
		Vendor:   vendor,
		Explain:  explain,
	})
	endpoint := base.JoinPath("oauth2/token").String()
	return &client{api: api, tokens: newTokens(endpoint, appID, appSecret, api.HTTP), limit: newLimiter()}
}

// get reads what is at path into answer.
func (c *client) get(ctx context.Context, path string, query url.Values, answer any) error {
	_, err := c.do(ctx, kit.Call{Method: http.MethodGet, Path: path, Query: query, Want: http.StatusOK}, answer)
	return err
}

// write sends a change to what is at path. Its only good answer is 204.
func (c *client) write(ctx context.Context, method, path string, body any) error {
	_, err := c.do(ctx, kit.Call{Method: method, Path: path, Body: body, Want: http.StatusNoContent}, nil)
	return err
}

// create makes something at path and returns the header of the answer, which
// says what. An answer that is lost leaves open whether it was made.
func (c *client) create(ctx context.Context, path string, body any) (http.Header, error) {
	a, err := c.do(ctx, kit.Call{Method: http.MethodPost, Path: path, Body: body, Want: http.StatusCreated}, nil)
	if err != nil {
		return nil, err
	}
	return a.Header, nil
}

// do sends a call and decodes the answer unless answer is nil. A token that is
// refused is replaced once.
func (c *client) do(ctx context.Context, call kit.Call, answer any) (*kit.Answer, error) {
	a, token, err := c.send(ctx, call, "", answer)
	if errors.Is(err, errToken) {
		a, _, err = c.send(ctx, call, token, answer)
	}
	return a, err
}

// send sends a call once, with another token than the refused one, and returns
// that token, too.
func (c *client) send(ctx context.Context, call kit.Call, refused string, answer any) (_ *kit.Answer, token string, err error) {
	if token, err = c.tokens.get(ctx, refused); err != nil {
		return nil, "", fmt.Errorf("helpscout: %s %s: %w", call.Method, call.Path, err)
	}
	units, write := writeUnits, call.Method != http.MethodGet
	if !write {
		units = readUnits
	}
	if err := c.limit.wait(ctx, units, write); err != nil {
		return nil, "", fmt.Errorf("helpscout: %s %s: %w", call.Method, call.Path, err)
	}
	header := call.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Authorization", "Bearer "+token)
	call.Header = header
	a, err := c.api.Do(ctx, call, answer)
	if a != nil {
		c.limit.learn(a)
	}
	return a, token, err
}
