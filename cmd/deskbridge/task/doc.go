// Package task is the commands about what has to be done on desks by hand.
package task
