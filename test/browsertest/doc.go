// Package browsertest drives a real Chromium in tests, as a person would: it
// opens pages, fills in forms, clicks, and reads what is there to be seen.
//
// Each [Browser] has a profile of its own, so that no test meets the cookies of
// another, and reaches loopback addresses only, by the names of [Loopback] too.
// It must be on the PATH: `make test` installs Debian's.
package browsertest
