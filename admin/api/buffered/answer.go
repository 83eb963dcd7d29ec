// Package buffered holds an answer of the admin API until it is known whether it is sent,
// and says by which validator what it shows is known again, and whether it holds a secret.
package buffered

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Answer is an answer that is not sent yet.
type Answer struct {
	Status int // 0: none was written yet
	Body   bytes.Buffer

	header http.Header
}

// New returns one that is to be written.
func New() *Answer { return &Answer{header: make(http.Header)} }

// Header is part of [http.ResponseWriter].
func (h *Answer) Header() http.Header { return h.header }

// WriteHeader is part of [http.ResponseWriter].
func (h *Answer) WriteHeader(status int) {
	if h.Status == 0 {
		h.Status = status
	}
}

// Write is part of [http.ResponseWriter].
func (h *Answer) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.Body.Write(b)
}

// Send sends an answer that was held.
func (h *Answer) Send(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.WriteHeader(h.Status)
	w.Write(h.Body.Bytes()) //nolint:errcheck // the client may be gone
}

// ETag returns the validator of what was answered (RFC 9110 section 8.8.3).
func (h *Answer) ETag() string {
	sum := sha256.Sum256(h.Body.Bytes())
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// Secrets are the members of an answer that hold a secret, which is shown in the answer that
// makes it and nowhere else.
var Secrets = []string{"secret", "link"}

// Secret reports whether an answer holds one.
func (h *Answer) Secret() bool {
	var in map[string]any
	if json.Unmarshal(h.Body.Bytes(), &in) != nil {
		return false
	}
	return slices.ContainsFunc(Secrets, func(name string) bool { text, _ := in[name].(string); return text != "" })
}

// Matches reports whether a list of validators, as If-Match and If-None-Match have
// it, names one.
func Matches(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == "*" || one == etag {
			return true
		}
	}
	return false
}
