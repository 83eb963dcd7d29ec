package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// ParamBegun says which sign-in of this browser, by [BegunID], an address is about.
const ParamBegun = "begun"

const (
	begunCookie = "deskbridge_begun"
	// maxBegun and maxBegunBytes bound the cookie: it comes beside the address of
	// an identity provider, and proxies have 4 kB for both by default.
	maxBegun      = 4
	maxBegunBytes = 700
)

// Begun is a sign-in that this browser has begun, by the browser's own word. It
// proves nothing, and lets nobody in: it is for going on, or for beginning anew,
// when an answer comes too late or twice.
type Begun struct {
	ID         string `json:"id"` // of [BegunID]
	Connection string `json:"conn"`
	At         int64  `json:"at"`             // seconds since 1970
	Unasked    int    `json:"n,omitempty"`    // how many in a row began with an answer to no question of ours
	Done       bool   `json:"done,omitempty"` // somebody signed in by it
	Start      `json:"start"`
}

// Age is how long ago it began.
func (b Begun) Age(now time.Time) time.Duration { return now.Sub(time.Unix(b.At, 0)) }

// BegunID names the sign-in behind a secret, and does not tell the secret.
func BegunID(secret string) string { return fingerprint(secret)[:12] }

// NoteBegun has the browser remember that it has begun a sign-in, and the last
// few before it.
func (s *Site) NoteBegun(w http.ResponseWriter, r *http.Request, conn provision.Connection, secret string, unasked int, t Start) {
	list := append([]Begun{{ID: BegunID(secret), Connection: conn.Name, At: s.Now().Unix(), Unasked: unasked, Start: t}}, s.begun(r)...)
	s.setBegun(w, list)
}

// NoteDone has the browser remember that somebody has signed in by a sign-in that
// it has begun at conn.
func (s *Site) NoteDone(w http.ResponseWriter, r *http.Request, conn provision.Connection, id string) {
	list := s.begun(r)
	for i := range list {
		if list[i].ID == id && list[i].Connection == conn.Name {
			list[i].Done = true
			s.setBegun(w, list)
		}
	}
}

func (s *Site) setBegun(w http.ResponseWriter, list []Begun) {
	list = list[:min(len(list), maxBegun)]
	text := begunText(list)
	for len(text) > maxBegunBytes && len(list) > 1 {
		list = list[:len(list)-1]
		text = begunText(list)
	}
	if len(text) > maxBegunBytes {
		list[0].ReturnTo = "" // far too long an address
		text = begunText(list)
	}
	s.SetCookie(w, begunCookie, base64.RawURLEncoding.EncodeToString(text), browserLife)
}

func begunText(list []Begun) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // an & in six characters
	if err := encoder.Encode(list); err != nil {
		return nil
	}
	return text.Bytes()
}

// begun returns what the browser remembers, newest first.
func (s *Site) begun(r *http.Request) (list []Begun) {
	text, err := base64.RawURLEncoding.DecodeString(s.Cookie(r, begunCookie))
	if err != nil || len(text) > maxBegunBytes || json.Unmarshal(text, &list) != nil {
		return nil
	}
	for i := range list {
		list[i].ReturnTo = LocalPath(list[i].ReturnTo)
	}
	return list[:min(len(list), maxBegun)]
}

// Begun returns the sign-in at conn that this browser has begun under id, or the
// last one there when id is ""; false when it knows of none.
func (s *Site) Begun(r *http.Request, conn provision.Connection, id string) (Begun, bool) {
	for _, b := range s.begun(r) {
		if b.Connection == conn.Name && (id == "" || b.ID == id) {
			return b, true
		}
	}
	return Begun{}, false
}
