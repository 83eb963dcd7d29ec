package store_test

import (
	"errors"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestSecretsOfAnotherKey: a server that is given another key than the database
// was used with can tell.
func TestSecretsOfAnotherKey(t *testing.T) {
	dir := t.TempDir()
	storetest.Fill(t, dir)
	other := []byte("another key, of thirty-two bytes")
	open := func(key []byte, old ...[]byte) *store.Store {
		s := got(store.Open(t.Context(), store.Options{DataDir: dir, Key: key, OldKeys: old}))(t)
		t.Cleanup(func() { s.Close() })
		return s
	}
	first := open(storetest.Key)
	must(t, first.CheckSecrets(t.Context()))
	must(t, open(other).CheckSecrets(t.Context())) // there is none yet
	must(t, first.SaveDesk(t.Context(), provision.Desk{ID: "d", Name: "support", CreatedAt: noon, Secret: "s3cret"}))
	must(t, first.CheckSecrets(t.Context()))
	must(t, open(other, storetest.Key).CheckSecrets(t.Context()))
	if err := open(other).CheckSecrets(t.Context()); !errors.Is(err, store.ErrSecrets) {
		t.Errorf("with another key: %v", err)
	}
}
