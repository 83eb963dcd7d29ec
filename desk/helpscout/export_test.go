package helpscout

import "github.com/deskbridge/deskbridge/desk"

// Hurried has d keep no distance between its writes, for suites of hundreds of
// writes against desks that do not count them.
func Hurried(d desk.Desk) desk.Desk {
	d.(*helpScout).client.limit.within = 0
	return d
}
