package requesttracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	maxParallel    = 4                // requests at once; RT is a few prefork processes
	requestTimeout = 30 * time.Second // from dialling to the last byte of the answer
	maxAnswerBytes = 4 << 20          // a page of a hundred users takes about 100 kB
	readRetries    = 2
)

// client speaks HTTP with REST 2.0. It is safe for concurrent use.
type client struct {
	base   *url.URL
	token  string
	slots  chan struct{} // one for each request under way
	reads  *retryablehttp.Client
	writes *retryablehttp.Client // tries once: a write whose answer is lost must be looked at first
}

func newClient(base *url.URL, token string) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = maxParallel
	transport.MaxIdleConnsPerHost = maxParallel
	plain := &http.Client{
		Transport: transport,
		Timeout:   requestTimeout,
		// The token goes to the configured address and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	retrying := func(max int) *retryablehttp.Client {
		return &retryablehttp.Client{
			HTTPClient:   plain,
			RetryMax:     max,
			RetryWaitMin: 100 * time.Millisecond,
			RetryWaitMax: time.Second,
			Backoff:      retryablehttp.DefaultBackoff,
			CheckRetry:   retryRead,
			ErrorHandler: retryablehttp.PassthroughErrorHandler,
		}
	}
	return &client{base: base, token: token, slots: make(chan struct{}, maxParallel), reads: retrying(readRetries), writes: retrying(0)}
}

// retryRead repeats a read that broke on the way. A time-out and an RT that
// asks for a pause are the caller's business: it can wait without a slot.
func retryRead(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if err == nil {
		return resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusGatewayTimeout, nil
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, nil, err)
}

// limit is one condition of a search.
type limit struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// get reads the record or list at path into answer.
func (c *client) get(ctx context.Context, path string, query url.Values, answer any) error {
	_, err := c.do(ctx, c.reads, http.MethodGet, path, query, nil, answer)
	return err
}

// search reads a page of the records that meet all limits. RT ignores a limit
// on a field that it does not know: compare every hit again.
func (c *client) search(ctx context.Context, path string, query url.Values, limits []limit, answer any) error {
	_, err := c.do(ctx, c.reads, http.MethodPost, path, query, limits, answer)
	return err
}

// create makes a record and returns its number.
func (c *client) create(ctx context.Context, path string, fields map[string]any) (string, error) {
	header, err := c.do(ctx, c.writes, http.MethodPost, path, nil, fields, nil)
	if err != nil {
		return "", err
	}
	// The body names a user by Name; only the header has the number.
	return numberAt(header.Get("Location"))
}

// put changes what is at path and returns RT's sentences. They prove nothing.
func (c *client) put(ctx context.Context, path string, body any) ([]string, error) {
	var answer []json.RawMessage
	if _, err := c.do(ctx, c.writes, http.MethodPut, path, nil, body, &answer); err != nil {
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
	_, err := c.do(ctx, c.writes, http.MethodDelete, path, nil, nil, nil)
	return err
}

// do sends one request and decodes the answer unless answer is nil.
func (c *client) do(ctx context.Context, how *retryablehttp.Client, method, path string, query url.Values, body, answer any) (http.Header, error) {
	req, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return nil, fmt.Errorf("requesttracker: %s %s: %w", method, path, err)
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("requesttracker: %s %s: %w", method, path, ctx.Err())
	}
	resp, err := how.Do(req)
	if err != nil {
		return nil, fmt.Errorf("requesttracker: %s %s: %w", method, path, withoutQuery(err))
	}
	defer resp.Body.Close()
	data, err := readAll(resp.Body)
	if err == nil {
		err = statusError(resp, data)
	}
	if err == nil && answer != nil {
		err = decode(data, answer)
	}
	if err != nil {
		return nil, fmt.Errorf("requesttracker: %s %s: %w", method, path, err)
	}
	return resp.Header, nil
}

func (c *client) request(ctx context.Context, method, path string, query url.Values, body any) (*retryablehttp.Request, error) {
	var raw any // an untyped nil is "no body" to retryablehttp
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		raw = data
	}
	u := *c.base
	u.Path += path
	u.RawQuery = query.Encode()
	req, err := retryablehttp.NewRequestWithContext(ctx, method, u.String(), raw)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "token "+c.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Language", "en")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// withoutQuery drops the URL that net/http puts into its errors: the caller
// names method and path already.
func withoutQuery(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func readAll(body io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxAnswerBytes+1))
	if err != nil {
		return nil, &desk.Error{Kind: desk.Retryable, Detail: "the answer broke off", Err: err}
	}
	if len(data) > maxAnswerBytes {
		return nil, desk.Errorf(desk.Retryable, "the answer is longer than %d bytes; is this address Request Tracker's?", maxAnswerBytes)
	}
	return data, nil
}

func decode(data []byte, answer any) error {
	if err := json.Unmarshal(data, answer); err != nil {
		// The error of encoding/json quotes nothing but single characters.
		return &desk.Error{Kind: desk.Retryable, Detail: "the answer is not what REST 2.0 sends; is a proxy in the way?", Err: err}
	}
	return nil
}

// numberAt returns the number at the end of a record's address.
func numberAt(location string) (string, error) {
	for i := len(location) - 1; i >= 0; i-- {
		if location[i] != '/' {
			continue
		}
		if _, err := strconv.ParseUint(location[i+1:], 10, 63); err == nil {
			return location[i+1:], nil
		}
		break
	}
	return "", desk.Errorf(desk.Retryable, "the answer to a creation names no number")
}
