package worker_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// TestSilenceKeepsNobodyIn: the way to PostgreSQL falls silent under a server at
// work. A leaver whom the identity provider tells of is out, and the audit log is
// sealed, as soon as that was noticed; nobody has to restart anything.
func TestSilenceKeepsNobodyIn(t *testing.T) {
	address, _ := storetest.Postgres(t)
	way := storetest.NewRelay(t, address)
	s, err := store.Open(t.Context(), store.Options{DatabaseURL: way.URL, Key: storetest.Key, Silence: 500 * time.Millisecond})
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
	way.FallSilent()
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
