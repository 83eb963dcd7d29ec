// Package server opens a database, wires everything that stands on it, and
// serves it: SCIM, signing in, the built-in desk's API, metrics and health. The
// program, its commands, the demo and tests all run the same [System].
//
// It imports every package, and decides nothing.
package server
