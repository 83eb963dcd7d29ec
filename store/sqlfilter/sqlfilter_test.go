package sqlfilter_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

var dialects = map[string]sqlfilter.Dialect{"postgres": sqlfilter.Postgres, "sqlite": sqlfilter.SQLite}

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	connection = provision.ConnectionID("c1")
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func at(dotted string) provision.Path { return strings.Split(dotted, ".") }

func compare(path string, op provision.Op, value any) provision.Compare {
	kind := map[string]provision.ValueType{"string": provision.TypeString, "bool": provision.TypeBoolean, "float64": provision.TypeDecimal,
		"int64": provision.TypeInteger, "time.Time": provision.TypeDateTime, "<nil>": provision.TypeComplex}[fmt.Sprintf("%T", value)]
	return provision.Compare{Path: at(path), Op: op, Type: kind, Value: value}
}

func exactly(c provision.Compare) provision.Compare {
	c.CaseExact = true
	return c
}

// conditions are a filter of each form; their names begin with the resource.
var conditions = []struct {
	name  string
	scope *sqlfilter.Scope
	where provision.Expr
}{
	{"user: a column, folded", sqlfilter.People, compare("userName", provision.OpEqual, "Ada@Example.test")},
	{"user: a column by case", sqlfilter.People, exactly(compare("externalId", provision.OpNotEqual, "E1"))},
	{"user: a prefix is a range", sqlfilter.People, compare("displayName", provision.OpStartsWith, "Ad")},
	{"user: a part", sqlfilter.People, compare("userName", provision.OpContains, "da")},
	{"user: an end", sqlfilter.People, compare("userName", provision.OpEndsWith, ".test")},
	{"user: nothing is in everything", sqlfilter.People, compare("userName", provision.OpContains, "")},
	{"user: no text has a NUL", sqlfilter.People, compare("userName", provision.OpEqual, "a\x00b")},
	{"user: presence of what is always there", sqlfilter.People, compare("userName", provision.OpPresent, nil)},
	{"user: presence of what may be absent", sqlfilter.People, compare("externalId", provision.OpPresent, nil)},
	{"user: null", sqlfilter.People, compare("externalId", provision.OpEqual, nil)},
	{"user: a flag", sqlfilter.People, compare("active", provision.OpNotEqual, true)},
	{"user: a time", sqlfilter.People, compare("meta.lastModified", provision.OpGreater, noon)},
	{"user: an e-mail", sqlfilter.People, compare("emails", provision.OpEqual, "ada@example.test")},
	{"user: one e-mail that is all of it", sqlfilter.People, provision.Element{Path: at("emails"), Where: provision.And{
		Left: compare("type", provision.OpEqual, "Work"), Right: compare("primary", provision.OpEqual, true)}}},
	{"user: of an e-mail what only the document knows", sqlfilter.People, provision.Element{Path: at("emails"), Where: compare("display", provision.OpEqual, "x")}},
	{"user: a group, or one around it", sqlfilter.People, exactly(compare("groups.value", provision.OpEqual, "g1"))},
	{"user: the name of a group", sqlfilter.People, compare("groups.display", provision.OpStartsWith, "Sup")},
	{"user: a string in the document", sqlfilter.People, compare("title", provision.OpEqual, "Countess")},
	{"user: a string in the document, by case", sqlfilter.People, exactly(compare("name.familyName", provision.OpContains, "Lee"))},
	{"user: a number in the document", sqlfilter.People, compare("weight", provision.OpLessOrEqual, 1.5)},
	{"user: a flag in the document", sqlfilter.People, compare("vip", provision.OpEqual, false)},
	{"user: a time in the document", sqlfilter.People, compare("birth", provision.OpLess, noon)},
	{"user: presence in the document", sqlfilter.People, compare("roles", provision.OpPresent, nil)},
	{"user: an extension", sqlfilter.People, provision.Compare{Path: provision.Path{enterprise, "manager", "value"}, Op: provision.OpEqual, Type: provision.TypeString, Value: "m1"}},
	{"user: an element in the document", sqlfilter.People, provision.Element{Path: at("roles"), Where: provision.Or{
		Left: compare("value", provision.OpEqual, "agent"), Right: provision.Not{Expr: compare("primary", provision.OpPresent, nil)}}}},
	{"user: and, or, not", sqlfilter.People, provision.And{Left: provision.Not{Expr: compare("userName", provision.OpEqual, "a")},
		Right: provision.Or{Left: compare("active", provision.OpEqual, true), Right: provision.Constant(false)}}},
	{"group: a column, folded", sqlfilter.Groups, compare("displayName", provision.OpEqual, "Support")},
	{"group: a member", sqlfilter.Groups, exactly(compare("members.value", provision.OpEqual, "u1"))},
	{"group: the name of a member", sqlfilter.Groups, compare("members.display", provision.OpContains, "Ada")},
	{"group: in the document", sqlfilter.Groups, compare("nickName", provision.OpEqual, "x")},
}

var orders = []struct {
	name  string
	scope *sqlfilter.Scope
	query provision.Query
}{
	{"user: by id", sqlfilter.People, provision.Query{}},
	{"user: by id, descending", sqlfilter.People, provision.Query{Descending: true}},
	{"user: by a column", sqlfilter.People, provision.Query{SortBy: at("userName")}},
	{"user: by one that may be absent, descending", sqlfilter.People, provision.Query{SortBy: at("externalId"), Descending: true}},
	{"user: by a flag", sqlfilter.People, provision.Query{SortBy: at("active")}},
	{"user: by a time", sqlfilter.People, provision.Query{SortBy: at("meta.created")}},
	{"user: by the first e-mail", sqlfilter.People, provision.Query{SortBy: at("emails")}},
	{"user: by the document", sqlfilter.People, provision.Query{SortBy: at("name.familyName")}},
	{"group: by name", sqlfilter.Groups, provision.Query{SortBy: at("displayName")}},
	{"group: by the first member", sqlfilter.Groups, provision.Query{SortBy: at("members.display")}},
}

func TestSQL(t *testing.T) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			write := func(name string, f sqlfilter.Fragment, err error) {
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				args, err := json.Marshal(f.Args)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "-- %s\n%s\n-- %s\n\n", name, f.SQL, args)
			}
			for _, tt := range conditions {
				f, err := sqlfilter.Where(d, tt.scope, connection, tt.where)
				write(tt.name, f, err)
			}
			for _, tt := range orders {
				f, err := sqlfilter.Order(d, tt.scope, tt.query)
				write(tt.name, f, err)
			}
			file := filepath.Join("testdata", name+".sql")
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	for _, tt := range []struct {
		name  string
		scope *sqlfilter.Scope
		where provision.Expr
	}{
		{"booleans have no order", sqlfilter.People, compare("active", provision.OpGreater, true)},
		{"times have no parts", sqlfilter.People, compare("meta.created", provision.OpContains, noon)},
		{"numbers have no parts", sqlfilter.People, compare("weight", provision.OpStartsWith, 1.5)},
		{"a number is no name", sqlfilter.People, compare("userName", provision.OpEqual, 1.5)},
		{"a text is no time", sqlfilter.People, compare("meta.created", provision.OpEqual, "noon")},
		{"null has no order", sqlfilter.People, compare("title", provision.OpGreater, nil)},
		{"a name that JSON paths cannot hold", sqlfilter.People, provision.Compare{Path: provision.Path{`a"b`}, Op: provision.OpEqual, Type: provision.TypeString, Value: "x"}},
		{"no attribute at all", sqlfilter.People, provision.Compare{Op: provision.OpEqual, Type: provision.TypeString, Value: "x"}},
		{"groups know nothing else of members", sqlfilter.Groups, compare("members.colour", provision.OpEqual, "red")},
	} {
		for name, d := range dialects {
			f, err := sqlfilter.Where(d, tt.scope, connection, tt.where)
			if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != provision.Invalid || e.Parameter != provision.ParameterFilter {
				t.Errorf("%s, %s: %v, %v; want Invalid filter", tt.name, name, f, err)
			}
		}
	}
	for name, d := range dialects {
		_, err := sqlfilter.Order(d, sqlfilter.People, provision.Query{SortBy: at("emails.primary")})
		if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != provision.Invalid || e.Parameter != provision.ParameterSortBy {
			t.Errorf("%s: %v, want Invalid sortBy", name, err)
		}
	}
	if _, err := sqlfilter.Where(sqlfilter.SQLite, sqlfilter.People, connection, nil); err == nil {
		t.Error("an expression of no kind passes")
	}
}

func TestSortKey(t *testing.T) {
	for path, want := range map[string][2]bool{ // number, required
		"userName": {false, true}, "id": {false, true}, "active": {true, true}, "meta.created": {true, true},
		"displayName": {false, false}, "emails": {false, false}, "title": {false, false},
	} {
		key, err := sqlfilter.SortKey(sqlfilter.Postgres, sqlfilter.People, at(path))
		if err != nil || [2]bool{key.Number, key.Required} != want {
			t.Errorf("SortKey(%s) = %+v, %v; want %v", path, key, err, want)
		}
	}
}

// FuzzValuesAreBound checks that neither a value nor the name of an attribute
// gets into the text of a statement, and that there is a parameter for each ?.
func FuzzValuesAreBound(f *testing.F) {
	f.Add("title", "x'); DROP TABLE identities; --", true)
	f.Add("userName", "\u00e9?", false)
	f.Add(`a"b\`, "\x00\xff", false)
	f.Add("?", "", true)
	ops := []provision.Op{provision.OpEqual, provision.OpNotEqual, provision.OpContains, provision.OpStartsWith, provision.OpEndsWith,
		provision.OpGreater, provision.OpGreaterOrEqual, provision.OpLess, provision.OpLessOrEqual, provision.OpPresent}
	f.Fuzz(func(t *testing.T, name, value string, caseExact bool) {
		for _, op := range ops {
			for dialect, d := range dialects {
				marked := "q7Zx" + name // no text of ours holds it
				e := provision.Compare{Path: provision.Path{marked}, Op: op, Type: provision.TypeString, Value: "w8Yk" + value, CaseExact: caseExact}
				for _, where := range []provision.Expr{e, provision.Element{Path: at("emails"), Where: e}, provision.Element{Path: provision.Path{marked}, Where: e}} {
					got, err := sqlfilter.Where(d, sqlfilter.People, connection, where)
					if err != nil {
						continue
					}
					if strings.Contains(got.SQL, "q7Zx") || strings.Contains(got.SQL, "w8Yk") {
						t.Errorf("%s: %s", dialect, got.SQL)
					}
					if n := strings.Count(got.SQL, "?"); n != len(got.Args) {
						t.Errorf("%s: %d parameters for %d places: %s", dialect, len(got.Args), n, got.SQL)
					}
				}
			}
		}
	})
}
