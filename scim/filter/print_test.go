package filter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/elimity-com/scim/schema"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/provision"
)

// roomy is for texts that a test has written with more brackets than the text
// that it began with.
var roomy = Limits{MaxLength: 1 << 20, MaxDepth: 1 << 10}

// read parses a filter into its syntax tree.
func read(text string, limits Limits) (node, error) {
	p, err := newParser(text, limits, false)
	if err != nil {
		return nil, err
	}
	n, err := p.filter()
	if err == nil && p.pos < len(p.text) {
		err = p.unexpected()
	}
	return n, err
}

// textOf writes a filter with as few brackets and spaces as can be.
func textOf(n node) string {
	switch n := n.(type) {
	case *logical:
		word := " and "
		if n.or {
			word = " or "
		}
		return bracketed(n.left, n, false) + word + bracketed(n.right, n, true)
	case *negation:
		return "not (" + textOf(n.inner) + ")"
	}
	c := n.(*comparison)
	if c.within == nil {
		return c.name.String() + printOp(c)
	}
	short := c.name
	short.sub = ""
	text := short.String() + "[" + textOf(c.within) + "]"
	if c.name.sub != "" {
		text += "." + c.name.sub + printOp(c)
	}
	return text
}

// bracketed writes a side of outer, in brackets where they are needed: and binds
// closer than or, and both associate to the left.
func bracketed(n node, outer *logical, right bool) string {
	if inner, ok := n.(*logical); ok && (right && inner.or == outer.or || inner.or && !outer.or) {
		return "(" + textOf(n) + ")"
	}
	return textOf(n)
}

func printOp(c *comparison) string {
	if c.op == provision.OpPresent {
		return " pr"
	}
	value := fmt.Sprint(c.value)
	switch v := c.value.(type) {
	case nil:
		value = "null"
	case string:
		raw, _ := json.Marshal(v)
		value = string(raw)
	}
	return " " + string(c.op) + " " + value
}

func (n name) String() string {
	text := n.attr
	if n.urn != "" {
		text = n.urn + ":" + text
	}
	if n.sub != "" {
		text += "." + n.sub
	}
	return text
}

// sameTree returns how two filters differ, "" when they do not.
func sameTree(a, b node, options ...cmp.Option) string {
	return cmp.Diff(a, b, append(options, cmp.AllowUnexported(logical{}, negation{}, comparison{}, name{}))...)
}

// drawNode draws a filter; inValue says that it stands in brackets.
func drawNode(t *rapid.T, depth int, inValue bool) node {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0, 1:
			return &logical{or: rapid.Bool().Draw(t, "or"), left: drawNode(t, depth-1, inValue), right: drawNode(t, depth-1, inValue)}
		case 2:
			return &negation{inner: drawNode(t, depth-1, inValue)}
		}
	}
	word := rapid.StringMatching(`\$?[A-Za-z][A-Za-z0-9_-]{0,5}`)
	c := &comparison{name: name{attr: rapid.OneOf(word, rapid.SampledFrom([]string{"not", "and", "or", "pr", "eq", "true"})).Draw(t, "attr")}}
	if rapid.IntRange(0, 3).Draw(t, "with URN") == 0 {
		c.name.urn = rapid.StringMatching(`[A-Za-z0-9.-]{1,5}(:[A-Za-z0-9.-]{1,5}){0,2}`).Draw(t, "urn")
	}
	if rapid.Bool().Draw(t, "with sub") {
		c.name.sub = word.Draw(t, "sub")
	}
	if !inValue && depth > 0 && rapid.IntRange(0, 3).Draw(t, "with value filter") == 0 {
		if c.within = drawNode(t, depth-1, true); c.name.sub == "" {
			return c
		}
	}
	c.op = rapid.SampledFrom([]provision.Op{"eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le"}).Draw(t, "op")
	if c.op != provision.OpPresent {
		c.value = drawValue(t)
	}
	return c
}

func drawValue(t *rapid.T) any {
	switch rapid.IntRange(0, 4).Draw(t, "type") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number"))
	}
	return strings.ReplaceAll(rapid.String().Draw(t, "string"), "\x00", "")
}

// TestParseReadsWhatIsPrinted states parse(print(x)) == x for any filter x.
func TestParseReadsWhatIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawNode(t, 5, false)
		text := textOf(want)
		got, err := read(text, roomy)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := sameTree(want, got); diff != "" {
			t.Fatalf("%s (-drawn +read):\n%s", text, diff)
		}
	})
}

// FuzzPrint looks for texts that are read, printed and then read as something
// else.
func FuzzPrint(f *testing.F) {
	for _, seed := range []string{
		`userName eq "ada"`, `not(a pr)and b.c  PR`, `a eq 1 or b eq 2 and (c eq 3 or d eq 4)`, `e [ (type eq "w") ].value NE nuLL`,
		`urn:a.b-c:2.0:User:$ref sw "\u00e9\ud83d\ude00\n\"\\\/"`, `not not pr`, `not (not (not pr))`, `a lt -1.50E+3`, `a.b:c ge FALSE`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := read(text, Limits{MaxLength: 4096, MaxDepth: 32})
		if err != nil {
			return
		}
		printed := textOf(once)
		twice, err := read(printed, roomy)
		if err != nil {
			t.Fatalf("%q was printed as %q: %v", text, printed, err)
		}
		if diff := sameTree(once, twice); diff != "" {
			t.Fatalf("%q was printed as %q (-once +twice):\n%s", text, printed, diff)
		}
	})
}

// everything is a scope in which every name is a string that may be compared,
// and many is multi-valued and complex.
var everything = Scope{
	Find: func(urn, name, rest string) (Attribute, string, bool) {
		if urn == "" && strings.EqualFold(name, "many") {
			return Attribute{Def: schema.ComplexCoreAttribute(schema.ComplexParams{Name: "many", MultiValued: true, SubAttributes: []schema.SimpleParams{
				schema.SimpleStringParams(schema.StringParams{Name: "value"}), schema.SimpleBooleanParams(schema.BooleanParams{Name: "primary"})}})}, rest, true
		}
		if strings.HasPrefix(name, "$") {
			return Attribute{}, "", false
		}
		return Attribute{URN: urn, Def: schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: name}))}, rest, true
	},
	Stored:  func(Attribute, string) bool { return true },
	Foreign: func(string, string) bool { return false },
}

// printExpr writes a condition as a filter.
func printExpr(e provision.Expr) string {
	switch e := e.(type) {
	case provision.And:
		return "(" + printExpr(e.Left) + ") and (" + printExpr(e.Right) + ")"
	case provision.Or:
		return "(" + printExpr(e.Left) + ") or (" + printExpr(e.Right) + ")"
	case provision.Not:
		return "not (" + printExpr(e.Expr) + ")"
	case provision.Element:
		return strings.Join(e.Path, ":") + "[" + printExpr(e.Where) + "]"
	}
	c := e.(provision.Compare)
	text := strings.Join(c.Path, ":")
	if len(c.Path) > 1 && c.Path[0] == "many" {
		text = strings.Join(c.Path, ".")
	}
	return text + printOp(&comparison{op: c.Op, value: c.Value})
}

// FuzzExpr states the same of what filters mean: a condition that is written as
// a filter is read as the same condition.
func FuzzExpr(f *testing.F) {
	for _, seed := range []string{
		`a eq "x" and not (b pr or u:r:n:c sw "y")`, `many[value eq "x" or primary eq "True"].value co "y"`, `MANY.primary ne false`, `many eq "x"`, `many pr or a eq null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := Parse(text, Limits{MaxLength: 4096, MaxDepth: 32}, everything)
		if err != nil {
			return
		}
		printed := printExpr(once)
		twice, err := Parse(printed, roomy, everything)
		if err != nil {
			t.Fatalf("%q was printed as %q: %v", text, printed, err)
		}
		if diff := cmp.Diff(once, twice); diff != "" {
			t.Fatalf("%q was printed as %q (-once +twice):\n%s", text, printed, diff)
		}
	})
}
