// Package secondadmin is the commands about what one admin has asked for, and another has
// to ask for as well.
package secondadmin
