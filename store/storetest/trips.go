package storetest

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/deskbridge/deskbridge/store"
)

// CountingTrips returns a store in a fresh PostgreSQL database, and how many round
// trips it has made there.
func CountingTrips(t testing.TB) (_ *store.Store, trips func() int) {
	t.Helper()
	address, _ := Postgres(t)
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var n atomic.Int64
	go relay(listener, at.Host, &n)
	at.Host = listener.Addr().String()
	return open(t, store.Options{DatabaseURL: at.String()}), func() int { return int(n.Load()) }
}

// relay passes on what goes between clients and the server at address, and counts
// how often the server is ready for more.
func relay(listener net.Listener, address string, n *atomic.Int64) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", address)
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		}()
		go func() {
			countReady(client, server, n)
			_ = client.Close()
		}()
	}
}

// countReady passes on the server's messages (PostgreSQL's protocol, "Message
// Formats": a letter, and a length that counts itself) and counts those that end
// a round trip, ReadyForQuery.
func countReady(to io.Writer, from io.Reader, n *atomic.Int64) {
	messages := bufio.NewReaderSize(from, 64<<10)
	out := bufio.NewWriterSize(to, 64<<10)
	for {
		head, err := messages.Peek(5)
		if err != nil {
			return
		}
		if head[0] == 'Z' {
			n.Add(1)
		}
		if _, err := io.CopyN(out, messages, 1+int64(binary.BigEndian.Uint32(head[1:]))); err != nil {
			return
		}
		if messages.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}
