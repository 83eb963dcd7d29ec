// Package proxytest runs an nginx before Deskbridge and a Request Tracker, as
// docs/sign-in.md and docs/desks/requesttracker.md tell administrators to: one
// host name for both, nobody reaches the desk without a session of Deskbridge's,
// and the desk believes nginx, and nobody else, who somebody is.
//
// `make test` installs nginx and makes the Request Tracker; see test/signin.sh
// and test/requesttracker.sh.
package proxytest
