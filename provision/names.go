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

// Nearest returns the one of names that somebody may have meant who wrote name:
// one with few other letters, letter case aside. "" when none is near.
func Nearest(name string, names []string) string {
	best, nearest := "", max(1, min(len([]rune(name))/3, 3))+1
	for _, n := range names {
		if d := distance([]rune(Fold(name)), []rune(Fold(n)), nearest); d < nearest {
			best, nearest = n, d
		}
	}
	return best
}

// distance is how many letters must be added, left out, replaced, or swapped with
// the next one, to make b of a; most when it is no less.
func distance(a, b []rune, most int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= most {
		return most
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		now := make([]int, len(b)+1)
		now[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last = last, now
	}
	return min(last[len(b)], most)
}
