package sso

import (
	"bytes"
	"maps"
	"net/http"
)

// heldAnswer is an answer that is not sent yet.
type heldAnswer struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	written bool
}

// Header is part of [http.ResponseWriter].
func (a *heldAnswer) Header() http.Header { return a.header }

// WriteHeader is part of [http.ResponseWriter]. The first status counts.
func (a *heldAnswer) WriteHeader(status int) {
	if !a.written {
		a.status, a.written = status, true
	}
}

// Write is part of [http.ResponseWriter].
func (a *heldAnswer) Write(b []byte) (int, error) {
	a.written = true
	return a.body.Write(b)
}

// release sends the answer.
func (a *heldAnswer) release(w http.ResponseWriter) {
	clear(w.Header())
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // who has gone gets no answer
}
