// Package requestlist is the command that shows the request log. It decides how
// a request is told to people.
package requestlist
