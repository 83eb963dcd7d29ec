package audit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

var errUndone = errors.New("undone")

// open writes entries in a transaction, and returns what ends it.
func open(h *provisiontest.Harness, n int) (end func(commit bool)) {
	h.Helper()
	taken, how, ended := make(chan error, 1), make(chan bool), make(chan error)
	go func() {
		ended <- h.Store.InTx(context.WithoutCancel(h.Context()), func(tx *store.Store) error {
			err := tx.Append(h.Context(), entriesNow(h, n)...)
			if err == nil {
				_, err = tx.Tail(h.Context(), true) // sends what waits
			}
			if taken <- err; !<-how {
				return errUndone
			}
			return err
		})
	}()
	h.Must(<-taken)
	return func(commit bool) {
		how <- commit
		if err := <-ended; err != nil && !errors.Is(err, errUndone) {
			h.Error(err)
		}
	}
}

func postgres(t *testing.T) *provisiontest.Harness {
	_, s := storetest.Postgres(t)
	h := provisiontest.New(t, s)
	h.Seal()
	return h
}

func verified(h *provisiontest.Harness, sealed, unsealed int) {
	h.Helper()
	report, err := h.Core.Audit.Verify(h.Context(), audit.Head{})
	if err != nil || report.Sealed != sealed || report.Unsealed != unsealed || report.Entries != sealed+unsealed {
		h.Errorf("report %+v, %v; want %d sealed and %d not", report, err, sealed, unsealed)
	}
	if _, err := h.Core.Audit.Check(h.Context()); err != nil {
		h.Error(err)
	}
}

// TestLateEntriesAreSealed: of two transactions the one that took its id first
// commits last, after the other is sealed.
func TestLateEntriesAreSealed(t *testing.T) {
	h := postgres(t)
	before := h.Counts().Entries
	late, undone := open(h, 3), open(h, 2)
	h.Must(h.Store.Append(h.Context(), entriesNow(h, 4)...))
	if n := h.Seal(); n != 4 {
		h.Errorf("sealed %d while others are open", n)
	}
	verified(h, before+4, 0)
	late(true)
	verified(h, before+4, 3)
	h.Must(h.Store.Append(h.Context(), entriesNow(h, 1)...))
	if n := h.Seal(); n != 4 {
		h.Errorf("sealed %d, late ones and a new one", n)
	}
	verified(h, before+8, 0)
	undone(false)
	h.Seal()
	verified(h, before+8, 0)

	h.Behind(insertion(fmt.Sprint(before+4), `1`)) // the first that was undone
	finds(h, "an id that nobody has", "nothing was to come under its id any more", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, audit.Head{}) })
	h.Seal()
	finds(h, "the same after sealing", "nothing was to come under its id any more", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, audit.Head{}) })
}

// TestManyLateEntries: more than a block holds, between those of others.
func TestManyLateEntries(t *testing.T) {
	h := postgres(t)
	before := h.Counts().Entries
	end := open(h, 2500)
	for range 3 {
		h.Must(h.Store.Append(h.Context(), entriesNow(h, 700)...))
	}
	h.Seal()
	verified(h, before+2100, 0)
	end(true)
	if n := h.Seal(); n != 2500 {
		h.Errorf("sealed %d", n)
	}
	verified(h, before+4600, 0)
}

// TestSealingAmongTransactions seals and verifies while transactions of all
// lengths commit and are undone.
func TestSealingAmongTransactions(t *testing.T) {
	h := postgres(t)
	late := func() (n int) {
		if err := h.Store.DB().QueryRowContext(h.Context(), `SELECT count(*) FROM audit_blocks WHERE late <> ''`).Scan(&n); err != nil {
			h.Error(err)
		}
		return n
	}
	var writers, sealers sync.WaitGroup
	for w := range 6 {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(w)))
			for round := range 100 {
				if round >= 25 && late() > 0 {
					return
				}
				end := open(h, 1+random.IntN(3))
				time.Sleep(time.Duration(random.IntN(120)) * time.Millisecond)
				end(random.IntN(4) > 0)
			}
		})
	}
	done := make(chan struct{})
	for range 2 {
		sealers.Go(func() {
			for {
				if _, err := h.Core.Audit.Seal(h.Context()); err != nil {
					h.Error(err)
				}
				if _, err := h.Core.Audit.Verify(h.Context(), audit.Head{}); err != nil {
					h.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	sealers.Wait()
	h.Seal()
	verified(h, h.Counts().Entries, 0)
	if late() == 0 {
		h.Error("no block has a late entry: nothing was tested")
	}
}
