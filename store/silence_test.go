package store_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestSilentDatabase: PostgreSQL, or the way to it, falls silent without a word.
// Nobody waits for longer than the limit, those who waited are told to come
// again, and others go on.
func TestSilentDatabase(t *testing.T) {
	address, _ := storetest.Postgres(t)
	way := storetest.NewRelay(t, address)
	const limit = time.Second
	s := got(store.Open(t.Context(), store.Options{DatabaseURL: way.URL, Key: storetest.Key, Silence: limit}))(t)
	defer s.Close()
	write := func(ctx context.Context) error {
		return s.InTx(ctx, func(tx *store.Store) error { return tx.LockRules(ctx) })
	}
	read := func(ctx context.Context) error { _, err := s.Connections(ctx); return err }
	all := func() (took time.Duration) {
		began := time.Now()
		atOnce(t, 16, func(i int) error {
			do := read
			if i%2 == 0 {
				do = write
			}
			if err := do(t.Context()); err != nil && !provision.IsUnavailable(err) {
				return err
			}
			return nil
		})
		return time.Since(began)
	}
	all() // opens connections
	way.FallSilent()
	if took := all(); took > 4*limit {
		t.Errorf("it took %s to notice the silence", took)
	}
	must(t, errors.Join(write(t.Context()), read(t.Context())))
}

// TestOneWaitForWhatIsAhead: when PostgreSQL falls silent below a look-up that
// travels ahead of others, whoever asked waits once, for the statement and the
// look-up together, and not for the look-up again.
func TestOneWaitForWhatIsAhead(t *testing.T) {
	address, _ := storetest.Postgres(t)
	way := storetest.NewRelay(t, address)
	s := got(store.Open(t.Context(), store.Options{DatabaseURL: way.URL, Key: storetest.Key, Silence: 200 * time.Millisecond}))(t)
	defer s.Close()
	s.DB().SetMaxOpenConns(1)
	look := func() (context.Context, func() error) {
		return s.ConnectionAhead(t.Context(), "nobody", func(provision.Connection, error) error { return nil })
	}
	_, first := look()
	must(t, first())
	way.FallSilent()
	under, settle := look()
	_, err := s.Connection(under, "nobody")
	if !provision.IsUnavailable(err) || !provision.IsUnavailable(settle()) { // asked again, it would answer
		t.Errorf("silence: %v, then %v; want both to be unavailable", err, settle())
	}
	under, settle = look()
	if _, err := s.Connection(under, "nobody"); !provision.IsNotFound(err) {
		t.Errorf("a new request: %v", err)
	}
	must(t, settle())
}

// TestLostBeforeCommit: a transaction whose connection goes before its commit
// runs again, once.
func TestLostBeforeCommit(t *testing.T) {
	_, s := storetest.Postgres(t)
	tries := 0
	die := func(ctx context.Context, tx *store.Store) error {
		tries++
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		return tx.Exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`)
	}
	err := s.InTx(t.Context(), func(tx *store.Store) error {
		if tries > 0 {
			tries++
			return tx.LockRules(t.Context())
		}
		return die(t.Context(), tx)
	})
	if err != nil || tries != 2 {
		t.Errorf("lost once: %v after %d tries; want it to succeed at the second", err, tries)
	}
	tries = 0
	err = s.InTx(t.Context(), func(tx *store.Store) error { return die(t.Context(), tx) })
	if !provision.IsUnavailable(err) || tries != 2 {
		t.Errorf("lost each time: %v after %d tries; want it to be unavailable after two", err, tries)
	}
}

// TestLockedForLong: a statement that waits for a lock too long is given up, and
// who asked is told to come again.
func TestLockedForLong(t *testing.T) {
	address, s := storetest.Postgres(t)
	at := got(url.Parse(address))(t)
	query := at.Query()
	query.Set("statement_timeout", "200")
	at.RawQuery = query.Encode()
	hasty := got(store.Open(t.Context(), store.Options{DatabaseURL: at.String(), Key: storetest.Key}))(t)
	defer hasty.Close()
	must(t, s.InTx(t.Context(), func(tx *store.Store) error {
		if err := errors.Join(tx.LockRules(t.Context()), store.Settle(t.Context(), tx)); err != nil {
			return err
		}
		err := hasty.InTx(t.Context(), func(tx *store.Store) error { return tx.LockRules(t.Context()) })
		if !provision.IsUnavailable(err) {
			t.Errorf("a lock that is not had in time: %v; want it to be unavailable", err)
		}
		return nil
	}))
}

// TestDirectoryHasOneServer: a second server on an embedded database is refused,
// until the first has ended.
func TestDirectoryHasOneServer(t *testing.T) {
	dir := t.TempDir()
	storetest.Fill(t, dir)
	open := func() *store.Store {
		s := got(store.Open(t.Context(), store.Options{DataDir: dir, Key: storetest.Key}))(t)
		t.Cleanup(func() { s.Close() })
		return s
	}
	first, second := open(), open()
	unlock := got(first.LockDirectory(t.Context()))(t)
	if _, err := second.LockDirectory(t.Context()); err == nil {
		t.Fatal("two servers run on one directory")
	}
	must(t, unlock())
	unlock = got(second.LockDirectory(t.Context()))(t)
	must(t, unlock())
}
