package desk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// Mistakes collects what is wrong with a desk's settings, for a [Factory] that
// reports all of it at once. The zero value holds none.
type Mistakes struct{ fields, details []string }

// Add adds a mistake in a field, such as "url" or "settings.allow_http". The
// details are for an administrator and must hold no secret.
func (m *Mistakes) Add(field, format string, args ...any) {
	m.fields = append(m.fields, field)
	m.details = append(m.details, field+": "+fmt.Sprintf(format, args...))
}

// Has reports whether there is a mistake in the field.
func (m *Mistakes) Has(field string) bool { return slices.Contains(m.fields, field) }

// Flag reads a setting that is true or false. Other values are a mistake.
func (m *Mistakes) Flag(field, value string) bool {
	if value != "true" && value != "false" {
		m.Add(field, "give true or false")
	}
	return value == "true"
}

// Err returns one Invalid error for all mistakes, in the order of adding; nil
// when there are none.
func (m *Mistakes) Err() error {
	if len(m.fields) == 0 {
		return nil
	}
	return provision.Errorf(provision.Invalid, strings.Join(m.fields, ", "), "%s", strings.Join(m.details, "; "))
}
