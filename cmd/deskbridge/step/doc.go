// Package step holds the command of later steps: what a desk's on_leave is still to do with
// those who have left.
package step
