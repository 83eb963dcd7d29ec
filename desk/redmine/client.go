package redmine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	maxParallel    = 4                // requests at once; a small Redmine has a handful of threads
	requestTimeout = 30 * time.Second // from dialling to the last byte of the answer
	maxAnswerBytes = 4 << 20          // a page of a hundred users takes about 40 kB
	readRetries    = 2
)

// client speaks JSON with one Redmine. It is safe for concurrent use.
type client struct {
	home  *url.URL
	key   string
	slots chan struct{} // one for each request under way
	http  *retryablehttp.Client
}

func newClient(home *url.URL, key string) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = maxParallel, maxParallel
	return &client{
		home:  home,
		key:   key,
		slots: make(chan struct{}, maxParallel),
		http: &retryablehttp.Client{
			HTTPClient: &http.Client{
				Transport: transport,
				Timeout:   requestTimeout,
				// The key goes to the configured address and nowhere else.
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
			RetryMax:     readRetries,
			RetryWaitMin: 100 * time.Millisecond,
			RetryWaitMax: time.Second,
			Backoff:      retryablehttp.DefaultBackoff,
			CheckRetry:   again,
			ErrorHandler: retryablehttp.PassthroughErrorHandler,
		},
	}
}

// again repeats a read that broke on the way, and never a write: one whose
// answer is lost must be looked at first. A time-out, and a Redmine that asks
// for a pause, are the caller's business: it can wait without a slot.
func again(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if err == nil {
		return resp.Request.Method == http.MethodGet &&
			(resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusGatewayTimeout), nil
	}
	if e, ok := errors.AsType[*url.Error](err); !ok || e.Op != "Get" || e.Timeout() {
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, nil, err)
}

// get reads what is at path into answer.
func (c *client) get(ctx context.Context, path string, query url.Values, answer any) error {
	return c.do(ctx, http.MethodGet, path, query, nil, answer)
}

// post makes something at path, and reads what was made into answer unless that
// is nil.
func (c *client) post(ctx context.Context, path string, body, answer any) error {
	return c.do(ctx, http.MethodPost, path, nil, body, answer)
}

// put changes what is at path. That it succeeds proves nothing.
func (c *client) put(ctx context.Context, path string, body any) error {
	return c.do(ctx, http.MethodPut, path, nil, body, nil)
}

// remove deletes what is at path.
func (c *client) remove(ctx context.Context, path string) error {
	return c.do(ctx, http.MethodDelete, path, nil, nil, nil)
}

// do sends one request and decodes the answer unless answer is nil. Paths are
// given without their ending .json.
func (c *client) do(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return fmt.Errorf("redmine: %s %s: %w", method, path, err)
		}
	}
	received, err := c.exchange(ctx, method, path, query, sent)
	if err == nil && answer != nil {
		if broken := json.Unmarshal(received, answer); broken != nil {
			// The error of encoding/json quotes nothing but single characters.
			err = &desk.Error{Kind: desk.Retryable, Detail: "the answer is not what Redmine's REST API sends; is a proxy in the way?", Err: broken}
		}
	}
	if err != nil {
		return fmt.Errorf("redmine: %s %s: %w", method, path, err)
	}
	return nil
}

// exchange sends one request and returns the body of the answer, which has a
// status of success.
func (c *client) exchange(ctx context.Context, method, path string, query url.Values, sent []byte) ([]byte, error) {
	u := *c.home
	u.Path += path + ".json"
	u.RawQuery = query.Encode()
	var body any // an untyped nil is "no body" to retryablehttp
	if sent != nil {
		body = sent
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Redmine-API-Key", c.key)
	req.Header.Set("Accept", "application/json")
	if sent != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	resp, err := c.http.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return nil, e.Err // without the address: its query may be somebody's e-mail
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	received, err := readAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return received, statusError(resp, received, sent)
}

func readAll(body io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxAnswerBytes+1))
	switch e, ok := errors.AsType[net.Error](err); {
	case ok && e.Timeout():
		return nil, e
	case err != nil:
		return nil, &desk.Error{Kind: desk.Retryable, Detail: "the answer broke off", Err: err}
	case len(data) > maxAnswerBytes:
		return nil, desk.Errorf(desk.Retryable, "the answer is longer than %d bytes; is this address Redmine's?", maxAnswerBytes)
	}
	return data, nil
}
