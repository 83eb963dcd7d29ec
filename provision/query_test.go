package provision

import "testing"

// TestIndexed checks which conditions are taken for cheap: none that a database
// may have to look at every resource for.
func TestIndexed(t *testing.T) {
	eq := func(value any, path ...string) Compare {
		return Compare{Path: path, Op: OpEqual, Type: TypeString, Value: value}
	}
	name := eq("ada", "userName")
	for _, tt := range []struct {
		name  string
		where Expr
		want  bool
	}{
		{"a name", name, true},
		{"an e-mail address", eq("a@x", "emails", "value"), true},
		{"no name", eq("", "userName"), false},
		{"null", eq(nil, "externalId"), false},
		{"a title", eq("x", "title"), false},
		{"a part of a name", Compare{Path: Path{"userName"}, Op: OpContains, Type: TypeString, Value: "a"}, false},
		{"a name and more", And{name, eq("x", "title")}, false},
		{"two names", Or{name, name}, false},
		{"another name", Not{name}, false},
		{"an element", Element{Path{"emails"}, eq("a@x", "value")}, false},
		{"everybody", Constant(true), false},
	} {
		if got := Indexed(tt.where); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
	for path, want := range map[string]bool{"userName": true, "title": false} {
		if got := (Path{path}).Ordered(); got != want {
			t.Errorf("sorted by %s: got %t", path, got)
		}
	}
}
