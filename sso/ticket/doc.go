// Package ticket keeps what waits for a person at their own browser: a sign-in
// whose answer is still to come, and what a desk wants of somebody who is not
// signed in yet.
//
// Each is a cookie with a sealed ticket ([session.Service.SealTicket]), so that
// whoever begins and never ends leaves nothing behind here. The package decides
// how many a browser may have at once.
package ticket
