package sso

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Names of our cookies. Over https they carry the __Host- prefix, so that no
// neighbouring site can plant one.
const (
	sessionCookie = "deskbridge_session"
	browserCookie = "deskbridge_browser"

	// browserLife is how long a browser is known again between a sign-in's
	// beginning and its end.
	browserLife = 24 * time.Hour
)

func (h *Handler) cookieName(name string) string {
	if h.secure {
		return "__Host-" + name
	}
	return name
}

func (h *Handler) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: h.cookieName(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (h *Handler) clearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: h.cookieName(name), Path: "/", MaxAge: -1, Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// cookie returns the value of a cookie of ours; "" when there is none, or more
// than one: somebody has planted the other.
func (h *Handler) cookie(r *http.Request, name string) string {
	found := r.CookiesNamed(h.cookieName(name))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// browser returns what tells this browser from others, and gives it a cookie
// when it has none yet.
func (h *Handler) browser(w http.ResponseWriter, r *http.Request) string {
	secret := h.cookie(r, browserCookie)
	if len(secret) != len(provision.NewSecret()) {
		secret = provision.NewSecret()
	}
	h.setCookie(w, browserCookie, secret, browserLife)
	return fingerprint(secret)
}

// sameBrowser reports whether a request comes from the browser with this
// fingerprint.
func (h *Handler) sameBrowser(r *http.Request, mark string) bool {
	secret := h.cookie(r, browserCookie)
	return secret != "" && fingerprint(secret) == mark
}

// fingerprint is how a cookie is kept: equal only for equal ones, and of no use
// to whoever reads it.
func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
