// Package client asks a server from another machine: it has commands run there, and
// gets and ends the token for that. A token goes to the address that it was given
// for and nowhere else: over TLS that is verified, and never behind a redirect.
package client
