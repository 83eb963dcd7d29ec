package filter

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// value reads what an attribute is compared with: a JSON string or number, or
// true, false or null in any letter case (RFC 7643 §2.3.2).
func (p *parser) value() (any, error) {
	switch c := p.next(); {
	case c == '"':
		return p.string()
	case c == '-' || isDigit(c):
		return p.number()
	}
	start := p.pos
	switch strings.ToLower(p.run(isLetter)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	p.pos = start
	return nil, p.unexpected()
}

// number reads a JSON number (RFC 8259 §6).
func (p *parser) number() (any, error) {
	start := p.pos
	p.skip('-')
	if !p.skip('0') && p.run(isDigit) == "" {
		return nil, p.unexpected()
	}
	p.fraction()
	p.exponent()
	return json.Number(p.text[start:p.pos]), nil
}

func (p *parser) fraction() {
	start := p.pos
	if p.skip('.') && p.run(isDigit) == "" {
		p.pos = start
	}
}

func (p *parser) exponent() {
	start := p.pos
	if !p.skip('e') && !p.skip('E') {
		return
	}
	if !p.skip('-') {
		p.skip('+')
	}
	if p.run(isDigit) == "" {
		p.pos = start
	}
}

// string reads a JSON string (RFC 8259 §7). NUL, which no database keeps, and
// halves of surrogate pairs, which stand for no text, are refused.
func (p *parser) string() (string, error) {
	end := p.pos + 1
	plain := true
	for end < len(p.text) && p.text[end] != '"' {
		if p.text[end] == '\\' {
			plain = false
			end++
		}
		end++
	}
	if end >= len(p.text) {
		return "", p.wrong("A string is not closed.")
	}
	inner := p.text[p.pos+1 : end]
	if strings.ContainsFunc(inner, func(r rune) bool { return r < ' ' }) {
		return "", p.wrong("A string is not a JSON string.")
	}
	p.pos = end + 1
	if plain {
		return inner, nil
	}
	out, ok := unescape(inner)
	if !ok {
		return "", p.wrong("A string is not a JSON string.")
	}
	return out, nil
}

// unescape returns the text that stands between the quotes of a JSON string.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for s != "" {
		if s[0] != '\\' {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		r, rest, ok := unescapeOne(s)
		if !ok || r == 0 {
			return "", false
		}
		b.WriteRune(r)
		s = rest
	}
	return b.String(), true
}

// unescapeOne reads the escape that s begins with.
func unescapeOne(s string) (r rune, rest string, ok bool) {
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(from, s[1]); i >= 0 {
		return rune(to[i]), s[2:], true
	}
	high, ok := codeUnit(s)
	if !ok || !utf16.IsSurrogate(high) {
		return high, s[min(6, len(s)):], ok
	}
	low, ok := codeUnit(s[6:])
	if r = utf16.DecodeRune(high, low); !ok || r == unicode.ReplacementChar {
		return utf8.RuneError, "", false
	}
	return r, s[12:], true
}

// codeUnit returns the code unit of the \u escape that s begins with.
func codeUnit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(unit), err == nil
}
