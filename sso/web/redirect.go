package web

import "net/http"

// maxHeader is how long the header of an answer may be, in bytes: reverse proxies
// have 4 kB for it, status line and their own additions included.
const maxHeader = 3600

// Redirect sends the browser on to an identity provider: by the status, or where
// that does not fit into the header beside what the browser is to keep, by a
// page.
func (s *Site) Redirect(w http.ResponseWriter, r *http.Request, to string) {
	length := len(to)
	for name, values := range w.Header() {
		for _, value := range values {
			length += len(name) + len(value) + len(": \r\n")
		}
	}
	if length <= maxHeader {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	s.Show(w, r, http.StatusOK, "onward.html", map[string]any{"Refresh": "0;url=" + to, "To": to})
}
