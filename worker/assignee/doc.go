// Package assignee decides who takes over the conversations of somebody who
// loses them: whom a desk's hand-over policy names ([Find]), whose turn it is
// ([List]), and what keeps a policy from naming anybody ([Problems]).
//
// It asks the desk, and whoever knows about people ([People]), and writes
// nothing. When conversations are handed over, and how, package worker decides.
// The package knows neither HTTP nor SQL.
package assignee
