// Package session is the commands about sessions, and about the logins that are
// known of a person.
package session
