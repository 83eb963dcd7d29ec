package sso

import (
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/sso/web"
)

// plainErrors turns the mux's own errors into pages.
type plainErrors struct {
	http.ResponseWriter
	handler *Handler
	request *http.Request
	muted   bool
}

// WriteHeader replaces the mux's 404 and 405, which it writes as plain text.
func (p *plainErrors) WriteHeader(status int) {
	plain := strings.HasPrefix(p.Header().Get("Content-Type"), "text/plain")
	if plain && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		p.muted = true
		reason := map[int]string{http.StatusNotFound: "path", http.StatusMethodNotAllowed: "method"}[status]
		p.handler.site.Refuse(p.ResponseWriter, p.request, web.Refusal{Status: status, Reason: reason, Detail: "nothing is served there in this way"})
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *plainErrors) Write(b []byte) (int, error) {
	if p.muted {
		return len(b), nil
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (p *plainErrors) Unwrap() http.ResponseWriter { return p.ResponseWriter }
