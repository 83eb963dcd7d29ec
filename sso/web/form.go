package web

import (
	"errors"
	"net/http"
	"net/url"
)

// MaxForm bounds forms of our own, in bytes.
const MaxForm = 16 << 10

// ReadForm reads a posted form of at most limit bytes; parameters of the query
// are not among them.
func ReadForm(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, error) {
	body := r.Body
	r.Body = http.MaxBytesReader(w, body, limit)
	if err := r.ParseForm(); err != nil {
		r.Body = body // for what refuses it
		return nil, errors.New("the form cannot be read, or is too large")
	}
	return r.PostForm, nil
}
