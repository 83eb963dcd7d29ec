package ticket

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
)

const (
	// MaxLength is how long a ticket in a cookie may be: browsers take 4,096 bytes
	// with name and attributes, and the header of an answer is to fit into the 4 kB
	// that reverse proxies have for it.
	MaxLength = 3000

	// maxTickets and maxTotal bound what one browser keeps at once, as many tabs
	// may begin something; the oldest goes. Reverse proxies have 8 kB for all
	// cookies, ours and those of the desk beside us.
	maxTickets = 8
	maxTotal   = 5000 // characters, of names and tickets

	cookiePrefix = "deskbridge_ticket-"
)

// ErrTooLong says that something does not fit into a cookie.
var ErrTooLong = &provision.Error{Code: provision.Invalid, Detail: "what waits for the browser is too long to be kept there"}

// Jar keeps tickets at browsers. It is safe for concurrent use.
type Jar struct {
	sessions *session.Service
	secure   bool
}

// NewJar returns the Jar of the site that browsers see at publicURL.
func NewJar(sessions *session.Service, publicURL string) Jar {
	return Jar{sessions: sessions, secure: strings.HasPrefix(publicURL, "https://")}
}

// Keep has the browser keep data for life, under an id that nobody can guess:
// only for who shows the same id, kind and connection, it can be read again. It
// is ErrTooLong when it does not fit.
func (j Jar) Keep(w http.ResponseWriter, r *http.Request, kind session.OneTimeKind, conn provision.ConnectionID, id string, data any, life time.Duration) error {
	ticket, err := j.sessions.SealTicket(kindOf(kind, id), conn, data, life)
	if err != nil {
		return err
	}
	if len(ticket) > MaxLength {
		return ErrTooLong
	}
	name := j.name(id)
	j.makeRoom(w, r, len(name)+len(ticket))
	http.SetCookie(w, j.cookie(name, ticket, int(life.Seconds())))
	return nil
}

// Read reads what the browser keeps under id into data, and leaves it. What it
// does not have, or has no more, is NotFound.
func (j Jar) Read(r *http.Request, kind session.OneTimeKind, conn provision.ConnectionID, id string, data any) error {
	found := r.CookiesNamed(j.name(id))
	if len(found) != 1 { // more: somebody has planted the others
		return provision.Errorf(provision.NotFound, "", "no such ticket")
	}
	return j.sessions.OpenTicket(kindOf(kind, id), conn, found[0].Value, data)
}

// Drop has the browser forget what it keeps under id.
func (j Jar) Drop(w http.ResponseWriter, id string) { http.SetCookie(w, j.cookie(j.name(id), "", -1)) }

// makeRoom has the browser forget the oldest tickets, until another of that
// length has room.
func (j Jar) makeRoom(w http.ResponseWriter, r *http.Request, length int) {
	kept := slices.DeleteFunc(r.Cookies(), func(c *http.Cookie) bool { return !strings.HasPrefix(c.Name, j.prefix()) })
	slices.SortStableFunc(kept, func(a, b *http.Cookie) int {
		return session.TicketExpires(a.Value).Compare(session.TicketExpires(b.Value))
	})
	total := length
	for _, c := range kept {
		total += len(c.Name) + len(c.Value)
	}
	for i, c := range kept {
		if len(kept)-i < maxTickets && total <= maxTotal {
			return
		}
		total -= len(c.Name) + len(c.Value)
		http.SetCookie(w, j.cookie(c.Name, "", -1))
	}
}

func (j Jar) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: j.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// name returns what the cookie of an id is called. Over https it carries the
// __Host- prefix, so that no neighbouring site can plant one.
func (j Jar) name(id string) string {
	sum := sha256.Sum256([]byte(id))
	return j.prefix() + base64.RawURLEncoding.EncodeToString(sum[:12])
}

func (j Jar) prefix() string {
	if j.secure {
		return "__Host-" + cookiePrefix
	}
	return cookiePrefix
}

// kindOf keeps a ticket from being read under another id.
func kindOf(kind session.OneTimeKind, id string) session.OneTimeKind {
	return kind + "\x00" + session.OneTimeKind(id)
}
