package lingering

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

const text = "that is the answer"

// refuse returns a connection to a server that refuses every body unread.
func refuse(t *testing.T, l limits) net.Conn {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.after(w, r.Body, func() {
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = io.WriteString(w, text)
		})
	}))
	t.Cleanup(web.Close)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

const mebibyte = 1 << 20

// send sends n bodies of a mebibyte each as the body of one request.
func send(conn net.Conn, header string, n int, form string) error {
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\n"+header+"\r\n\r\n"); err != nil {
		return err
	}
	piece := strings.Repeat("x", mebibyte)
	for range n {
		if _, err := fmt.Fprintf(conn, form, piece); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

func wantAnswer(t *testing.T, in *bufio.Reader) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge || string(got) != text {
		t.Fatalf("got %s %q, %v", res.Status, got, err)
	}
	return res
}

// TestWhoListensLateGetsTheAnswer sends 40 MiB before it listens.
func TestWhoListensLateGetsTheAnswer(t *testing.T) {
	for name, tt := range map[string]struct{ header, form, end string }{
		"with a length":    {fmt.Sprintf("Content-Length: %d", 40*mebibyte), "%s", ""},
		"without a length": {"Transfer-Encoding: chunked", "100000\r\n%s\r\n", "0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := refuse(t, usual)
			if err := send(conn, tt.header, 40, tt.form); err != nil {
				t.Fatalf("the connection broke while sending: %v", err)
			}
			if _, err := io.WriteString(conn, tt.end); err != nil {
				t.Fatal(err)
			}
			if res := wantAnswer(t, bufio.NewReader(conn)); !res.Close {
				t.Error("the answer does not say that the connection ends")
			}
		})
	}
}

// TestASmallBodyLeavesTheConnection sends two requests, one behind the other.
func TestASmallBodyLeavesTheConnection(t *testing.T) {
	conn := refuse(t, usual)
	in := bufio.NewReader(conn)
	for range 2 {
		if err := send(conn, "Content-Length: 2", 0, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "{}"); err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, in)
	}
}

// TestWhoListensEarlyDoesNotWait checks that the answer comes before the rest of
// the body does.
func TestWhoListensEarlyDoesNotWait(t *testing.T) {
	conn := refuse(t, limits{bytes: 1 << 50, whole: time.Hour, pause: time.Hour})
	if err := send(conn, fmt.Sprintf("Content-Length: %d", 40*mebibyte), 1, "%s"); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, bufio.NewReader(conn))
}

// TestWhoWaitsToBeAskedIsNot checks that a client with Expect: 100-continue gets
// the answer in place of the invitation.
func TestWhoWaitsToBeAskedIsNot(t *testing.T) {
	conn := refuse(t, limits{bytes: 1 << 50, whole: time.Hour, pause: time.Hour})
	if err := send(conn, fmt.Sprintf("Content-Length: %d\r\nExpect: 100-continue", 40*mebibyte), 0, ""); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, bufio.NewReader(conn))
}

// TestNobodyIsReadForEver checks each bound: beyond it the connection ends.
func TestNobodyIsReadForEver(t *testing.T) {
	const hour = time.Hour
	for name, l := range map[string]limits{
		"too much": {bytes: mebibyte, whole: hour, pause: hour},
		"too long": {bytes: 1 << 50, whole: time.Millisecond, pause: hour},
		"a pause":  {bytes: 1 << 50, whole: hour, pause: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			conn := refuse(t, l)
			_ = send(conn, fmt.Sprintf("Content-Length: %d", 1<<40), 4, "%s") // it may have ended already
			_, _ = io.Copy(io.Discard, conn)                                  // it ends, and that is all
		})
	}
}

// TestWithoutAConnectionThereIsJustTheAnswer is what tests of handlers see.
func TestWithoutAConnectionThereIsJustTheAnswer(t *testing.T) {
	w := httptest.NewRecorder()
	Close(w, strings.NewReader("x"), func() { w.WriteHeader(http.StatusTeapot) })
	if w.Code != http.StatusTeapot {
		t.Errorf("got %d", w.Code)
	}
}
