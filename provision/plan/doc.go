// Package plan says what a configuration would change, and for whom, before it
// does; applies exactly what was reviewed; and explains why anybody has what
// they have.
//
// It reads widely and decides little: what is valid is decided by package
// settings, what rules grant by [provision.Evaluate].
package plan
