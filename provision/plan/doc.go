// Package plan says what a configuration would change, and for whom, before it
// does, and applies exactly what was reviewed; and tells what needs a person
// ([Service.Overview]).
//
// It reads widely and decides little: what is valid is decided by package
// settings, what rules grant by [provision.Evaluate].
package plan
