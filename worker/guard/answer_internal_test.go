package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestNoAnswer shows what is said of connections as they fail in life.
func TestNoAnswer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	_, refused := net.Dial("tcp", address)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	conn, err := net.Dial("tcp", silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, slow := conn.Read(make([]byte, 1))

	for _, tt := range []struct {
		err  error
		want string
	}{
		{refused, "refuses the connection"},
		{slow, "answers too slowly"},
		{fmt.Errorf("GET /mailboxes: %w", context.DeadlineExceeded), "answers too slowly"},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "broke off the connection"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Name: "desk.invalid", IsNotFound: true}}, "no DNS server knows"},
		{&net.DNSError{Name: "desk.invalid", IsTimeout: true}, "none answers"},
		{errors.New("strange"), ""},
	} {
		if got := NoAnswer(tt.err); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}
