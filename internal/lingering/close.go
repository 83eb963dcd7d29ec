// Package lingering closes connections lingeringly: it answers requests whose body has not come in whole.
//
// Most clients listen only once they have sent everything. A server that
// answers, say 413, and closes the connection while they still send breaks it
// under their hands: their system drops the answer, and they see a reset
// (RFC 9112 §9.6). So the server reads on for a while, and throws away what it
// reads.
package lingering

import (
	"io"
	"net/http"
	"time"
)

// limits bound what is read, and thrown away, of one request.
type limits struct {
	bytes int64
	whole time.Duration // from the answer on
	pause time.Duration // without a byte
}

// usual is what nginx does, with an end to the bytes.
var usual = limits{bytes: 64 << 20, whole: 30 * time.Second, pause: 5 * time.Second}

// Close calls answer, which writes the whole response, Content-Length included,
// and then reads the rest of body: 64 MiB of it at most, for 30 seconds, with
// pauses of no more than 5. body is what came with the request, before any limit
// was put around it.
// Whoever listens while sending has the answer at once. Beyond 256 KiB net/http
// ends the connection afterwards, and tells so in the answer.
func Close(w http.ResponseWriter, body io.Reader, answer func()) {
	usual.after(w, body, answer)
}

func (l limits) after(w http.ResponseWriter, body io.Reader, answer func()) {
	connection := http.NewResponseController(w)
	// net/http reads the first of the body itself, before it sends anything.
	if body == nil || body == http.NoBody || connection.SetReadDeadline(time.Now().Add(min(l.pause, l.whole))) != nil {
		answer()
		return
	}
	answer()
	if connection.Flush() == nil {
		l.drain(connection, body)
	}
	_ = connection.SetReadDeadline(time.Time{}) // it could be set before
}

// drain reads body to its end, or as far as it may.
func (l limits) drain(connection *http.ResponseController, body io.Reader) {
	end := time.Now().Add(l.whole)
	buffer := make([]byte, 32<<10)
	for read := int64(0); read < l.bytes; {
		if connection.SetReadDeadline(time.Now().Add(min(l.pause, time.Until(end)))) != nil {
			return
		}
		n, err := body.Read(buffer)
		if err != nil {
			return
		}
		read += int64(n)
	}
}
