// Package seats has a sweep tell what it sees of a desk's seats: how many are taken, by
// whomever, and when people were last there. At the end of the sweep the idle policy of
// the desk acts, on what was just read.
//
// Who is idle, and what is done about it, package seat decides.
package seats
