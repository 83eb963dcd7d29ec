package session

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// A ticket is what would be a one-time token's data, sealed and given away: it
// needs no row, so that strangers fill no database with what they begin and
// never end. Whoever has it can neither read nor change it. It serves more than
// once until it expires: what must not is remembered with its effect, in one
// transaction (see [Service.Remember]).
//
// It reads "t1.EXPIRES.KEYID.BOX", where EXPIRES are the seconds of the Unix
// time to the base 36, and all of it fits into an address and a cookie. Up to
// five bytes of JSON come to 80 characters at most, which is what SAML bindings
// §3.4.3 allows a RelayState.
const ticketPrefix = "t1."

// IsTicket reports whether a secret is a ticket, and no one-time token's.
func IsTicket(secret string) bool { return strings.HasPrefix(secret, ticketPrefix) }

const (
	// packFrom is from which size on data is compressed, in bytes. What is kept is
	// new each time, so that nobody learns of it by the length.
	packFrom = 200
	packed   = 0x00 // begins what is compressed; JSON begins with no such byte

	maxUnpacked = 1 << 20 // bytes
)

// SealTicket seals data for life. The ticket opens for the same kind and
// connection only.
func (s *Service) SealTicket(kind OneTimeKind, conn provision.ConnectionID, data any, life time.Duration) (string, error) {
	text, err := json.Marshal(data)
	if err == nil && len(text) >= packFrom {
		text, err = pack(text)
	}
	if err != nil {
		return "", err
	}
	expires := strconv.FormatInt(s.now().Add(life).Unix(), 36)
	sealed, err := s.store.SealTicket(ticketPurpose(kind, conn, expires), text)
	return ticketPrefix + expires + "." + sealed, err
}

// OpenTicket reads a ticket into data. One that is not genuine, is of another
// kind or connection, or has expired is NotFound.
func (s *Service) OpenTicket(kind OneTimeKind, conn provision.ConnectionID, ticket string, data any) error {
	rest, ok := strings.CutPrefix(ticket, ticketPrefix)
	expires, sealed, _ := strings.Cut(rest, ".")
	if !ok || !s.now().Before(TicketExpires(ticket)) {
		return provision.Errorf(provision.NotFound, "", "no such ticket")
	}
	text, err := s.store.OpenTicket(ticketPurpose(kind, conn, expires), sealed)
	if err == nil && len(text) > 0 && text[0] == packed {
		text, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(text[1:])), maxUnpacked))
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, data)
}

// TicketExpires returns when a ticket expires, by its own word; zero for what is
// none.
func TicketExpires(ticket string) time.Time {
	rest, ok := strings.CutPrefix(ticket, ticketPrefix)
	text, _, _ := strings.Cut(rest, ".")
	seconds, err := strconv.ParseInt(text, 36, 64)
	if !ok || err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// ticketPurpose is what a ticket is bound to.
func ticketPurpose(kind OneTimeKind, conn provision.ConnectionID, expires string) string {
	return string(kind) + "\x00" + string(conn) + "\x00" + expires
}

// packers are writers to use again: a new one takes longer than what it writes. The
// best compression takes twice as long as the fastest, for a twentieth less.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // there is such a level
	}
	return w
}}

func pack(text []byte) ([]byte, error) {
	out := bytes.NewBuffer([]byte{packed})
	w, _ := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(out)
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}
