package web

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
)

// formTokenField is what forms call [Site.FormToken].
const formTokenField = "form_token"

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

// HidesOrigin reports whether a browser does not tell what site a form comes
// from: Origin is "null" (Fetch §3.2), and there is no Sec-Fetch-Site. Browsers
// that are old, or that are here over plain http, do so where anything before us
// sets another Referrer-Policy.
func HidesOrigin(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null"
}

// FormToken returns what a form of ours carries, as form_token, to show that this
// browser has it from us: it goes with the browser's cookie, which other sites
// can neither read nor send along with a form (SameSite).
func (s *Site) FormToken(w http.ResponseWriter, r *http.Request) string {
	return tokenOf(s.browserSecret(w, r))
}

// HasFormToken reports whether a posted form of at most [MaxForm] bytes carries
// the token of the browser that sends it.
func (s *Site) HasFormToken(w http.ResponseWriter, r *http.Request) bool {
	secret := s.Cookie(r, browserCookie)
	form, err := ReadForm(w, r, MaxForm)
	return err == nil && secret != "" && subtle.ConstantTimeCompare([]byte(form.Get(formTokenField)), []byte(tokenOf(secret))) == 1
}

// tokenOf is another value than the browser's mark, which the database keeps.
func tokenOf(secret string) string { return fingerprint("form " + secret) }
