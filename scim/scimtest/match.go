package scimtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// absent stands for a value that is not there, as opposed to null.
type absent struct{}

// match returns "" when got is as want describes, else the first difference.
//
// An object is matched by the names in want, an array by containing each
// element of want, anything else by equality. An object with names such as
// $empty holds matchers, all of which must accept got.
func match(want, got any, at string) string {
	switch want := want.(type) {
	case members:
		if isMatcher(want) {
			for _, m := range want {
				if bad := applyMatcher(m.name, m.value, got, at); bad != "" {
					return bad
				}
			}
			return ""
		}
		o, ok := got.(map[string]any)
		if !ok {
			return fail(at, "should be an object", got)
		}
		for _, m := range want {
			value, there := o[m.name]
			if !there {
				value = absent{}
			}
			if bad := match(m.value, value, at+"/"+m.name); bad != "" {
				return bad
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		if !ok {
			return fail(at, "should be an array", got)
		}
		for _, element := range want {
			if !anyMatches(element, list) {
				return fail(at, "lacks "+show(element), got)
			}
		}
		return ""
	}
	if !equal(want, got) {
		return fail(at, "should be "+show(want), got)
	}
	return ""
}

func isMatcher(want members) bool {
	return slices.ContainsFunc(want, func(m member) bool { return strings.HasPrefix(m.name, "$") && m.name != "$ref" })
}

func anyMatches(want any, list []any) bool {
	return slices.ContainsFunc(list, func(got any) bool { return match(want, got, "") == "" })
}

// applyMatcher returns "" when the matcher accepts got.
func applyMatcher(name string, want, got any, at string) string {
	expect := func(ok bool, what string) string {
		if ok {
			return ""
		}
		return fail(at, what, got)
	}
	list, isList := got.([]any)
	missing := got == nil || got == any(absent{})
	switch name {
	case "$exists":
		return expect(!missing == want, fmt.Sprintf("should exist: %v", want))
	case "$absent":
		return expect((got == any(absent{})) == want, fmt.Sprintf("should be absent: %v", want))
	case "$empty":
		return expect(isEmpty(got) == want, fmt.Sprintf("should be unassigned: %v", want))
	case "$type":
		kind := typeOf(got)
		return expect(kind == want || want == "number" && kind == "integer", "should be of type "+show(want))
	case "$eqi":
		s, ok := got.(string)
		return expect(ok && strings.EqualFold(s, asText(want)), "should equal "+show(want)+" ignoring case")
	case "$re":
		s, ok := got.(string)
		re, err := regexp.Compile(asText(want))
		return expect(ok && err == nil && re.MatchString(s), "should match "+asText(want))
	case "$len":
		return expect(float64(length(got)) == number(want), "should have length "+show(want))
	case "$minLen":
		return expect(!missing && float64(length(got)) >= number(want), "should have at least "+show(want)+" elements")
	case "$maxLen":
		return expect(missing || float64(length(got)) <= number(want), "should have at most "+show(want)+" elements")
	case "$gte":
		return expect(isNumber(got) && number(got) >= number(want), "should be a number >= "+show(want))
	case "$lte":
		return expect(isNumber(got) && number(got) <= number(want), "should be a number <= "+show(want))
	case "$oneOf":
		options, _ := want.([]any)
		return expect(slices.ContainsFunc(options, func(o any) bool { return match(o, got, at) == "" }), "should be one of "+show(want))
	case "$not":
		return expect(match(want, got, at) != "", "should not match "+show(want))
	case "$all":
		options, _ := want.([]any)
		for _, o := range options {
			if bad := match(o, got, at); bad != "" {
				return bad
			}
		}
		return ""
	case "$each", "$none":
		if missing {
			return ""
		}
		if !isList {
			return fail(at, "should be an array", got)
		}
		return eachOrNone(name, want, list, at)
	case "$exactly":
		options, _ := want.([]any)
		if missing {
			list, isList = nil, true
		}
		return exactly(options, list, isList, got, at)
	}
	return fail(at, "is matched by the unknown matcher "+name, got)
}

func eachOrNone(name string, want any, list []any, at string) string {
	for i, element := range list {
		bad := match(want, element, fmt.Sprintf("%s/%d", at, i))
		if name == "$each" && bad != "" {
			return bad
		}
		if name == "$none" && bad == "" {
			return fmt.Sprintf("%s/%d should not be there: %s", at, i, show(element))
		}
	}
	return ""
}

func exactly(want, list []any, isList bool, got any, at string) string {
	switch {
	case !isList:
		return fail(at, "should be an array", got)
	case len(list) != len(want):
		return fail(at, fmt.Sprintf("should have exactly %d elements, has %d", len(want), len(list)), got)
	}
	for _, element := range want {
		if !anyMatches(element, list) {
			return fail(at, "lacks "+show(element), got)
		}
	}
	return ""
}

// isEmpty reports whether a value stands for none (RFC 7643 §2.5).
func isEmpty(got any) bool {
	switch got := got.(type) {
	case nil, absent:
		return true
	case string:
		return got == ""
	case []any:
		return len(got) == 0
	case map[string]any:
		for _, value := range got {
			if !isEmpty(value) {
				return false
			}
		}
		return true
	}
	return false
}

func typeOf(got any) string {
	switch got := got.(type) {
	case absent:
		return "absent"
	case nil:
		return "null"
	case []any:
		return "array"
	case json.Number:
		if f := number(got); f == float64(int64(f)) {
			return "integer"
		}
		return "number"
	case string:
		return "string"
	case bool:
		return "boolean"
	}
	return "object"
}

func equal(want, got any) bool {
	if isNumber(want) && isNumber(got) {
		return number(want) == number(got)
	}
	switch got.(type) {
	case map[string]any, []any:
		return false
	}
	return want == got
}

func isNumber(v any) bool {
	_, ok := v.(json.Number)
	return ok
}

func number(v any) float64 {
	n, _ := v.(json.Number)
	f, _ := n.Float64()
	return f
}

// length counts elements, or UTF-16 code units as the traces were written for.
func length(got any) int {
	switch got := got.(type) {
	case []any:
		return len(got)
	case string:
		return len(utf16.Encode([]rune(got)))
	}
	return 0
}

func fail(at, what string, got any) string {
	if at == "" {
		at = "/"
	}
	return at + " " + what + ", got " + show(got)
}

func show(v any) string {
	if v == any(absent{}) {
		return "absent"
	}
	raw, err := compact(v)
	if err != nil {
		return err.Error()
	}
	if s := string(raw); len(s) <= 160 {
		return s
	}
	return string(raw[:157]) + "..."
}
