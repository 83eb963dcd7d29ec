package store_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestMigrateLeavesNothingPending(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		pending, err := s.Pending(t.Context())
		if err != nil || pending {
			t.Errorf("Pending = %v, %v; want false", pending, err)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Errorf("second Migrate: %v", err)
		}
	})
}
