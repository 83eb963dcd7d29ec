package filter

import (
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Limits bounds a filter or path before it is read. Length and depth must be
// set.
type Limits struct {
	MaxLength int // bytes
	MaxDepth  int // brackets within brackets
	MaxTerms  int // comparisons in a filter, each of which a database may make for every resource; 0: no limit
}

// parser descends through the grammar of RFC 7644 §3.4.2.2. Each ( is one level
// deeper, and only ( is, so that the limit on depth bounds its stack.
type parser struct {
	text   string
	pos    int
	limits Limits
	isPath bool

	terms   int  // comparisons so far
	depth   int  // of ( … )
	inValue bool // within [ … ]
	outside int  // depth at which [ was met; 0 outside
}

func newParser(text string, limits Limits, isPath bool) (*parser, error) {
	p := &parser{text: text, limits: limits, isPath: isPath}
	if len(text) > limits.MaxLength {
		return nil, p.wrong("The %s is longer than %d bytes.", p.what(), limits.MaxLength)
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, p.wrong("The %s is not UTF-8 text.", p.what())
	}
	return p, nil
}

func (p *parser) what() string {
	if p.isPath {
		return "path"
	}
	return "filter"
}

// wrong makes the error for a text that cannot be split into its parts: of a
// PATCH the path is at fault then, and not what stands in its brackets (RFC 7644
// §3.12).
func (p *parser) wrong(format string, args ...any) error {
	if p.isPath {
		return scimerr.InvalidPath(format, args...)
	}
	return scimerr.InvalidFilter(format, args...)
}

// unexpected makes the error for a text that does not go on as it should. Of
// several mistakes, one in strings and brackets is told first.
func (p *parser) unexpected() error {
	err := scimerr.InvalidFilter("The filter does not follow RFC 7644 section 3.4.2.2; write it like userName eq \"ada@example.com\".")
	if p.isPath && !p.inValue {
		err = scimerr.InvalidPath("The path does not follow RFC 7644 section 3.5.2; write it like name.givenName.")
	}
	for p.pos < len(p.text) {
		if broken := p.token(); broken != nil {
			return broken
		}
	}
	if p.inValue || p.depth > 0 {
		return p.wrong("A bracket is not closed.")
	}
	return err
}

// token passes over a string, a bracket or any other byte.
func (p *parser) token() error {
	switch p.next() {
	case '"':
		_, err := p.string()
		return err
	case '(':
		return p.open()
	case '[':
		return p.openValue()
	case ')':
		if p.depth == p.outside {
			return p.wrong("A bracket is closed that was not opened.")
		}
		p.depth--
	case ']':
		if !p.inValue || p.depth > p.outside {
			return p.wrong("A bracket is closed that was not opened.")
		}
		p.inValue, p.outside = false, 0
	}
	p.pos++
	return nil
}

// open passes over (.
func (p *parser) open() error {
	if p.depth == p.limits.MaxDepth {
		return p.wrong("The %s nests deeper than %d levels.", p.what(), p.limits.MaxDepth)
	}
	p.depth++
	p.pos++
	return nil
}

// openValue passes over [.
func (p *parser) openValue() error {
	if p.inValue {
		return p.wrong("A value filter holds another one.")
	}
	p.inValue, p.outside = true, p.depth
	p.pos++
	return nil
}

// next returns the next byte, 0 at the end.
func (p *parser) next() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// skip passes over c, and reports whether it was there.
func (p *parser) skip(c byte) bool {
	if p.next() != c {
		return false
	}
	p.pos++
	return true
}

// spaces passes over spaces, and reports whether there were any.
func (p *parser) spaces() bool {
	start := p.pos
	for p.skip(' ') {
	}
	return p.pos > start
}

// run passes over bytes that belong, and returns them.
func (p *parser) run(belongs func(byte) bool) string {
	start := p.pos
	for p.pos < len(p.text) && belongs(p.text[p.pos]) {
		p.pos++
	}
	return p.text[start:p.pos]
}

// filter reads conditions joined by or.
func (p *parser) filter() (node, error) {
	return p.joined("or", func() (node, error) { return p.joined("and", p.condition) })
}

// joined reads one or more of what one reads, with a word between them.
func (p *parser) joined(word string, one func() (node, error)) (node, error) {
	left, err := one()
	for err == nil && p.joint(word) {
		var right node
		right, err = one()
		left = &logical{or: word == "or", left: left, right: right}
	}
	return left, err
}

// joint passes over the word with spaces around it, or over nothing.
func (p *parser) joint(word string) bool {
	start := p.pos
	if p.spaces() && strings.EqualFold(p.run(isLetter), word) && p.spaces() {
		return true
	}
	p.pos = start
	return false
}

// condition reads not (…), (…) or a comparison.
func (p *parser) condition() (node, error) {
	if p.next() == '(' {
		return p.group()
	}
	start := p.pos
	if strings.EqualFold(p.run(isLetter), "not") {
		if p.spaces(); p.next() == '(' {
			inner, err := p.group()
			return &negation{inner: inner}, err
		}
	}
	p.pos = start
	return p.comparison()
}

// group reads ( … ).
func (p *parser) group() (node, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	return p.closed(')')
}

// closed reads what is in brackets, and the bracket at the end.
func (p *parser) closed(end byte) (node, error) {
	p.spaces()
	inner, err := p.filter()
	if err != nil {
		return nil, err
	}
	if p.spaces(); p.next() != end {
		return nil, p.unexpected()
	}
	return inner, p.token()
}

func (p *parser) comparison() (node, error) {
	var err error
	c := &comparison{}
	if c.name, c.within, err = p.valuePath(); err != nil {
		return nil, err
	}
	if c.within != nil && c.name.sub == "" {
		return c, nil
	}
	if p.terms++; p.limits.MaxTerms > 0 && p.terms > p.limits.MaxTerms && !p.isPath {
		return nil, p.wrong("The filter has more than %d comparisons; ask for fewer at a time.", p.limits.MaxTerms)
	}
	if !p.spaces() {
		return nil, p.unexpected()
	}
	start := p.pos
	switch c.op = provision.Op(strings.ToLower(p.run(isLetter))); c.op {
	case provision.OpPresent:
		return c, nil
	case provision.OpEqual, provision.OpNotEqual, provision.OpContains, provision.OpStartsWith, provision.OpEndsWith,
		provision.OpGreater, provision.OpGreaterOrEqual, provision.OpLess, provision.OpLessOrEqual:
	default:
		p.pos = start
		return nil, p.unexpected()
	}
	if !p.spaces() {
		return nil, p.unexpected()
	}
	c.value, err = p.value()
	return c, err
}

// valuePath reads the name of an attribute, with or without a value filter
// behind it, and behind that the sub-attribute.
func (p *parser) valuePath() (name, node, error) {
	out, err := p.name()
	if err != nil {
		return out, nil, err
	}
	end := p.pos
	if p.spaces(); p.next() != '[' {
		p.pos = end
		return out, nil, nil
	}
	if out.sub != "" {
		return out, nil, p.unexpected()
	}
	if err := p.openValue(); err != nil {
		return out, nil, err
	}
	within, err := p.closed(']')
	if err == nil && p.skip('.') {
		out.sub, err = p.attributeName()
	}
	return out, within, err
}

// name reads [URN ":"] attribute ["." sub-attribute]. Whatever stands before the
// last colon is the URN, which may be any URI (RFC 7644 §3.10).
func (p *parser) name() (name, error) {
	var out name
	start := p.pos
	for {
		before := p.pos
		if p.run(isURNByte) == "" || !p.skip(':') {
			p.pos = before
			break
		}
		out.urn = p.text[start : p.pos-1]
	}
	var err error
	if out.attr, err = p.attributeName(); err == nil && p.skip('.') {
		out.sub, err = p.attributeName()
	}
	return out, err
}

// attributeName reads ATTRNAME, which may begin with $ as in $ref (RFC 7643
// §2.1).
func (p *parser) attributeName() (string, error) {
	start := p.pos
	p.skip('$')
	if !isLetter(p.next()) {
		p.pos = start
		return "", p.unexpected()
	}
	p.run(isNameByte)
	return p.text[start:p.pos], nil
}

// IsName reports whether text is the name of an attribute by the grammar (RFC 7643
// §2.1).
func IsName(text string) bool {
	p := parser{text: strings.TrimPrefix(text, "$")}
	if !isLetter(p.next()) {
		return false
	}
	p.run(isNameByte)
	return p.pos == len(p.text)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '_' }

// isURNByte reports whether c may stand in a URI (RFC 3986 §2), brackets aside,
// which group conditions.
func isURNByte(c byte) bool { return isNameByte(c) || strings.IndexByte(".~/?#@!$&'*+,;=%", c) >= 0 }
