package provision

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
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
// compared: userName, displayName, e-mail addresses, attribute names, and the
// values in filters. RFC 7644 §5 asks for the comparison of RFC 7613 §3.2, now
// RFC 8265 §3.3 (UsernameCaseMapped): full- and half-width characters as ordinary
// ones, letters in lower case, and the composed form (NFC). The final sigma is a
// sigma like any other. What differs beyond that is another name: ß is not ss, and
// a dotted capital I is not i. Folding what is folded changes nothing.
//
// What is folded is kept in columns: a change here needs a migration that folds
// them anew, with PostgreSQL's deskbridge_fold.
func Fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return foldLetters(s)
		}
	}
	return strings.ToLower(s)
}

func foldLetters(s string) string {
	var b strings.Builder
	for _, r := range width.Fold.String(s) {
		switch r {
		case 'İ':
			b.WriteString("i\u0307") // the lower case of SpecialCasing.txt, in every language but Turkish and Azeri
		case 'ς':
			b.WriteRune('σ')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFC.String(b.String())
}

// SameName compares userNames and addresses without regard to letter case, as
// far as nothing but printable ASCII is involved, and else as they are spelt, in
// composed characters or not: look-alikes and Unicode folding must not make one
// person another.
func SameName(a, b string) bool {
	return a == b || isASCII(a) && isASCII(b) && strings.EqualFold(a, b) || composed(a) == composed(b)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' {
			return false
		}
	}
	return true
}

// composed returns s in its composed form (NFC), unless that turns one of its
// characters into one of ASCII: the Kelvin sign, the Greek question mark, the
// varia.
func composed(s string) string {
	if isASCII(s) || strings.ContainsAny(s, "\u212A\u037E\u1FEF") {
		return s
	}
	return norm.NFC.String(s)
}

// SameWord reports whether a and b differ in letter case alone, composed or not.
// A letter that turns into one of ASCII's, such as the Kelvin sign or the long s,
// looks alike and is another: who may make a group must not make one that passes
// for one.
func SameWord(a, b string) bool {
	a, b = composed(a), composed(b)
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

// sameValue is [SameWord] for the values of attributes, in which full- and
// half-width characters are ordinary ones, as RFC 7613 has it: whoever may write
// one may write the other.
func sameValue(a, b string) bool {
	return SameWord(a, b) || SameWord(width.Fold.String(a), width.Fold.String(b))
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

// Intersection returns those of names that are in list, in any letter case; sorted.
func Intersection(names, list []string) []string {
	return Sorted(slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !ContainsFold(list, n) }))
}

// Difference returns which of want are not among have, and which of have are
// managed and not among want, in any letter case. What is not managed stays.
func Difference(have, want, managed []string) (add, remove []string) {
	for _, name := range want {
		if !ContainsFold(have, name) {
			add = append(add, name)
		}
	}
	for _, name := range have {
		if !ContainsFold(want, name) && ContainsFold(managed, name) {
			remove = append(remove, name)
		}
	}
	return add, remove
}

// Plain returns text that somebody else chose, such as a name that an identity
// provider or a desk sent, so that it cannot move the cursor, begin a line or
// turn the direction of writing: what cannot be seen is written as in Go.
func Plain(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, Unseen) {
		return text
	}
	var out strings.Builder
	for i, r := range text {
		switch _, n := utf8.DecodeRuneInString(text[i:]); {
		case r == utf8.RuneError && n == 1: // no UTF-8
			out.WriteString(`\x` + strconv.FormatUint(uint64(text[i]), 16))
		case Unseen(r):
			quoted := strconv.QuoteRuneToASCII(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// Unseen reports whether r does not show as itself: control characters, line
// breaks, spaces other than the one of ASCII, what turns the direction of
// writing, and what has no width.
func Unseen(r rune) bool {
	return !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// CheckVisible returns an Invalid error when the value of a field, by which
// people, groups or what they get are told apart, holds what hides: a control
// character, a line break, a mark that turns the direction of writing, or any
// other format character but the two that Persian and the languages of India
// are written with, and emoji joined. The error does not repeat the value.
func CheckVisible(field, value string) error {
	const nonJoiner, joiner = '\u200c', '\u200d'
	at := 0
	for _, r := range value {
		at++
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Cf) && r != nonJoiner && r != joiner {
			return Errorf(Invalid, field, "%s has a character that cannot be seen, %U, in place %d; take it away where the value comes from", field, r, at)
		}
	}
	return nil
}
