package scimtest

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		name, want, got string
		ok              bool
	}{
		{"equal scalars", `"a"`, `"a"`, true},
		{"other scalars", `"a"`, `"b"`, false},
		{"a string is no boolean", `"true"`, `true`, false},
		{"numbers by value", `1`, `1.0`, true},
		{"null", `null`, `null`, true},
		{"absent is not null", `{"a":null}`, `{}`, false},
		{"an object by the names given", `{"a":1}`, `{"a":1,"b":2}`, true},
		{"an object that lacks one", `{"a":1,"b":2}`, `{"a":1}`, false},
		{"a nested difference", `{"a":{"b":1}}`, `{"a":{"b":2}}`, false},
		{"no object", `{"a":1}`, `[]`, false},
		{"an array contains", `[{"a":1}]`, `[{"a":2},{"a":1,"b":3}]`, true},
		{"an array lacks", `[{"a":1}]`, `[{"a":2}]`, false},
		{"no array", `[1]`, `{"0":1}`, false},
		{"$ref is a name", `{"$ref":"x"}`, `{"$ref":"y"}`, false},
		{"$exists", `{"a":{"$exists":true}}`, `{"a":1}`, true},
		{"$exists of null", `{"a":{"$exists":true}}`, `{"a":null}`, false},
		{"$absent", `{"a":{"$absent":true}}`, `{}`, true},
		{"$absent of null", `{"a":{"$absent":true}}`, `{"a":null}`, false},
		{"$empty of absent", `{"a":{"$empty":true}}`, `{}`, true},
		{"$empty of nested nothing", `{"a":{"$empty":true}}`, `{"a":{"b":[],"c":{"d":""}}}`, true},
		{"$empty of zero", `{"a":{"$empty":true}}`, `{"a":0}`, false},
		{"$empty false", `{"a":{"$empty":false}}`, `{"a":"x"}`, true},
		{"$type integer", `{"$type":"integer"}`, `7`, true},
		{"$type number takes an integer", `{"$type":"number"}`, `7`, true},
		{"$type integer refuses a fraction", `{"$type":"integer"}`, `7.5`, false},
		{"$type integer refuses a string", `{"$type":"integer"}`, `"7"`, false},
		{"$type array", `{"$type":"array"}`, `[]`, true},
		{"$type object", `{"$type":"object"}`, `{}`, true},
		{"$eqi", `{"$eqi":"ADA"}`, `"ada"`, true},
		{"$re", `{"$re":"^a.c$"}`, `"abc"`, true},
		{"$re refuses", `{"$re":"^a.c$"}`, `"abd"`, false},
		{"$len of absent is 0", `{"a":{"$len":0}}`, `{}`, true},
		{"$len", `{"$len":2}`, `[1]`, false},
		{"$minLen of text", `{"$minLen":1}`, `"x"`, true},
		{"$minLen of nothing", `{"a":{"$minLen":0}}`, `{}`, false},
		{"$maxLen", `{"$maxLen":1}`, `[1,2]`, false},
		{"$gte", `{"$gte":3}`, `3`, true},
		{"$gte of a string", `{"$gte":3}`, `"3"`, false},
		{"$lte", `{"$lte":3}`, `4`, false},
		{"$oneOf", `{"$oneOf":["401",401]}`, `401`, true},
		{"$oneOf none", `{"$oneOf":["401",401]}`, `"402"`, false},
		{"$not", `{"$not":false}`, `true`, true},
		{"$not of absent", `{"a":{"$not":false}}`, `{}`, true},
		{"$not refuses", `{"$not":false}`, `false`, false},
		{"$all", `{"$all":[{"$len":1},[1]]}`, `[1]`, true},
		{"$all refuses", `{"$all":[{"$len":1},[2]]}`, `[1]`, false},
		{"$each", `{"$each":{"a":1}}`, `[{"a":1},{"a":1}]`, true},
		{"$each refuses", `{"$each":{"a":1}}`, `[{"a":1},{"a":2}]`, false},
		{"$none", `{"$none":{"a":1}}`, `[{"a":2}]`, true},
		{"$none refuses", `{"$none":{"a":1}}`, `[{"a":1}]`, false},
		{"$exactly in any order", `{"$exactly":[{"a":1},{"a":2}]}`, `[{"a":2},{"a":1}]`, true},
		{"$exactly of too many", `{"$exactly":[{"a":1}]}`, `[{"a":1},{"a":1}]`, false},
		{"$exactly of absent", `{"m":{"$exactly":[]}}`, `{}`, true},
		{"several matchers", `{"$type":"string","$minLen":2}`, `"x"`, false},
		{"an unknown matcher", `{"$like":"x"}`, `"x"`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, err := decode([]byte(tt.want))
			if err != nil {
				t.Fatal(err)
			}
			d := json.NewDecoder(strings.NewReader(tt.got))
			d.UseNumber()
			var got any
			if err := d.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if bad := match(want, got, ""); (bad == "") != tt.ok {
				t.Errorf("match(%s, %s) = %q", tt.want, tt.got, bad)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	v := variables{"u": "Ada B+c@x", "i": "2", "user1": map[string]any{"id": "a/b", "n": json.Number("7"), "list": []any{map[string]any{"id": "x"}}}}
	for in, want := range map[string]string{
		"${u}": "Ada B+c@x", "x${i}y": "x2y", "${upper:u}": "ADA B+C@X", "${lower:u}": "ada b+c@x",
		"${enc:u}": "Ada%20B%2Bc%40x", "${form:u}": "Ada+B%2Bc%40x", "${enc:upper:u}": "ADA%20B%2BC%40X",
		"${user1.id}": "a/b", "n=${user1.n}": "n=7", "${user1.list.0.id}": "x", "${json:u}": "Ada B+c@x",
	} {
		got, err := v.text(in)
		if err != nil || asText(got) != want {
			t.Errorf("%s: got %v (%v), want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"/Users/${user1.id}": "/Users/a%2Fb", "/Users?filter=${u}&x=+": "/Users?filter=Ada%20B+c@x&x=+", "/U?f=${form:u}": "/U?f=Ada+B%2Bc%40x",
	} {
		if got, err := v.path(in); err != nil || got != want {
			t.Errorf("%s: got %s (%v), want %s", in, got, err, want)
		}
	}
	if _, err := v.text("${nobody.id}"); err == nil {
		t.Error("an unknown variable is no error")
	}
	first, _ := v.text("${uuid:a}")
	if again, _ := v.text("${uuid:a}"); first != again || first == "" {
		t.Errorf("${uuid:a} is %v, then %v", first, again)
	}
	if whole, _ := v.text("${user1.n}"); whole != json.Number("7") {
		t.Errorf("a placeholder alone is %T, want a number", whole)
	}
}

func TestBodiesKeepTheirOrder(t *testing.T) {
	const body = `{"Operations":[{"op":"add","value":{"z":1.50,"a":"<é>"}}],"schemas":["x"]}`
	value, err := variables{}.json([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := compact(value); err != nil || string(got) != body {
		t.Errorf("got %s (%v)", got, err)
	}
}
