// Package validity says from when to when one person may have access, as far as it is
// said of that person and not of a group: by an admin, by a date that the identity
// provider pushed, and by what became of their sign-in ([Terms]); and how people write
// such dates.
//
// It knows neither people nor access: [github.com/deskbridge/deskbridge/provision]
// does.
package validity
