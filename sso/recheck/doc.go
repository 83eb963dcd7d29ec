// Package recheck asks OpenID providers whether they still vouch for people who are known
// by sign-in alone, by the refresh tokens that came with their sign-ins, for connections
// with `sign_in_recheck`. What an answer means is decided in package expiry.
//
// A provider is asked by one request at a time, a few a second, and by nobody else's
// leave: one that hangs holds up its own people alone. While it gives no answers it is
// asked less and less often.
package recheck
