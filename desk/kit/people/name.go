package people

import (
	"cmp"
	"strings"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// TwoNames returns want with first and last name as a desk keeps them that shows both, one after
// the other, and cuts each by cut. Where one is missing, both are taken from the name to be shown:
// the last name is its last word.
func TwoNames(want provision.DeskUser, cut func(string) string) provision.DeskUser {
	first, last := kit.OneLine(want.GivenName), kit.OneLine(want.FamilyName)
	if first == "" || last == "" {
		first, last = kit.LastWordApart(cmp.Or(kit.OneLine(want.DisplayName), first, last))
	}
	want.GivenName, want.FamilyName = cut(first), cut(last)
	want.DisplayName = ShownName(want.GivenName, want.FamilyName)
	return want
}

// ShownName returns both names of a person as they are shown.
func ShownName(first, last string) string { return strings.TrimSpace(first + " " + last) }
