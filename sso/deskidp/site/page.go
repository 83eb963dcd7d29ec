package site

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

// pagePolicy lets a page load our style and our script, and nothing else. It
// does not say where forms may go: browsers apply that to every redirect that
// follows, and a desk may have any number.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// Show writes a page. What it holds is escaped by its template.
func (s *Site) Show(w http.ResponseWriter, r *http.Request, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		s.Broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	page.WriteTo(w) //nolint:errcheck // the browser may be gone
}
