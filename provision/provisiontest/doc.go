// Package provisiontest is what tests of the core stand on: the rooms of the
// core on an empty database with a connection and a desk, and people, groups,
// rules and sign-ins by one call each.
//
// [Each] runs a test on both databases. [Harness.ReconcileAll] has a worker bring
// a built-in desk in line; without it no desk is called.
package provisiontest
