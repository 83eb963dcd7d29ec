// Package takeover finds out whether somebody takes over from leavers by the hand-over policy
// of a desk, before anybody leaves, and has that known.
//
// It asks the desk and writes nothing there. Who takes over, package assignee decides. The
// package knows neither HTTP nor SQL.
package takeover
