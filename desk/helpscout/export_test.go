package helpscout

import (
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
)

// Hurried is d, with no distance between its writes, for suites of hundreds of
// writes against desks that do not count them.
func Hurried(d desk.Desk) desk.Desk {
	hurried := terms
	hurried.Writes = 0
	return open(d.(*helpScout).settings, hurried)
}

// parseID returns the number that an id is; false when it is none.
func parseID[T ~string](text T) (int64, bool) {
	id, err := strconv.ParseInt(string(text), 10, 64)
	return id, err == nil
}
