package web

import (
	"errors"
	"net/http"
	"net/url"
)

// Bounds of posted forms, in bytes.
const (
	MaxForm = 16 << 10 // of our own
	// MaxSAMLForm is for 512 KB of a SAML message, and what encoding it for a form
	// adds.
	MaxSAMLForm = 800 << 10
)

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
