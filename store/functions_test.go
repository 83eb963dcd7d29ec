package store_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestFoldIsTheSameInSQL folds every character of the planes that have letters
// with case, each behind a letter of its own: Go ends a run of more than thirty
// marks on one letter (UAX #15, stream-safe text format), PostgreSQL does not. When
// a release of Go brings a newer Unicode, it fails, and a migration has to bring
// PostgreSQL's function up to date.
func TestFoldIsTheSameInSQL(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		placeholder := map[string]string{"sqlite": "?", "postgres": "$1"}[s.Dialect()]
		for from := rune(1); from < 0x20000; from += 0x1000 {
			var block strings.Builder
			for r := from; r < from+0x1000; r++ {
				if utf8.ValidRune(r) {
					block.WriteRune('a')
					block.WriteRune(r)
				}
			}
			block.WriteString("ju\u0308rgen Å\u212b ΣΑΣ ς \uff76\uff9e \u1100\u1161\u11a8 q\u0307\u0323 İ I\u0307")
			var folded string
			must(t, s.DB().QueryRowContext(t.Context(), `SELECT deskbridge_fold(`+placeholder+`)`, block.String()).Scan(&folded))
			if want := provision.Fold(block.String()); folded != want {
				t.Errorf("deskbridge_fold differs from Fold between U+%04X and U+%04X", from, from+0x1000)
			}
		}
	})
}

func TestInstantIsTheSameInSQL(t *testing.T) {
	const second = 1_000_000
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		placeholder := map[string]string{"sqlite": "?", "postgres": "$1"}[s.Dialect()]
		for _, tt := range []struct {
			text string
			want any // int64, or nil: no time
		}{
			{"1970-01-01T00:00:01Z", int64(second)},
			{"1970-01-01t00:00:01.5z", int64(1.5 * second)},
			{"1970-01-01T01:00:01+01:00", int64(second)},
			{"1969-12-31T19:00:01-05:00", int64(second)},
			{"1970-01-01T00:00:01", int64(second)},
			{"1970-01-01T00:00:00.0000014Z", int64(1)},
			{"1970-01-01T00:00:00.123456Z", int64(123456)},
			{"1969-12-31T23:59:59.999999Z", int64(-1)},
			{"2024-02-29T00:00:00Z", int64(1709164800 * second)},
			{"2023-02-29T00:00:00Z", nil},
			{"2023-13-01T00:00:00Z", nil},
			{"2023-01-01T24:00:00Z", nil},
			{"2023-01-01T23:59:60Z", nil},
			{"2023-01-01", nil},
			{"2023-01-01 00:00:00Z", nil},
			{"2023-01-01T00:00:00+15:00", nil},
			{"0000-01-01T00:00:00Z", nil},
			{"now", nil},
			{"", nil},
		} {
			var micros any
			must(t, s.DB().QueryRowContext(t.Context(), `SELECT deskbridge_instant(`+placeholder+`)`, tt.text).Scan(&micros))
			if micros != tt.want {
				t.Errorf("deskbridge_instant(%q) = %v, want %v", tt.text, micros, tt.want)
			}
		}
	})
}
