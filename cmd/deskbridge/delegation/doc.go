// Package delegation gets a token of a server for the command line, by a browser in which
// somebody is signed in to the console, and ends it.
package delegation
