package web

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	browserCookie = "deskbridge_browser"

	// browserLife is how long a browser is known again between a sign-in's
	// beginning and its end.
	browserLife = 24 * time.Hour
)

// cookieName returns what a cookie of ours is called. Over https it carries the
// __Host- prefix, so that no neighbouring site can plant one.
func (s *Site) cookieName(name string) string {
	if s.Secure {
		return "__Host-" + name
	}
	return name
}

// SetCookie gives the browser a cookie of ours for as long as life.
func (s *Site) SetCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// ClearCookie has the browser forget a cookie of ours.
func (s *Site) ClearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(name), Path: "/", MaxAge: -1, Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// Cookie returns the value of a cookie of ours; "" when there is none, or more
// than one: somebody has planted the other.
func (s *Site) Cookie(r *http.Request, name string) string {
	found := r.CookiesNamed(s.cookieName(name))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// BrowserFingerprint returns what tells this browser from others, and gives it a cookie
// when it has none yet.
func (s *Site) BrowserFingerprint(w http.ResponseWriter, r *http.Request) string {
	return fingerprint(s.browserSecret(w, r))
}

// browserSecret returns the secret of this browser, which it gets when it has
// none yet.
func (s *Site) browserSecret(w http.ResponseWriter, r *http.Request) string {
	secret := s.Cookie(r, browserCookie)
	if len(secret) != len(provision.NewSecret()) {
		secret = provision.NewSecret()
	}
	s.SetCookie(w, browserCookie, secret, browserLife)
	return secret
}

// SameBrowser reports whether a request comes from the browser with this
// fingerprint.
func (s *Site) SameBrowser(r *http.Request, of string) bool {
	secret := s.Cookie(r, browserCookie)
	return secret != "" && fingerprint(secret) == of
}

// fingerprint is how a cookie is kept: equal only for equal ones, and of no use
// to whoever reads it.
func fingerprint(secret string) string {
	return base64.RawURLEncoding.EncodeToString(provision.HashSecret(secret))
}
