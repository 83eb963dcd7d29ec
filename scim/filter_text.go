package scim

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// marker stands, with a number behind it, for a value filter that was taken
// out of an expression. No attribute of a schema ends like this.
const marker = "--v"

// expression is a filter or path as the grammar library parses it, with its
// value filters, the expressions in brackets, taken out: the library takes at
// most two comparisons in brackets, RFC 7644 figure 1 any expression.
// emails[type eq "work"].value becomes emails--v0.value.
type expression struct {
	outer string
	inner []string
}

// lift guards the grammar library and takes value filters out. The library
// descends once per bracket, so that nesting must be bounded before it sees
// the text. In a filter a value filter alone is a condition, written with pr.
func lift(text string, limits Limits, isFilter bool) (expression, error) {
	l := lifter{text: text, maxDepth: limits.MaxFilterDepth, isFilter: isFilter}
	if len(text) > limits.MaxFilterLength {
		return expression{}, l.wrong("The %s is longer than %d bytes.", l.what(), limits.MaxFilterLength)
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return expression{}, l.wrong("The %s is not UTF-8 text.", l.what())
	}
	return l.run()
}

type lifter struct {
	text     string
	pos      int
	maxDepth int
	isFilter bool

	depth    int
	out      strings.Builder // what the library gets, outside brackets
	inner    strings.Builder // the value filter being read
	inValue  bool
	lifted   []string
	brackets int // depth at which the open bracket was met
}

// wrong makes the error for a text that cannot be read: of a PATCH the path is
// at fault, and not what stands in its brackets (RFC 7644 §3.12).
func (l *lifter) wrong(format string, args ...any) error {
	if l.isFilter {
		return scimerr.InvalidFilter(format, args...)
	}
	return scimerr.InvalidPath(format, args...)
}

func (l *lifter) what() string {
	if l.isFilter {
		return "filter"
	}
	return "path"
}

func (l *lifter) run() (expression, error) {
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		if c == '"' {
			if err := l.literal(); err != nil {
				return expression{}, err
			}
			continue
		}
		l.pos++
		if err := l.step(c); err != nil {
			return expression{}, err
		}
	}
	if l.inValue || l.depth != 0 {
		return expression{}, l.wrong("A bracket is not closed.")
	}
	return expression{outer: l.out.String(), inner: l.lifted}, nil
}

func (l *lifter) step(c byte) error {
	switch c {
	case '(':
		if l.depth++; l.depth > l.maxDepth {
			return l.wrong("The %s nests deeper than %d levels.", l.what(), l.maxDepth)
		}
	case ')':
		if l.depth--; l.depth < 0 || l.inValue && l.depth < l.brackets {
			return l.wrong("A bracket is closed that was not opened.")
		}
	case '[':
		if l.inValue {
			return l.wrong("A value filter holds another one.")
		}
		return l.open()
	case ']':
		if !l.inValue || l.depth != l.brackets {
			return l.wrong("A bracket is closed that was not opened.")
		}
		l.close()
		return nil
	case '-':
		if strings.HasPrefix(l.text[l.pos-1:], marker) {
			return l.wrong("No attribute has %q in its name.", marker)
		}
	}
	l.current().WriteByte(c)
	return nil
}

func (l *lifter) current() *strings.Builder {
	if l.inValue {
		return &l.inner
	}
	return &l.out
}

func (l *lifter) open() error {
	name := strings.TrimRight(l.out.String(), " ")
	l.out.Reset()
	l.out.WriteString(name + marker + strconv.Itoa(len(l.lifted)))
	l.inner.Reset()
	l.inValue, l.brackets = true, l.depth
	return nil
}

func (l *lifter) close() {
	l.lifted = append(l.lifted, strings.Trim(l.inner.String(), " "))
	l.inValue = false
	if l.isFilter && !strings.HasPrefix(l.text[l.pos:], ".") {
		l.out.WriteString(" pr")
	}
}

// literal copies a JSON string, written in the one way that the library reads.
func (l *lifter) literal() error {
	end := l.pos + 1
	for end < len(l.text) && l.text[end] != '"' {
		if l.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(l.text) {
		return l.wrong("A string is not closed.")
	}
	var value string
	raw := []byte(l.text[l.pos : end+1])
	if loneSurrogate(raw) || json.Unmarshal(raw, &value) != nil || strings.ContainsRune(value, 0) {
		return l.wrong("A string is not a JSON string.")
	}
	l.pos = end + 1
	l.current().WriteString(quoteLiteral(value))
	return nil
}

// quoteLiteral writes s as a JSON string with upper-case escapes, for what
// must be escaped only.
func quoteLiteral(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20:
			b.WriteString(`\u00`)
			b.WriteString(strings.ToUpper(string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15])))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// unquoteLiteral returns what the library gives for a string, which is the
// text between the quotes, as the string it stands for.
func unquoteLiteral(s string) (string, error) {
	var out string
	err := json.Unmarshal([]byte(`"`+s+`"`), &out)
	return out, err
}

// parseFilter parses a filter without value filters in it. A panic of the
// library is a filter it cannot read.
func parseFilter(text string) (e filter.Expression, err error) {
	if e, ok := plainFilter(text); ok {
		return e, nil
	}
	defer func() {
		if recover() != nil {
			e, err = nil, scimerr.InvalidFilter("The filter cannot be read.")
		}
	}()
	if e, err = filter.ParseFilterNumber([]byte(text)); err != nil {
		return nil, scimerr.InvalidFilter("The filter does not follow RFC 7644 section 3.4.2.2; write it like userName eq \"ada@example.com\".")
	}
	return e, nil
}

// parsePath parses a path without value filters in it.
func parsePath(text string) (p filter.Path, err error) {
	if p, ok := plainPath(text); ok {
		return p, nil
	}
	defer func() {
		if recover() != nil {
			err = scimerr.InvalidPath("The path cannot be read.")
		}
	}()
	if p, err = filter.ParsePathNumber([]byte(text)); err != nil {
		return filter.Path{}, scimerr.InvalidPath("The path does not follow RFC 7644 section 3.5.2; write it like name.givenName.")
	}
	return p, nil
}

// unmark splits emails--v0 into the name and the value filter that belongs to
// it; ok is false when there is none.
func (e expression) unmark(name string) (plain, inner string, ok bool) {
	plain, number, ok := strings.Cut(name, marker)
	if !ok {
		return name, "", false
	}
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(e.inner) {
		return name, "", false
	}
	return plain, e.inner[i], true
}
