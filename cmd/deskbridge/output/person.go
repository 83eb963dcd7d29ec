package output

import (
	"strconv"
	"strings"
	"unicode"
)

// Plain returns text that somebody else chose, such as a name that an identity
// provider sent, so that it cannot move the cursor or begin a line: what is not
// printable is written as in Go.
func Plain(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
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
