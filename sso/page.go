package sso

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"
)

// pagePolicy lets a page load our style and nothing else. Forms of ours end in
// redirects to identity providers, which browsers count as where a form goes.
const pagePolicy = "default-src 'none'; style-src 'self'; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'"

// postPolicy is that of a page whose form goes to an identity provider, and on
// from there to wherever that sends it.
const postPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// show writes a page. What it holds is escaped by its template.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		h.log.ErrorContext(r.Context(), "a page cannot be shown", "page", name, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	page.WriteTo(w) //nolint:errcheck // the browser may be gone
}
