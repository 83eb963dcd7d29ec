// Package deskwrite is what a run writes on a desk, one write at a time ([Write]): which
// there are ([Kind]), what they are called, and whether a desk shows that one was made.
//
// When and to whom writes are made package reconcile decides.
package deskwrite
