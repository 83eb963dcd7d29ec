package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Document is what stands at an address.
type Document struct {
	Header http.Header
	Body   []byte
}

// Get fetches what stands at an address with a client of [New]. Everything but
// a 200 is an error; every error is an [*Error], and none repeats the answer
// or the URL's query.
func Get(ctx context.Context, client *http.Client, rawURL string) (Document, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, http.NoBody)
	if err != nil {
		return Document{}, errorf(BadURL, "", "this is no URL; write one like https://idp.example.com/keys")
	}
	req.Header.Set("User-Agent", "Deskbridge (+https://github.com/deskbridge/deskbridge)")
	resp, err := client.Do(req)
	if err != nil {
		return Document{}, asError(req.URL.Host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Document{}, errorf(BadStatus, req.URL.Host, "the answer has the status %d; is this the right address?", resp.StatusCode)
	}
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return Document{}, asError(req.URL.Host, err)
	}
	return Document{Header: resp.Header, Body: content}, nil
}

// asError makes an Error of what net/http returns, without the URL that it puts
// in front: a query may hold anything.
func asError(host string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return &Error{Reason: Unreachable, Host: host, Detail: "no answer", Err: err}
}
