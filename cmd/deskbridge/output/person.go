package output

import (
	"strconv"

	"github.com/deskbridge/deskbridge/provision"
)

// Plain returns text that somebody else chose, such as a name that an identity
// provider sent, so that it cannot move the cursor or begin a line: what cannot
// be seen is written as in Go.
func Plain(text string) string { return provision.Plain(text) }

// PlainAll is [Plain] of each.
func PlainAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = Plain(text)
	}
	return out
}

// Count returns a number with the word for what is counted: "1 person", "2 people".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// few is how many of many names a line shows.
const few = 3

// Few joins the first of many names for people, and says how many more there
// are.
func Few(names []string) string {
	if len(names) <= few+1 {
		return List(names)
	}
	return List(names[:few]) + " and " + strconv.Itoa(len(names)-few) + " more"
}
