package sso

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// What is read, and thrown away, of a request that is refused before all of it
// has come. Most clients listen only once they have sent everything: without it
// they would see a broken connection, and not the page.
const (
	maxLinger  = 64 << 20 // bytes
	lingerTime = 5 * time.Second
)

// linger reads the rest of a request.
func linger(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	connection := http.NewResponseController(w)
	if connection.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return // no connection that would wait for ever
	}
	if n, err := io.CopyN(io.Discard, r.Body, maxLinger); errors.Is(err, io.EOF) && n < maxLinger {
		connection.SetReadDeadline(time.Time{}) //nolint:errcheck // it could be set before
	}
}
