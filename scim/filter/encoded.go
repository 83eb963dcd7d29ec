package filter

import (
	"net/url"
	"strings"
)

// Unescape returns the value of a query parameter. A plus is a blank in form
// encoding, and a plus in all others (RFC 3986 §2.2). Which it is shows outside the
// texts in a filter, where there are blanks for certain and no plus: where those
// are %20, ada+x@example.test is a name.
func Unescape(value string) (string, error) {
	if !strings.Contains(value, "+") || !strings.Contains(value, "%20") || plusOutsideTexts(value) {
		return url.QueryUnescape(value)
	}
	return url.PathUnescape(value)
}

// plusOutsideTexts reports whether there is a plus outside the texts in quotes of
// an encoded value.
func plusOutsideTexts(value string) bool {
	units := strings.NewReplacer("%22", `"`, "%5C", `\`, "%5c", `\`).Replace(value)
	inText := false
	for i := 0; i < len(units); i++ {
		switch c := units[i]; {
		case c == '"':
			inText = !inText
		case c == '\\' && inText:
			i++ // a quote behind it ends nothing
		case c == '+' && !inText:
			return true
		}
	}
	return false
}
