// Package config reads what an operator writes: the server's settings, from a
// file, the environment and secret files, and access.yaml, the reviewed file
// of connections, desks and rules.
//
// All mistakes are reported at once, each with where it stands and what to do.
// The package knows nothing of the rest of Deskbridge but how the options of
// sign-in are spelled, which package protocol says for everybody.
package config
