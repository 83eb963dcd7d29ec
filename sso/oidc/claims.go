package oidc

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// claims are the members of a JSON object, read in the only way that it can be
// read: names count by case, and none comes twice (RFC 7519 §4). encoding/json
// is more generous, and takes "SUB" for "sub".
type claims map[string]any

var errClaims = errors.New("no JSON object that can be read in one way only")

// readClaims reads an object. An error says nothing of what is in it.
func readClaims(text []byte) (claims, error) {
	if !utf8.Valid(text) {
		return nil, errClaims // different bytes would become the same string
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.SetNumberType(json.UnmarshalJSONNumber)
	var c claims
	if err := decoder.Decode(&c); err != nil || c == nil || zero(map[string]any(c)) {
		return nil, errClaims
	}
	var more any
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errClaims
	}
	return c, nil
}

// zero reports whether there is a NUL anywhere: it has no place in a name, and
// some databases and C libraries end the text there.
func zero(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		return slices.ContainsFunc(v, zero)
	case map[string]any:
		for name, value := range v {
			if zero(name) || zero(value) {
				return true
			}
		}
	}
	return false
}

// has reports whether there is a claim with a value; null is none (OpenID
// Connect Core §5.3.2).
func (c claims) has(name string) bool { return c[name] != nil }

// text returns a claim that is a string, else "".
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// texts returns a claim that is a string or a list, as strings.
func (c claims) texts(name string) []string { return list(c[name]) }

// yes reports whether a claim is true or "true", which some providers send.
func (c claims) yes(name string) bool { return c[name] == true || c[name] == "true" }

// lastSecond is the last second of the year 9999: what is later is no date.
const lastSecond = 253402300799

// time returns a claim that is a NumericDate (RFC 7519 §2). ok is false if it
// is missing, or no number, or no date.
func (c claims) time(name string) (_ time.Time, ok bool) {
	number, _ := c[name].(json.Number)
	seconds, err := strconv.ParseFloat(string(number), 64)
	if err != nil || !(seconds >= 0 && seconds <= lastSecond) {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}

// find returns the value of a claim; in a name that no claim has, dots lead
// into objects.
func (c claims) find(name string) any {
	if value, is := c[name]; is {
		return value
	}
	for i := range len(name) {
		if name[i] != '.' {
			continue
		}
		if inner, is := c[name[:i]].(map[string]any); is {
			if value := claims(inner).find(name[i+1:]); value != nil {
				return value
			}
		}
	}
	return nil
}

// list returns a value as strings; what is inside of objects is left out.
func list(value any) []string {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	texts := make([]string, 0, len(values))
	for _, v := range values {
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case bool:
			texts = append(texts, strconv.FormatBool(v))
		case json.Number:
			texts = append(texts, v.String())
		}
	}
	return texts
}

// protocol are claims that say nothing of the person. Those that begin with
// _claim may hold an access token.
var protocol = []string{"nonce", "at_hash", "c_hash", "s_hash", "_claim_names", "_claim_sources"}

// flat returns all claims by name, for rules; those in objects under
// their path, with dots. Where two would have one name, the shorter path wins.
func (c claims) flat() map[string][]string {
	flat := make(map[string][]string, len(c))
	c.flatten(flat, "")
	return flat
}

func (c claims) flatten(flat map[string][]string, prefix string) {
	names := slices.Sorted(maps.Keys(c)) // what wins must not depend on chance
	for _, name := range names {
		value := c[name]
		if _, isObject := value.(map[string]any); isObject || value == nil || prefix == "" && slices.Contains(protocol, name) {
			continue
		}
		if _, taken := flat[prefix+name]; !taken {
			flat[prefix+name] = list(value)
		}
	}
	for _, name := range names {
		if inner, isObject := c[name].(map[string]any); isObject && (prefix != "" || !slices.Contains(protocol, name)) {
			claims(inner).flatten(flat, prefix+name+".")
		}
	}
}
