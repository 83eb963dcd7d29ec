package store_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestWhatIsAway tells a database that can do nothing from one that cannot do this.
func TestWhatIsAway(t *testing.T) {
	pg := func(code string) error { return fmt.Errorf("x: %w", &pgconn.PgError{Code: code}) }
	for _, tt := range []struct {
		err               error
		unavailable, away bool
	}{
		{pg("55P03"), true, false}, // lock not available
		{pg("57014"), true, false}, // statement time-out
		{pg("40001"), true, false}, // collision
		{pg("40P01"), true, false}, // the same
		{context.DeadlineExceeded, true, false},
		{pg("53100"), true, true}, // no room
		{pg("53300"), true, true}, // too many connections
		{pg("57P01"), true, true}, // it stops
		{pg("08006"), true, true}, // it is gone
		{pg("25006"), true, true}, // it takes no writes
		{io.ErrUnexpectedEOF, true, true},
		{pg("23505"), false, false}, // a value is taken
	} {
		err := store.UnavailableOf(tt.err)
		if provision.IsUnavailable(err) != tt.unavailable || provision.IsAway(err) != tt.away {
			t.Errorf("%v: unavailable %t, away %t", tt.err, provision.IsUnavailable(err), provision.IsAway(err))
		}
	}
	st := storetest.SQLite(t)
	if _, err := st.DB().ExecContext(t.Context(), `PRAGMA max_page_count = 1`); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; i < 2000 && err == nil; i++ {
		err = st.SaveConnection(t.Context(), provision.Connection{ID: provision.NewID[provision.ConnectionID](), Name: fmt.Sprint("c", i), IdP: provision.IdPGeneric})
	}
	if !provision.IsAway(err) {
		t.Errorf("a full SQLite: %v", err)
	}
}
