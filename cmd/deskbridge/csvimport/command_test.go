package csvimport

import (
	"context"
	"errors"
	"testing"

	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
)

// TestCarryOut: what is refused after the rehearsal keeps no other row from being done, and
// is counted; an error that is no refusal ends the import, and before the rehearsal is over
// nothing is done.
func TestCarryOut(t *testing.T) {
	down := errors.New("the database is gone")
	taken := provision.Errorf(provision.Conflict, "userName", "taken")
	for _, tt := range []struct {
		what              string
		dry               bool
		rehearsed, really error // of the second row
		done              int
		want              Imported
	}{
		{"all is well", false, nil, nil, 3, Imported{Added: 3}},
		{"a dry run", true, nil, nil, 0, Imported{Added: 3}},
		{"refused in the rehearsal", false, taken, nil, 0, Imported{}},
		{"refused in a dry run", true, taken, nil, 0, Imported{Added: 2}},
		{"refused after it", false, nil, taken, 2, Imported{Added: 2, Refused: 1}},
		{"an error in the rehearsal", false, down, nil, 0, Imported{}},
		{"an error after it", false, nil, down, 1, Imported{Added: 1, Stopped: true}},
		{"the database cannot be asked", false, nil, provision.Errorf(provision.Unavailable, "", "full"), 1, Imported{Added: 1, Stopped: true}},
	} {
		var out Imported
		var m Mistakes
		done := 0
		rows := []row{{line: 2}, {line: 3, cells: map[string]cell{"userName": {"b", 3, 1}}}, {line: 4}}
		err := carryOut(t.Context(), rows, nil, tt.dry, &out, &m, func(int, int) {}, func(ctx context.Context, r row) (what, error) {
			says := tt.really
			if condition.Rehearsing(ctx) {
				says = tt.rehearsed
			}
			if r.line == 3 && says != nil {
				return added, says
			}
			if !condition.Rehearsing(ctx) {
				done++
			}
			return added, nil
		})
		if out.Added != tt.want.Added || out.Refused != tt.want.Refused || out.Stopped != tt.want.Stopped || done != tt.done {
			t.Errorf("%s: %+v, %d done", tt.what, out, done)
		}
		refused := tt.rehearsed == error(taken) || tt.really == error(taken)
		if refused != (len(m.List) == 1 && m.List[0].String() == "line 3, column 1 (userName): taken") {
			t.Errorf("%s: said: %v", tt.what, m.List)
		}
		if failed := !refused && (tt.rehearsed != nil || tt.really != nil); failed != (err != nil) {
			t.Errorf("%s: %v", tt.what, err)
		}
	}
}
