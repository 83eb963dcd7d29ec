package recent_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/recent"
)

func TestFindsAreForgotten(t *testing.T) {
	now := time.Unix(0, 0)
	f := recent.New[int](3, time.Minute, func() time.Time { return now })
	check := func(key string, want int, there bool) {
		t.Helper()
		if got, ok := f.Last(key); ok != there || ok && got != want {
			t.Errorf("%s: %d %v, want %d %v", key, got, ok, want, there)
		}
	}
	f.Note("a", 1)
	now = now.Add(time.Minute)
	check("a", 1, true)
	f.Note("b", 2)
	now = now.Add(1)
	check("a", 1, false)
	check("b", 2, true)
	f.Forget("b")
	check("b", 2, false)
	for i := range 10 {
		f.Note(strconv.Itoa(i), i)
		check(strconv.Itoa(i), i, true)
	}
	check("7", 7, false)
}
