package storetest

import (
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
)

// Relay is a way to a PostgreSQL that can fall silent.
type Relay struct {
	URL   string // of the database, by this way
	epoch atomic.Int64
}

// NewRelay opens another way to the database at address, which goes with the test.
func NewRelay(t testing.TB, address string) *Relay {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	to := at.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	at.Host = listener.Addr().String()
	r := &Relay{URL: at.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			t.Cleanup(func() { client.Close(); server.Close() })
			began := r.epoch.Load()
			go r.pass(client, server, began)
			go r.pass(server, client, began)
		}
	}()
	return r
}

// FallSilent lets nothing more through what is open, which stays open. New
// connections work.
func (r *Relay) FallSilent() { r.epoch.Add(1) }

func (r *Relay) pass(to, from net.Conn, began int64) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if r.epoch.Load() != began {
			_, _ = io.Copy(io.Discard, from) // swallowed
			return
		}
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			to.Close()
			return
		}
	}
}
