package filter

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"
	library "github.com/scim2/filter-parser/v2"

	"github.com/deskbridge/deskbridge/provision"
)

var usual = Limits{MaxLength: 4096, MaxDepth: 32}

func TestParsePath(t *testing.T) {
	for text, want := range map[string]Path{
		`userName`:                       {Name: "userName"},
		`NAME.givenName`:                 {Name: "NAME", Sub: "givenName"},
		`members.$ref`:                   {Name: "members", Sub: "$ref"},
		`urn:x:2.0:User:tag`:             {URN: "urn:x:2.0:User", Name: "tag"},
		`urn:x:2.0:User:tag.sub`:         {URN: "urn:x:2.0:User", Name: "tag", Sub: "sub"},
		`a.b:c.d`:                        {URN: "a.b", Name: "c", Sub: "d"},
		`urn:x_y:1.0:User:tag`:           {URN: "urn:x_y:1.0:User", Name: "tag"},
		`http://x.test/2.0/User?a=%20:b`: {URN: "http://x.test/2.0/User?a=%20", Name: "b"},
		`a--v0`:                          {Name: "a--v0"},
		`emails[type eq "work"]`:         {Name: "emails", within: &comparison{name: name{attr: "type"}, op: "eq", value: "work"}},
		`emails [ type eq "]" ].value`:   {Name: "emails", Sub: "value", within: &comparison{name: name{attr: "type"}, op: "eq", value: "]"}},
		`urn:x:e[ (not(a pr)) ].display`: {URN: "urn:x", Name: "e", Sub: "display", within: &negation{inner: &comparison{name: name{attr: "a"}, op: "pr"}}},
	} {
		got, err := ParsePath(text, usual)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Path{}, negation{}, comparison{}, name{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if got.Filtered() != strings.Contains(text, "[") {
			t.Errorf("%s: Filtered is %t", text, got.Filtered())
		}
	}
}

// TestMistakesAreReported checks what is said of a text that cannot be read; of a
// path with a keyword of its own, unless only what stands in its brackets is at
// fault.
func TestMistakesAreReported(t *testing.T) {
	const syntax, pathSyntax = "does not follow RFC 7644 section 3.4.2.2", "does not follow RFC 7644 section 3.5.2"
	for _, tt := range []struct{ text, ofFilter, ofPath string }{
		{"", syntax, pathSyntax},
		{"a", syntax, ""},
		{"a ", syntax, pathSyntax},
		{"a.b.c", syntax, pathSyntax},
		{"a.", syntax, pathSyntax},
		{"1a", syntax, pathSyntax},
		{"urn::a", syntax, pathSyntax},
		{"a.b[c pr]", syntax, pathSyntax},
		{"a[b]", syntax, "filter " + syntax},
		{"a[]", syntax, "filter " + syntax},
		{"a[b pr]", "", ""},
		{"a[b pr].c", syntax, ""},
		{"a[b pr] eq 1", syntax, pathSyntax},
		{"a[b pr]c pr", syntax, pathSyntax},
		{`a eq "b`, "A string is not closed.", "A string is not closed."},
		{`a[b eq "c]`, "A string is not closed.", "A string is not closed."},
		{`a eq b and c eq "d`, "A string is not closed.", "A string is not closed."},
		{`a eq "\q"`, "A string is not a JSON string.", "A string is not a JSON string."},
		{"a eq \"\t\"", "A string is not a JSON string.", "A string is not a JSON string."},
		{`a eq "\u0000"`, "A string is not a JSON string.", "A string is not a JSON string."},
		{`a eq "\ud800\u0041"`, "A string is not a JSON string.", "A string is not a JSON string."},
		{"(a pr", "A bracket is not closed.", "A bracket is not closed."},
		{"a[b pr", "A bracket is not closed.", "A bracket is not closed."},
		{"a pr)", "A bracket is closed that was not opened.", "A bracket is closed that was not opened."},
		{"a]b pr[", "A bracket is closed that was not opened.", "A bracket is closed that was not opened."},
		{"(a[b pr)]", "A bracket is closed that was not opened.", "A bracket is closed that was not opened."},
		{"a[(b pr])", "A bracket is closed that was not opened.", "A bracket is closed that was not opened."},
		{"a[b[c pr] pr]", "A value filter holds another one.", "A value filter holds another one."},
		{strings.Repeat("(", 33), "The filter nests deeper than 32 levels.", "The path nests deeper than 32 levels."},
		{"a[" + strings.Repeat("(", 33), "The filter nests deeper than 32 levels.", "The path nests deeper than 32 levels."},
		{strings.Repeat("(", 20) + "a[" + strings.Repeat("(", 13), "The filter nests deeper than 32 levels.", "The path nests deeper than 32 levels."},
		{strings.Repeat("a", 4097), "The filter is longer than 4096 bytes.", "The path is longer than 4096 bytes."},
		{"a\xff", "The filter is not UTF-8 text.", "The path is not UTF-8 text."},
		{"a\x00", "The filter is not UTF-8 text.", "The path is not UTF-8 text."},
		{"a\tpr", syntax, pathSyntax},
		{"a pr andb pr", syntax, pathSyntax},
		{"(a pr)and b pr", syntax, pathSyntax},
		{"a eq 01", syntax, pathSyntax},
		{"a eq 1.", syntax, pathSyntax},
		{"a eq 1e", syntax, pathSyntax},
		{"a eq -", syntax, pathSyntax},
		{"a eq trues", syntax, pathSyntax},
	} {
		_, err := read(tt.text, usual)
		checkMistake(t, tt.text, err, "invalidFilter", tt.ofFilter)
		kind := scimerrors.ScimType("invalidPath")
		if strings.HasPrefix(tt.ofPath, "filter ") {
			kind = "invalidFilter"
		}
		_, err = ParsePath(tt.text, usual)
		checkMistake(t, tt.text, err, kind, strings.TrimPrefix(tt.ofPath, "filter "))
	}
}

func checkMistake(t *testing.T, text string, err error, kind scimerrors.ScimType, says string) {
	t.Helper()
	e, _ := errors.AsType[scimerrors.ScimError](err)
	if says == "" && err != nil || says != "" && (e.Status != 400 || e.ScimType != kind || !strings.Contains(e.Detail, says)) {
		t.Errorf("%.60q: got %v, want %s %q", text, err, kind, says)
	}
}

// TestStringsAreJSON compares the reader of strings with encoding/json.
func TestStringsAreJSON(t *testing.T) {
	for _, text := range []string{
		`""`, `"a b"`, `"日本 é 😀"`, `"\"\\\/\b\f\n\r\t"`, `"\u00e9\u00E9\uFFFD"`, `"\ud83d\ude00\\ud800"`, "\"\x7f\ufffd\"", `"a\\"`,
		`"\u12"`, `"\u12G4"`, `"\U0041"`, `"\x41"`, "\"\n\"", `"\'"`,
	} {
		var want string
		valid := json.Unmarshal([]byte(text), &want) == nil
		p, err := newParser(text, usual, false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.string()
		if (err == nil) != valid || got != want || valid && p.pos != len(text) {
			t.Errorf("%s: got %q, %v; JSON has %q, %t", text, got, err, want, valid)
		}
	}
}

// FuzzGrammar compares what is taken for a filter or a path with
// github.com/scim2/filter-parser, where that follows the standard: it takes no
// more than two comparisons in brackets, escapes in upper case only, and few of
// the characters that a URI may hold.
func FuzzGrammar(f *testing.F) {
	for _, seed := range []string{
		`userName eq "ada"`, `a eq 1 or b eq 2 and not (c.d pr)`, `not(a pr)`, `urn:a:b.c`, `a.$ref`, `NOT (a PR) AND b EQ TRUE`, `a eq -1.5e+3`, `(a pr )`, `( a pr)`, `a  pr`,
		`a pr and  b pr`, `a pr  or b pr`, `not  (a pr)`, `not pr`, `and and "x" or or pr`, `a-b_c1 ne null`, `1:a pr`, `a..b`, `a:b:c:d.e`, `-.-:a`,
	} {
		f.Add(seed)
	}
	rareURN := regexp.MustCompile(`[_~/?#@!$&'*+,;=%][^\s()]*:`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 500 || rareURN.MatchString(text) || strings.ContainsAny(text, `[]\`) || strings.Count(text, "(") > usual.MaxDepth {
			return
		}
		if _, err := newParser(text, usual, false); err != nil {
			return
		}
		ours, err := read(text, usual)
		theirs, wrong := library.ParseFilterNumber([]byte(text))
		if (err == nil) != (wrong == nil) {
			t.Fatalf("filter %q: we say %v, the library %v", text, err, wrong)
		}
		if err == nil {
			if diff := sameTree(converted(theirs), ours, foldedNumbers); diff != "" {
				t.Fatalf("filter %q (-library +ours):\n%s", text, diff)
			}
		}
		path, err := ParsePath(text, usual)
		parsed, wrong := library.ParsePathNumber([]byte(text))
		if (err == nil) != (wrong == nil) {
			t.Fatalf("path %q: we say %v, the library %v", text, err, wrong)
		}
		if want := nameOf(parsed.AttributePath); err == nil && (want != name{urn: path.URN, attr: path.Name, sub: path.Sub}) {
			t.Fatalf("path %q: the library has %+v, we %+v", text, want, path)
		}
	})
}

// foldedNumbers compares numbers whatever the letter case of their e.
var foldedNumbers = cmp.Comparer(func(a, b json.Number) bool { return strings.EqualFold(string(a), string(b)) })

// converted returns the library's tree as one of ours.
func converted(e library.Expression) node {
	switch e := e.(type) {
	case *library.LogicalExpression:
		return &logical{or: e.Operator == library.OR, left: converted(e.Left), right: converted(e.Right)}
	case *library.NotExpression:
		return &negation{inner: converted(e.Expression)}
	}
	c := e.(*library.AttributeExpression)
	return &comparison{name: nameOf(c.AttributePath), op: provision.Op(c.Operator), value: c.CompareValue}
}

func nameOf(p library.AttributePath) name {
	return name{urn: p.URI(), attr: p.AttributeName, sub: p.SubAttributeName()}
}
