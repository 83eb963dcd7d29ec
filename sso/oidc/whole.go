package oidc

import (
	"bytes"
	"io"
	"net/http"

	"github.com/deskbridge/deskbridge/internal/fetch"
)

// maxAnswerBytes is how long the answer of an end point may be: less than the
// megabyte after which golang.org/x/oauth2 stops reading and takes what it has
// for the whole.
const maxAnswerBytes = 1<<20 - 1

// whole reads an answer to its end before anybody sees its beginning. So one
// that is too long or breaks off is an error of the request, which keeps its
// type on the way through the libraries.
type whole struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (w whole) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxAnswerBytes {
		return nil, &fetch.Error{Reason: fetch.TooLarge, Host: req.URL.Host, Detail: "the answer is longer than a megabyte"}
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}
