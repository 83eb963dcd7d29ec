// Package report answers who has what: people, groups, and access on a desk, a
// page at a time, however many there are.
//
// It reads and decides nothing. Why somebody has what they have, or has not, is
// package plan's.
package report
