package kit

import "strings"

// Token is the form of a key or an id: so many ASCII letters, digits and marks. As a
// regular expression that counts to hundreds it would take as many kilobytes, in every
// process.
type Token struct {
	Least, Most int
	Marks       string // that may be in it, besides letters and digits
}

// Is reports whether text has the form.
func (t Token) Is(text string) bool {
	if len(text) < t.Least || len(text) > t.Most {
		return false
	}
	for _, c := range []byte(text) {
		if letter := c | 0x20; ('a' > letter || letter > 'z') && ('0' > c || c > '9') && strings.IndexByte(t.Marks, c) < 0 {
			return false
		}
	}
	return true
}
