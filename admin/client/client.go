package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	dialTime = 10 * time.Second
	// answerTime is beyond how long no answer comes any more: a server works on a
	// request for 100 s at most, and has its answer written after 120 s.
	answerTime = 130 * time.Second
	// mostProblem is how much of an answer that is no success is read.
	mostProblem = 64 << 10
)

// Client asks one server. It is safe for concurrent use.
type Client struct {
	base  string // without a slash at the end
	token string
	http  *http.Client
}

// New returns a Client of the server at an address, that shows token; "" shows none.
// The error of an address that cannot be one is Invalid.
func New(address, token string) (*Client, error) {
	base, err := Address(address)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, TLSHandshakeTimeout: dialTime,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, ResponseHeaderTimeout: answerTime}
	return &Client{base: base, token: token, http: &http.Client{Transport: transport, Timeout: answerTime, CheckRedirect: elsewhere}}, nil
}

// elsewhere refuses every redirect: what stands behind one may be somebody else's.
func elsewhere(to *http.Request, _ []*http.Request) error {
	return fmt.Errorf("it sends to %s, where nothing was sent: give the address of the server itself", to.URL.Host)
}

// Address returns the address of a server as it is compared and shown: without a
// slash at the end. It has https, or http on this machine itself.
func Address(address string) (string, error) {
	wrong := func(why string) (string, error) {
		return "", provision.Errorf(provision.Invalid, "server", "%q is no address of a server: %s; give e.g. https://bridge.example.com", provision.Clip(address), why)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return wrong("it has no scheme and host")
	case u.User != nil:
		return wrong("a name or password does not belong there")
	case u.RawQuery != "" || u.Fragment != "":
		return wrong("it has a query or a fragment")
	case u.Scheme == "http" && !here(u.Hostname()):
		return wrong("http would show the token to everybody on the way")
	case u.Scheme != "https" && u.Scheme != "http":
		return wrong("it has neither https nor http")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + strings.TrimRight(u.EscapedPath(), "/"), nil
}

// here reports whether a host is this machine.
func here(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Run has a command run on the server, and calls said with what it says, as it does.
// command is its words with hyphens between them. It returns the exit status, or that
// the command asks something: then nothing has changed. After an error it is not
// known what has.
func (c *Client) Run(ctx context.Context, command string, run admin.Run, said func(admin.Said) error) (status int, asks bool, _ error) {
	resp, err := c.post(ctx, "/api/v1/commands/"+url.PathEscape(command), run)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	if !isType(resp, admin.SaidType) {
		return 0, false, c.noAnswer(resp)
	}
	lines := json.NewDecoder(resp.Body)
	for {
		var line admin.Said
		if err := lines.Decode(&line); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, false, fmt.Errorf("the answer of %s broke off (%w): whether the command did its work is not known", c.base, plain(err))
		}
		switch {
		case line.Asks:
			return 0, true, nil
		case line.Status != nil:
			return *line.Status, false, nil
		}
		if err := said(line); err != nil {
			return 0, false, err
		}
	}
}

// Login exchanges a code for a token.
func (c *Client) Login(ctx context.Context, with admin.Login) (in admin.LoggedIn, _ error) {
	resp, err := c.post(ctx, "/api/v1/login", with)
	if err != nil {
		return in, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostProblem)).Decode(&in); err != nil || in.Token == "" {
		return in, c.noAnswer(resp)
	}
	return in, nil
}

// Logout ends the token that the Client shows.
func (c *Client) Logout(ctx context.Context) error {
	resp, err := c.post(ctx, "/api/v1/logout", struct{}{})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// post sends a body as JSON, and returns an answer that is a success.
func (c *Client) post(ctx context.Context, path string, body any) (*http.Response, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the server at %s does not answer: %w", c.base, plain(err))
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, c.refusal(resp)
}

// plain returns an error without the address, which is said already.
func plain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		if e.Timeout() {
			return errors.New("it takes too long")
		}
		return e.Err
	}
	return err
}

// refusal returns what a server answers in place of a success, as a command beside
// its database would say it: with what to do.
func (c *Client) refusal(resp *http.Response) error {
	var p admin.Problem
	if !isType(resp, "application/problem+json") || json.NewDecoder(io.LimitReader(resp.Body, mostProblem)).Decode(&p) != nil || p.Code == "" {
		return c.noAnswer(resp)
	}
	detail := p.Detail
	if detail == "" {
		detail = p.Title
	}
	if p.Hint != "" {
		detail += "; " + p.Hint
	}
	return &provision.Error{Code: provision.Code(p.Code), Reason: p.Code, Field: p.Field, Detail: detail}
}

func (c *Client) noAnswer(resp *http.Response) error {
	return fmt.Errorf("%s answers %s, which is no answer of Deskbridge; give the address of the server itself", c.base, resp.Status)
}

func isType(resp *http.Response, want string) bool {
	have, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && have == want
}
