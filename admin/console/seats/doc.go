// Package seats is the pages of the console about seats: how many are taken and what one
// costs, who does not use theirs, and what was saved. Who is idle and what becomes of a
// seat, package seat of the core decides.
package seats
