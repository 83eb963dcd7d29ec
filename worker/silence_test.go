package worker_test

import (
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// silentRelay passes bytes on to a server until it falls silent: what is open
// then stays open, and nothing comes through any more. New connections work.
type silentRelay struct {
	net.Listener
	epoch atomic.Int64
}

func newSilentRelay(t *testing.T, to string) *silentRelay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	r := &silentRelay{Listener: listener}
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

func (r *silentRelay) pass(to, from net.Conn, began int64) {
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

// TestSilenceKeepsNobodyIn: the way to PostgreSQL falls silent under a server at
// work. A leaver whom the identity provider tells of is out, and the audit log is
// sealed, as soon as that was noticed; nobody has to restart anything.
func TestSilenceKeepsNobodyIn(t *testing.T) {
	address, _ := storetest.Postgres(t)
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := newSilentRelay(t, at.Host)
	at.Host = r.Addr().String()
	s, err := store.Open(t.Context(), store.Options{DatabaseURL: at.String(), Key: storetest.Key, Silence: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h := build(t, s, chosen(nil))
	h.agents()
	id := h.agent("ann")
	h.run(worker.Options{})
	sealed := func() bool {
		report, err := h.core.Audit.Verify(h.Context(), audit.Head{})
		return err == nil && report.Unsealed == 0
	}
	h.until("the audit log is sealed", sealed)
	r.epoch.Add(1)
	h.until("the identity provider is heard", func() bool {
		_, err := h.core.Directory.UpdatePerson(h.Context(), h.conn.ID, id.ID, byTest, func(i *provision.Identity) error { i.Status = provision.StatusSuspended; return nil })
		if err != nil && !provision.IsUnavailable(err) {
			h.Fatal(err)
		}
		return err == nil
	})
	h.until("the leaver is out, and all is sealed", func() bool {
		accounts, err := h.store.AccountsOf(h.Context(), []provision.IdentityID{id.ID})
		return err == nil && accounts[0].State == provision.AccountEnded && sealed()
	})
	if u := h.user(id.Profile.Email); u.Active {
		t.Errorf("called ended: %+v", u)
	}
}
