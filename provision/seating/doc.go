// Package seating is what is said of the seats of desks: what one costs ([Price]),
// when somebody counts as idle and what follows ([Policy]), and that a seat was taken
// from a person because they were ([Mark]).
//
// It decides whether such words can stand, and what money comes to, exactly: an amount
// is a decimal number and never a float. The package knows nobody of ours.
package seating
