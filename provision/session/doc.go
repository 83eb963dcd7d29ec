// Package session keeps the sessions of people who are signed in, and what
// ends them: a sign-out, an admin, a message of the identity provider, and
// above all the person's suspension or removal. Whoever suspends somebody calls
// [Service.EndIn] in the same transaction.
//
// It also keeps what serves once ([OneTimeToken]), what must not come a second
// time ([Service.Remember]), and logout messages that came in before the answer
// that they overtake.
//
// Who may sign in is decided by package signin; the package knows no protocol.
package session
