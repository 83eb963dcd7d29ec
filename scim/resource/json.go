package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Object is a JSON object. Numbers in it are [json.Number], so that they stay
// as they were sent.
type Object = map[string]any

// maxJSONDepth is how deep objects and arrays may nest. A SCIM resource needs
// five levels; encoding/json stops at 10,000.
const maxJSONDepth = 32

// maxBodyValues is how many values one body may hold in all: a list of numbers takes
// thirty times as much memory as it has bytes. 20,000 members with all that can
// be said of them are 100,000.
const maxBodyValues = 500_000

// maxNames is how many names one object may have. Names are compared without
// regard to letter case, each with each in the worst case.
const maxNames = 1000

// DecodeObject reads one JSON object and refuses what would be read in two
// ways: names given twice, also in other letter case (RFC 7643 §2.1), text
// that is not UTF-8, and anything after the object.
func DecodeObject(body []byte) (Object, error) {
	value, err := decode(body, maxBodyValues)
	if err != nil {
		return nil, err
	}
	o, ok := value.(Object)
	if !ok {
		return nil, scimerr.InvalidSyntax("The request body is not a JSON object.")
	}
	return o, nil
}

// decode reads one JSON value that holds no more than so many.
func decode(body []byte, most int) (any, error) {
	if !utf8.Valid(body) {
		return nil, scimerr.InvalidSyntax("The request body is not UTF-8.")
	}
	if loneSurrogate(body) {
		return nil, scimerr.InvalidSyntax("The request body is not Unicode: it holds half of a surrogate pair.")
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // a byte order mark, as .NET may write one
	d := &decoder{Decoder: json.NewDecoder(bytes.NewReader(body)), most: most}
	d.UseNumber()
	value, err := decodeValue(d, 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, scimerr.InvalidSyntax("The request body goes on after its JSON object.")
	}
	return value, nil
}

// maxTextValues is how many values a text may hold that is JSON itself: 20,000
// members with all that can be said of them.
const maxTextValues = 100_000

// isJSONText reports whether a text begins as an object or a list does.
func isJSONText(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	return s != "" && (s[0] == '{' || s[0] == '[')
}

// decodeText reads the object or list that a text is, where one is due: Keycloak's
// connectors send values so. path is for the details of errors.
func decodeText(path, s string) (any, error) {
	value, err := decode([]byte(s), maxTextValues)
	if err != nil {
		return nil, scimerr.InvalidValue(path, "is a text that begins as JSON does, and cannot be read as such")
	}
	return value, nil
}

// loneSurrogate reports whether a \u escape of some JSON stands for half of a
// surrogate pair. encoding/json makes U+FFFD of each of them, so that different
// names would become one (RFC 8259 §8.2).
func loneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // so that of two backslashes the second begins nothing
		high, ok := escaped(text, i-1)
		if !ok || !utf16.IsSurrogate(high) {
			continue
		}
		low, _ := escaped(text, i+5)
		if utf16.DecodeRune(high, low) == unicode.ReplacementChar {
			return true
		}
		i += 10
	}
	return false
}

// escaped returns the code unit of the \u escape at i.
func escaped(text []byte, i int) (rune, bool) {
	if i+6 > len(text) || text[i] != '\\' || text[i+1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16)
	return rune(unit), err == nil
}

// syntaxError keeps our own errors and hides the decoder's: those may quote
// what was sent.
func syntaxError(err error) error {
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		return scimerr.InvalidSyntax("The request body is not JSON: error at byte %d.", bad.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return scimerr.InvalidSyntax("The request body is not JSON: it ends too early.")
	}
	return err
}

// decoder counts the values that it has met.
type decoder struct {
	*json.Decoder
	values, most int
}

func decodeValue(d *decoder, depth int) (any, error) {
	if d.values++; d.values > d.most {
		return nil, scimerr.TooLarge("The request body holds more than %d values.", d.most)
	}
	if depth > maxJSONDepth {
		return nil, scimerr.InvalidSyntax("The request body nests deeper than %d levels.", maxJSONDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return decodeMembers(d, depth)
		}
		return decodeElements(d, depth)
	case string:
		return token, checkText(token)
	}
	return token, nil
}

func decodeMembers(d *decoder, depth int) (Object, error) {
	out := Object{}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if err := checkText(name); err != nil {
			return nil, err
		}
		if len(out) == maxNames {
			return nil, scimerr.InvalidSyntax("The request body has an object with more than %d names.", maxNames)
		}
		folded := strings.ToLower(name)
		if seen[folded] {
			return nil, scimerr.InvalidSyntax("%s is given twice.", scimerr.Quote(name))
		}
		seen[folded] = true
		if out[name], err = decodeValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return out, err
}

func decodeElements(d *decoder, depth int) ([]any, error) {
	out := []any{}
	for d.More() {
		value, err := decodeValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	_, err := d.Token()
	return out, err
}

// checkText refuses U+0000, which PostgreSQL cannot store.
func checkText(s string) error {
	if strings.ContainsRune(s, 0) {
		return scimerr.BadRequest("invalidValue", "The request body holds a NUL character.")
	}
	return nil
}

// Encode returns v as JSON in one canonical form: names sorted, numbers as
// they were sent, nothing escaped that needs not be.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeDocument reads a document that [Encode] wrote.
func decodeDocument(raw json.RawMessage) (Object, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out Object
	err := d.Decode(&out)
	return out, err
}
