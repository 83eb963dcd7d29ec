// Package person is the commands about people: who there is, what is known of
// one, and what has happened to them.
package person
