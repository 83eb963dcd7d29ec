package helpscout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	maxParallel    = 8
	requestTimeout = 25 * time.Second // from dialling to the last byte of the answer
	maxAnswerBytes = 4 << 20          // a page of fifty users takes about 40 kB
	userAgent      = "Deskbridge (+https://github.com/deskbridge/deskbridge)"
)

// client speaks HTTP with the Inbox API. It is safe for concurrent use. It
// repeats nothing but a request that was refused for its token: whoever calls
// it looks first.
type client struct {
	base   *url.URL // without /v2
	http   *http.Client
	tokens *tokens
	limit  *limiter
}

func newClient(base *url.URL, appID, appSecret string) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = maxParallel
	transport.MaxIdleConnsPerHost = maxParallel
	plain := &http.Client{
		Transport: transport,
		Timeout:   requestTimeout,
		// Secret and token go to the configured address and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := &client{base: base, http: plain, limit: newLimiter()}
	c.tokens = newTokens(c.address("/oauth2/token", nil), appID, appSecret, plain)
	return c
}

// address returns the URL of what is at path, which is below /v2.
func (c *client) address(path string, query url.Values) string {
	u := *c.base
	u.Path += apiVersion + path
	u.RawQuery = query.Encode()
	return u.String()
}

// get reads what is at path into answer.
func (c *client) get(ctx context.Context, path string, query url.Values, answer any) error {
	_, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query, want: http.StatusOK}, answer)
	return err
}

// write sends a change to what is at path. Its only good answer is 204.
func (c *client) write(ctx context.Context, method, path string, body any) error {
	_, err := c.do(ctx, call{method: method, path: path, body: body, want: http.StatusNoContent}, nil)
	return err
}

// create makes something at path and returns the header of the answer, which
// says what. An answer that is lost leaves open whether it was made.
func (c *client) create(ctx context.Context, path string, body any) (http.Header, error) {
	return c.do(ctx, call{method: http.MethodPost, path: path, body: body, want: http.StatusCreated}, nil)
}

// call is one request, and the status that means success: any other is none,
// so that a proxy's friendly page never passes for an obeyed order.
type call struct {
	method, path string
	query        url.Values
	body         any
	want         int
}

// String names the call without its query, which may hold an address.
func (c call) String() string { return c.method + " " + apiVersion + c.path }

// do sends a call and decodes the answer unless answer is nil. A token that is
// refused is replaced once.
func (c *client) do(ctx context.Context, what call, answer any) (http.Header, error) {
	token, err := c.tokens.get(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("helpscout: %v: %w", what, err)
	}
	header, err := c.send(ctx, what, token, answer)
	if errors.Is(err, errToken) {
		if token, err = c.tokens.get(ctx, token); err == nil {
			header, err = c.send(ctx, what, token, answer)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("helpscout: %v: %w", what, err)
	}
	return header, nil
}

// send sends a call once.
func (c *client) send(ctx context.Context, what call, token string, answer any) (http.Header, error) {
	req, err := c.request(ctx, what, token)
	if err != nil {
		return nil, err
	}
	units := writeUnits
	if what.method == http.MethodGet {
		units = readUnits
	}
	if err := c.limit.wait(ctx, units); err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	c.limit.learn(resp)
	body, err := readAll(resp.Body)
	if err == nil {
		err = statusError(resp, body, what.want)
	}
	if err == nil && answer != nil {
		err = decode(body, answer)
	}
	if err != nil {
		return nil, err
	}
	return resp.Header, nil
}

func (c *client) request(ctx context.Context, what call, token string) (*http.Request, error) {
	var body io.Reader
	if what.body != nil {
		data, err := json.Marshal(what.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, what.method, c.address(what.path, what.query), body)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/hal+json, application/json")
	req.Header.Set("User-Agent", userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// withoutURL drops the URL that net/http puts into its errors: it may hold an
// address.
func withoutURL(err error) error {
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
		return nil, desk.Errorf(desk.Retryable, "the answer is longer than %d bytes; is this address Help Scout's?", maxAnswerBytes)
	}
	return data, nil
}

func decode(data []byte, answer any) error {
	if err := json.Unmarshal(data, answer); err != nil {
		// Its text could quote the answer, which holds names.
		return desk.Errorf(desk.Retryable, "the answer is not what the Inbox API sends; is a proxy in the way?")
	}
	return nil
}

// isPage reports whether an answer is a page for people: a proxy's.
func isPage(h http.Header, body []byte) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && len(body) > 0 && strings.HasPrefix(media, "text/")
}
