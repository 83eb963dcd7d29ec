package kit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/sync/semaphore"

	"github.com/deskbridge/deskbridge/desk"
)

// MaxAnswerBytes is how long an answer may be where a connector says nothing: a page of a hundred users takes
// about 100 kB.
const MaxAnswerBytes = 4 << 20

// Config is what tells one help desk from another.
type Config struct {
	Kind     string        // of the connector; begins every error
	Base     *url.URL      // every path is below it
	Suffix   string        // every path ends in it, such as ".json"; errors leave it out
	Header   http.Header   // of every request, such as Authorization
	Parallel int           // requests at once
	Timeout  time.Duration // of one request, from dialling to the last byte of the answer
	MaxBytes int           // of an answer; 0: [MaxAnswerBytes]
	Retries  int           // of a read that broke on the way, within some hundred milliseconds; 0: none
	Vendor   Vendor

	// Token returns the access token with which a call goes, by http: another one than refused,
	// which is "" at first. One that is refused (HTTP 401) is replaced once, and the call sent
	// again, a write, too: nothing was done. nil: Header holds the credentials.
	Token func(ctx context.Context, http *http.Client, refused string) (string, error)

	Limit Limit // of how much may be asked; nil: whoever calls keeps it

	// Explain makes e, which says what the status of an answer means anywhere,
	// say what it means here. nil: nothing more.
	Explain func(a *Answer, e *desk.Error)
}

// Limit keeps calls within what a desk takes of all who ask it.
type Limit interface {
	// Wait returns when a call may be sent. One that may not be sent soon fails at once, and
	// is not counted.
	Wait(ctx context.Context, call Call) error
	// Learn takes over what an answer tells of the limit.
	Learn(a *Answer)
}

// Client speaks with one help desk. It is safe for concurrent use.
type Client struct {
	// HTTP has the limits of the client except the one on requests at once. It
	// serves for what is no call, such as asking for a token.
	HTTP *http.Client

	config Config
	slots  *semaphore.Weighted
	reads  *retryablehttp.Client
	writes *retryablehttp.Client // tries once
}

// New returns a client. It does no I/O.
func New(config Config) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = config.Parallel, config.Parallel
	plain := &http.Client{
		Transport: transport,
		Timeout:   config.Timeout,
		// Credentials go to the configured address and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Client{
		HTTP:   plain,
		config: config,
		slots:  semaphore.NewWeighted(int64(config.Parallel)),
		reads:  retrying(plain, config.Retries),
		writes: retrying(plain, 0),
	}
}

func retrying(plain *http.Client, times int) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   plain,
		RetryMax:     times,
		RetryWaitMin: 100 * time.Millisecond,
		RetryWaitMax: time.Second,
		Backoff:      retryablehttp.DefaultBackoff,
		CheckRetry:   brokeOnTheWay,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// brokeOnTheWay reports whether to try again. A time-out, and a desk that asks
// for a pause, are the caller's business: it can wait without a slot.
func brokeOnTheWay(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if err == nil {
		return resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusGatewayTimeout, nil
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, nil, err)
}

// Call is one request.
type Call struct {
	Method string
	Path   string // below the base, not escaped; errors hold it: no names and addresses
	Query  url.Values
	Header http.Header // besides the client's
	Body   any         // sent as JSON; nil: nothing is sent
	Read   bool        // changes nothing, as every GET: it may be sent again

	// Want is the only status that means success; 0: every 2xx does. Where
	// success has one status, naming it keeps a proxy's friendly answer from
	// passing for an obeyed order.
	Want int
}

// Do sends a call and decodes the answer into what into points to, unless that
// is nil. The answer is returned with an error, too; it is nil when there was
// none.
func (c *Client) Do(ctx context.Context, call Call, into any) (*Answer, error) {
	a, token, err := c.try(ctx, call, "")
	if token != "" && a != nil && a.Status == http.StatusUnauthorized {
		a, _, err = c.try(ctx, call, token)
	}
	if err == nil && into != nil {
		err = c.config.Vendor.Decode(a.Body, into)
	}
	if err != nil {
		return a, fmt.Errorf("%s: %s %s: %w", c.config.Kind, call.Method, call.Path, err)
	}
	return a, nil
}

// try sends a call once, with another token than the refused one, and returns that token, too;
// "" where none is needed.
func (c *Client) try(ctx context.Context, call Call, refused string) (a *Answer, token string, err error) {
	if c.config.Token != nil {
		if token, err = c.config.Token(ctx, c.HTTP, refused); err != nil {
			return nil, "", err
		}
		header := http.Header{"Authorization": {"Bearer " + token}}
		maps.Copy(header, call.Header)
		call.Header = header
	}
	if c.config.Limit != nil {
		if err := c.config.Limit.Wait(ctx, call); err != nil {
			return nil, "", err
		}
	}
	err = desk.Request(ctx, func(ctx context.Context) (err error) {
		if a, err = c.send(ctx, call); err != nil {
			return c.tooSlow(ctx, err)
		}
		return c.judge(call, a)
	})
	if a != nil && c.config.Limit != nil {
		c.config.Limit.Learn(a)
	}
	return a, token, err
}

// Get reads what is at path into answer.
func (c *Client) Get(ctx context.Context, path string, query url.Values, answer any) error {
	_, err := c.Do(ctx, Call{Method: http.MethodGet, Path: path, Query: query}, answer)
	return err
}

// Post makes something at path, and reads what was made into answer unless that
// is nil.
func (c *Client) Post(ctx context.Context, path string, body, answer any) error {
	_, err := c.Do(ctx, Call{Method: http.MethodPost, Path: path, Body: body}, answer)
	return err
}

// Put changes what is at path, and reads the answer into answer unless that is
// nil. That it succeeds proves nothing on most desks.
func (c *Client) Put(ctx context.Context, path string, body, answer any) error {
	_, err := c.Do(ctx, Call{Method: http.MethodPut, Path: path, Body: body}, answer)
	return err
}

// Delete removes what is at path.
func (c *Client) Delete(ctx context.Context, path string) error {
	_, err := c.Do(ctx, Call{Method: http.MethodDelete, Path: path}, nil)
	return err
}

// tooSlow says in words when it is our own time limit that ended a request.
func (c *Client) tooSlow(ctx context.Context, err error) error {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() && ctx.Err() == nil {
		return &desk.Error{Kind: desk.Retryable, Err: err, Detail: fmt.Sprintf("%s answers too slowly (%g s)", c.config.Vendor.Name, c.HTTP.Timeout.Seconds())}
	}
	return err
}

// judge returns what is wrong with an answer by its status; nil for success.
func (c *Client) judge(call Call, a *Answer) error {
	wanted := a.Status == call.Want || call.Want == 0 && a.Status >= 200 && a.Status <= 299
	if wanted && !a.IsPage() {
		return nil
	}
	e := c.config.Vendor.Refusal(a)
	if c.config.Explain != nil {
		c.config.Explain(a, e)
	}
	return e
}

func (c *Client) send(ctx context.Context, call Call) (*Answer, error) {
	req, sent, err := c.request(ctx, call)
	if err != nil {
		return nil, WithoutURL(err)
	}
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.slots.Release(1)
	how := c.writes
	if call.Read || call.Method == http.MethodGet {
		how = c.reads
	}
	resp, err := how.Do(req)
	if err != nil {
		return nil, WithoutURL(err)
	}
	defer resp.Body.Close()
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, Sent: sent}
	a.Body, err = c.read(resp.Body)
	return a, err
}

func (c *Client) request(ctx context.Context, call Call) (_ *retryablehttp.Request, sent []byte, _ error) {
	var body any // an untyped nil is "no body" to retryablehttp
	if call.Body != nil {
		var err error
		if sent, err = json.Marshal(call.Body); err != nil {
			return nil, nil, err
		}
		body = sent
	}
	u := *c.config.Base
	u.Path += call.Path + c.config.Suffix
	u.RawQuery = call.Query.Encode()
	req, err := retryablehttp.NewRequestWithContext(ctx, call.Method, u.String(), body)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Deskbridge (+https://github.com/deskbridge/deskbridge)")
	if sent != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, header := range []http.Header{c.config.Header, call.Header} {
		for key, values := range header { // keys as vendors spell them, such as X-API-Key
			req.Header[http.CanonicalHeaderKey(key)] = values
		}
	}
	return req, sent, nil
}

func (c *Client) read(body io.Reader) ([]byte, error) {
	most := cmp.Or(c.config.MaxBytes, MaxAnswerBytes)
	data, err := io.ReadAll(io.LimitReader(body, int64(most)+1))
	if err != nil {
		return nil, &desk.Error{Kind: desk.Retryable, Detail: "the answer broke off", Err: err}
	}
	if len(data) > most {
		return nil, desk.Errorf(desk.Retryable, "the answer is longer than %d bytes; is this address %s's?", most, c.config.Vendor.Name)
	}
	return data, nil
}

// WithoutURL drops the URL that net/http puts into its errors: its query may be
// somebody's e-mail.
func WithoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
