package config

import (
	"reflect"
	"sync"
)

// keys returns the names of all settings, as they stand in a file.
var keys = sync.OnceValue(func() []string {
	t := reflect.TypeFor[Server]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("koanf")
	}
	return names
})

// closest returns the setting that key is a misspelling of; "" when none is
// near.
func closest(key string) string {
	best, at := "", 3
	for _, known := range keys() {
		if d := distance(key, known); d < at {
			best, at = known, d
		}
	}
	return best
}

// distance returns how many letters must be put in, taken out or changed to
// make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0] // of the row before, one to the left
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last, row[j+1] = row[j+1], min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
