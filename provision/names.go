package provision

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Sorted returns names sorted and without doubles; nil when there are none.
func Sorted(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}

// Distinct returns names in their order, without doubles.
func Distinct(names []string) (out []string) {
	for _, name := range names {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Fold returns s in the form in which values that ignore letter case are
// compared: userName, displayName, e-mail addresses, attribute names.
func Fold(s string) string { return strings.ToLower(s) }

// SameName compares userNames and addresses without regard to letter case, as
// far as nothing but printable ASCII is involved: look-alikes and Unicode
// folding must not make one person another.
func SameName(a, b string) bool {
	return a == b || isASCII(a) && isASCII(b) && strings.EqualFold(a, b)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' {
			return false
		}
	}
	return true
}

// SameWord reports whether a and b differ in letter case alone. A letter that
// turns into one of ASCII's, such as the Kelvin sign or the long s, looks alike
// and is another: who may make a group must not make one that passes for one.
func SameWord(a, b string) bool {
	if !strings.EqualFold(a, b) {
		return false
	}
	for a != "" { // EqualFold compares letter by letter
		one, n := utf8.DecodeRuneInString(a)
		other, m := utf8.DecodeRuneInString(b)
		if (one < utf8.RuneSelf) != (other < utf8.RuneSelf) {
			return false
		}
		a, b = a[n:], b[m:]
	}
	return true
}

// Clip shortens what a client sent, so that an error can repeat it.
func Clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// ContainsFold reports whether name is among names, in any letter case.
func ContainsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return Fold(n) == Fold(name) })
}
