// Package processtest runs the servers that a test needs, for as long as the
// test takes.
//
// A server is a program in the foreground that listens on a loopback address of
// its own. It is ready when it answers, it ends with the test or with the test
// binary, whichever is first, and what it wrote is shown when the test fails.
//
// What the programs are, the package does not know.
package processtest
