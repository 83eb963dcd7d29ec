package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"

	"github.com/deskbridge/deskbridge/sso/saml"
)

// PagePolicy is the Content-Security-Policy of pages. It lets a page load our style and nothing else. Forms of ours end in
// redirects to identity providers, which browsers count as where a form goes.
const PagePolicy = "default-src 'none'; style-src 'self'; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'"

// postPolicy is that of a page whose form goes to an identity provider, and on
// from there to wherever that sends it.
const postPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// Show writes a page. What it holds is escaped by its template.
func (s *Site) Show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		s.Log.ErrorContext(r.Context(), "a page cannot be shown", "page", name, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	page.WriteTo(w) //nolint:errcheck // the browser may be gone
}

// JSON writes value as the answer.
func JSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) //nolint:errcheck // the client may be gone
}

// SendSAML has the browser carry a SAML message.
func (s *Site) SendSAML(w http.ResponseWriter, r *http.Request, m saml.Request) {
	if m.URL != "" {
		s.Redirect(w, r, m.URL)
		return
	}
	w.Header().Set("Content-Security-Policy", postPolicy)
	s.Show(w, r, http.StatusOK, "post.html", m)
}
