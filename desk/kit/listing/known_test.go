package listing

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

// TestKnownReadsWhatChanged: a record is read once, and again when the list shows a change,
// the word is another, it was being changed, or its time is over.
func TestKnownReadsWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changes, word, unsettled := []int{1, 1, 1}, "teams", -1
		var reads atomic.Int64
		k := Known[int, int, int]{
			Parallel: 2, Age: time.Hour,
			List: func(context.Context) ([]int, string, error) { return []int{0, 1, 2}, word, nil },
			ID:   func(i int) int { return i },
			Same: func(r, i int) bool { return r == changes[i] },
			Read: func(_ context.Context, i int) (int, bool, error) {
				reads.Add(1)
				switch changes[i] {
				case 0:
					return 0, true, desk.Errorf(desk.NotFound, "deleted")
				case -1:
					return 0, true, errors.New("broken")
				}
				return changes[i], i != unsettled, nil
			},
		}
		for _, step := range []struct {
			name  string
			do    func()
			reads int64
			want  []int
			fails bool
		}{
			{"at first", func() {}, 3, []int{1, 1, 1}, false},
			{"nothing has changed", func() {}, 0, []int{1, 1, 1}, false},
			{"one has", func() { changes[1] = 2 }, 1, []int{1, 2, 1}, false},
			{"another word", func() { word = "other teams" }, 3, []int{1, 2, 1}, false},
			{"one is being changed", func() { changes[2], unsettled = 3, 2 }, 1, []int{1, 2, 3}, false},
			{"and is read again", func() { unsettled = -1 }, 1, []int{1, 2, 3}, false},
			{"one is deleted", func() { changes[0] = 0 }, 1, []int{2, 3}, false},
			{"one cannot be read", func() { changes[0] = -1 }, 1, []int{2, 3}, true},
			{"an hour later", func() { changes[0] = 1; time.Sleep(time.Hour) }, 3, []int{1, 2, 3}, false},
		} {
			step.do()
			before := reads.Load()
			got, err := k.All(t.Context())
			if n := reads.Load() - before; n != step.reads || !slices.Equal(got, step.want) || (err != nil) != step.fails {
				t.Errorf("%s: %v after %d reads, %v; want %v after %d", step.name, got, n, err, step.want, step.reads)
			}
		}
	})
}
