package sqlfilter

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/provision"
)

// value is something that SQL can compare: one of [text], [flag], [instant]
// for columns, [tableDocument] and [node] for JSON.
type value any

// text is a column of strings.
type text struct {
	exact    string // SQL of the string
	folded   string // SQL of the folded string; "": fold, or compared by case always
	fold     bool   // exact is to be folded by the database
	optional bool   // "" means absent
}

// flag is a boolean that is never absent, as two conditions.
type flag struct{ yes, no string }

// instant is a column of microseconds, never absent.
type instant struct{ column string }

// test returns the condition that v stands in relation e.Op to e.Value.
func (c *compiler) test(v value, e provision.Compare) (Fragment, error) {
	if e.Op == provision.OpPresent {
		return c.present(v), nil
	}
	switch v := v.(type) {
	case text:
		return c.testText(v, e)
	case flag:
		return testFlag(v, e)
	case instant:
		return testInstant(v.column, e)
	case node:
		return c.testNode(v, e)
	}
	return Fragment{}, fmt.Errorf("sqlfilter: cannot compare a %T", v)
}

func (c *compiler) present(v value) Fragment {
	switch v := v.(type) {
	case text:
		if v.optional {
			return Frag(v.exact + " <> ''")
		}
	case node:
		if c.dialect.postgres {
			return Frag(string(v) + `.v NOT IN ('""', '[]', '{}')`)
		}
		return Frag(fmt.Sprintf(`%[1]s.value IS NOT CASE %[1]s.type WHEN 'text' THEN '' WHEN 'array' THEN '[]' WHEN 'object' THEN '{}' END`, v))
	}
	return always
}

func (c *compiler) testText(v text, e provision.Compare) (Fragment, error) {
	want, ok := e.Value.(string)
	if !ok || e.Type != provision.TypeString {
		return Fragment{}, mismatch(e)
	}
	column := v.exact
	if !e.CaseExact && (v.folded != "" || v.fold) {
		want = provision.Fold(want)
		column = v.folded
		if v.fold {
			column = "deskbridge_fold(" + v.exact + ")"
		}
	}
	cond, err := c.testString(column, e.Op, want)
	if err != nil || !v.optional {
		return cond, err
	}
	return Join(Frag(v.exact+" <> '' AND "), cond), nil
}

// testString returns the condition on the SQL expression x, which compares by
// bytes.
func (c *compiler) testString(x string, op provision.Op, want string) (Fragment, error) {
	want = strings.ToValidUTF8(want, "\uFFFD") // as decoding does with what is stored
	if prefix, _, found := strings.Cut(want, "\x00"); found {
		return c.testNUL(x, op, prefix)
	}
	length := utf8.RuneCountInString(want)
	switch op {
	case provision.OpEqual, provision.OpNotEqual, provision.OpGreater, provision.OpGreaterOrEqual, provision.OpLess, provision.OpLessOrEqual:
		return Frag(x+" "+operators[op]+" ?", want), nil
	case provision.OpContains, provision.OpStartsWith, provision.OpEndsWith:
		if want == "" {
			return always, nil
		}
	}
	switch op {
	case provision.OpContains:
		return Frag(c.dialect.position+"("+x+", ?) > 0", want), nil
	case provision.OpStartsWith:
		if end, ok := afterPrefix(want); ok {
			return Frag("("+x+" >= ? AND "+x+" < ?)", want, end), nil
		}
		return Frag(x+" >= ?", want), nil
	case provision.OpEndsWith:
		return Frag(fmt.Sprintf(c.dialect.tail, x)+" = ?", length, want), nil
	}
	return Fragment{}, unanswerable("strings know no operator " + string(op))
}

// testNUL compares with a string that has a NUL after prefix. No stored string
// has one, and PostgreSQL cannot even be asked.
func (c *compiler) testNUL(x string, op provision.Op, prefix string) (Fragment, error) {
	switch op {
	case provision.OpEqual, provision.OpContains, provision.OpStartsWith, provision.OpEndsWith:
		return never, nil
	case provision.OpNotEqual:
		return always, nil
	case provision.OpGreater, provision.OpGreaterOrEqual:
		return c.testString(x, provision.OpGreater, prefix)
	}
	return c.testString(x, provision.OpLessOrEqual, prefix)
}

var operators = map[provision.Op]string{
	provision.OpEqual:          "=",
	provision.OpNotEqual:       "<>",
	provision.OpGreater:        ">",
	provision.OpGreaterOrEqual: ">=",
	provision.OpLess:           "<",
	provision.OpLessOrEqual:    "<=",
}

// afterPrefix returns the first string, by bytes, after all that begin with
// prefix; false when there is none. So an index answers sw.
func afterPrefix(prefix string) (string, bool) {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case last == 0xD7FF:
			return prefix + "\uE000", true // what lies between are surrogates
		case last < utf8.MaxRune:
			return prefix + string(last+1), true
		}
	}
	return "", false
}

func testFlag(v flag, e provision.Compare) (Fragment, error) {
	want, ok := e.Value.(bool)
	if !ok || e.Type != provision.TypeBoolean {
		return Fragment{}, mismatch(e)
	}
	switch e.Op {
	case provision.OpEqual:
	case provision.OpNotEqual:
		want = !want
	default:
		return Fragment{}, unanswerable("booleans know no operator " + string(e.Op))
	}
	if want {
		return Frag(v.yes), nil
	}
	return Frag(v.no), nil
}

// testInstant returns the condition on the SQL expression x, which is in
// microseconds.
func testInstant(x string, e provision.Compare) (Fragment, error) {
	want, ok := e.Value.(time.Time)
	if !ok || e.Type != provision.TypeDateTime {
		return Fragment{}, mismatch(e)
	}
	operator, ok := operators[e.Op]
	if !ok {
		return Fragment{}, unanswerable("times know no operator " + string(e.Op))
	}
	return Frag(x+" "+operator+" ?", want.UnixMicro()), nil
}

// testNode compares a JSON value. One of another type than e.Type counts as
// absent.
func (c *compiler) testNode(v node, e provision.Compare) (Fragment, error) {
	n := c.nodeSQL(v)
	switch e.Type {
	case provision.TypeString:
		want, ok := e.Value.(string)
		if !ok {
			return Fragment{}, mismatch(e)
		}
		x := n.text
		if !e.CaseExact {
			want, x = provision.Fold(want), "deskbridge_fold("+x+")"
		}
		cond, err := c.testString(x+n.bytes, e.Op, want)
		return Join(Frag(n.isText+" AND "), cond), err
	case provision.TypeDateTime:
		return testInstant(n.instant, e)
	case provision.TypeBoolean:
		return testFlag(flag{yes: n.isTrue, no: n.isFalse}, e)
	case provision.TypeInteger, provision.TypeDecimal:
		return testNumber(n, e)
	}
	return Fragment{}, unanswerable("a complex attribute can only be asked for with pr; name one of its sub-attributes")
}

func testNumber(n nodeSQL, e provision.Compare) (Fragment, error) {
	switch e.Value.(type) {
	case int64, float64:
	default:
		return Fragment{}, mismatch(e)
	}
	operator, ok := operators[e.Op]
	if !ok {
		return Fragment{}, unanswerable("numbers know no operator " + string(e.Op))
	}
	return Frag(n.number+" "+operator+" "+n.bound, e.Value), nil
}

// nodeSQL is how SQL looks at a JSON value. number and instant are NULL for
// values of other types.
type nodeSQL struct {
	isValue                 string // condition: it is not null
	isText, isTrue, isFalse string // conditions
	text, number, instant   string // expressions
	bytes                   string // what makes text compare by bytes
	bound                   string // a bound number
}

func (c *compiler) nodeSQL(v node) nodeSQL {
	x := string(v)
	if c.dialect.postgres {
		return nodeSQL{
			isValue: "jsonb_typeof(" + x + ".v) <> 'null'",
			isText:  "jsonb_typeof(" + x + ".v) = 'string'",
			isTrue:  x + ".v = 'true'",
			isFalse: x + ".v = 'false'",
			text:    "(" + x + ".v #>> '{}')",
			number:  "CASE jsonb_typeof(" + x + ".v) WHEN 'number' THEN " + x + ".v::numeric END",
			instant: "CASE jsonb_typeof(" + x + ".v) WHEN 'string' THEN deskbridge_instant(" + x + ".v #>> '{}') END",
			bytes:   ` COLLATE "C"`,
			bound:   "?::numeric",
		}
	}
	return nodeSQL{
		isValue: x + ".type <> 'null'",
		isText:  x + ".type = 'text'",
		isTrue:  x + ".type = 'true'",
		isFalse: x + ".type = 'false'",
		text:    x + ".value",
		number:  "CASE WHEN " + x + ".type IN ('integer', 'real') THEN " + x + ".value END",
		instant: "CASE " + x + ".type WHEN 'text' THEN deskbridge_instant(" + x + ".value) END",
		bound:   "?",
	}
}

func mismatch(e provision.Compare) error {
	return unanswerable(fmt.Sprintf("%s cannot be compared with a value of this type", pathKey(e.Path)))
}
