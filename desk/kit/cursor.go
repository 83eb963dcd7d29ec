package kit

import (
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
)

// PageAt returns the number of the page that a cursor of [desk.Lister] stands
// for, at most the last one; 1 for "".
func PageAt(cursor string, last int) (int, error) {
	if cursor == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(cursor)
	if err != nil || n < 2 || n > last {
		return 0, desk.NoCursor()
	}
	return n, nil
}

// PageAfter returns the cursor for what follows page n.
func PageAfter(n int) string { return strconv.Itoa(n + 1) }
