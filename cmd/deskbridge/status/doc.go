// Package status prints the state of everything at a glance: whom and what a
// person should look at, by name.
package status
