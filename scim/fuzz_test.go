package scim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// FuzzFilter checks that any text is either a condition whose values have the
// type that it says, or invalidFilter; and that it never takes long.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "ada"`, `emails[type eq "work" and value co "@x"] or not (title pr)`, `emails[type eq "work"].value eq "x"`,
		`meta.lastModified gt "2026-01-02T03:04:05Z"`, `active eq "True"`, `a.b.c eq 1.5e3`, `((((`, `emails[`, `"`, `x--v0 pr`,
		resource.EnterpriseURN + `:manager.value eq "9" and schemas eq "x"`, `title eq "\ud800\u0041"`, `title EQ NULL`, "userName eq \"\xff\"",
	} {
		f.Add(seed)
	}
	limits := Limits{}.withDefaults()
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []*resource.Type{resource.User, resource.Group} {
			start := time.Now()
			where, err := kind.ParseFilter(text, limits.filter())
			if took := time.Since(start); took > 5*time.Second {
				t.Fatalf("took %v", took)
			}
			if err != nil {
				if e, internal := toSCIM(err); internal || e.ScimType != "invalidFilter" {
					t.Fatalf("%v is not invalidFilter", err)
				}
				continue
			}
			checkTypes(t, where)
		}
	})
}

// checkTypes fails unless every comparison in where has a value of its type.
func checkTypes(t *testing.T, where provision.Expr) {
	switch where := where.(type) {
	case provision.And:
		checkTypes(t, where.Left)
		checkTypes(t, where.Right)
	case provision.Or:
		checkTypes(t, where.Left)
		checkTypes(t, where.Right)
	case provision.Not:
		checkTypes(t, where.Expr)
	case provision.Element:
		checkTypes(t, where.Where)
	case provision.Compare:
		ok := where.Value == nil
		switch where.Value.(type) {
		case string:
			ok = where.Type == provision.TypeString
		case bool:
			ok = where.Type == provision.TypeBoolean
		case time.Time:
			ok = where.Type == provision.TypeDateTime
		}
		if !ok || len(where.Path) == 0 || where.Type == provision.TypeComplex && where.Op != provision.OpPresent {
			t.Fatalf("%+v", where)
		}
	case provision.Constant:
	default:
		t.Fatalf("%T", where)
	}
}

// FuzzPatch checks that a PATCH that fails changes nothing, that one that
// succeeds leaves at most one value of an attribute primary and no attribute
// without a value, and that a single operation without value filter can be
// repeated: the second time it changes nothing.
func FuzzPatch(f *testing.F) {
	for _, body := range bodies(f) {
		f.Add(body)
	}
	limits := Limits{}.withDefaults()
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := resource.DecodeObject(body)
		if err != nil {
			return
		}
		operations, err := readPatch(in, limits)
		if err != nil {
			return
		}
		before := provision.Identity{UserName: "ada", Status: provision.StatusActive, Document: []byte(
			`{"active":true,"emails":[{"primary":true,"type":"work","value":"a@x"},{"type":"home","value":"h@x"}],"name":{"givenName":"Ada"},"schemas":["` + resource.UserURN + `"],"urn:x:User":{"tag":"1"},"userName":"ada"}`)}
		after := before
		if err := patchIdentity(&after, operations, limits); err != nil {
			if e, internal := toSCIM(err); internal || e.Status != 400 {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Fatalf("failed with %v and changed (-before +after):\n%s", err, diff)
			}
			return
		}
		checkDocument(t, after.Document)
		if len(operations) != 1 || hasFilter(operations) {
			return
		}
		twice := after
		if err := patchIdentity(&twice, operations, limits); err != nil {
			t.Fatalf("the second time: %v", err)
		}
		if diff := cmp.Diff(after, twice); diff != "" {
			t.Fatalf("applied twice (-once +twice):\n%s", diff)
		}
	})
}

func hasFilter(operations []operation) bool {
	for _, op := range operations {
		values, _ := op.value.(resource.Object)
		for name := range values {
			if strings.Contains(name, "[") {
				return true
			}
		}
		if strings.Contains(op.path, "[") {
			return true
		}
	}
	return false
}

func checkDocument(t *testing.T, raw json.RawMessage) {
	doc, err := resource.DecodeDocument(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range doc {
		list, _ := value.([]any)
		if resource.Primaries(list) > 1 {
			t.Fatalf("%s has several primary values: %s", name, raw)
		}
		if resource.Clean(value) == nil {
			t.Fatalf("%s has no value: %s", name, raw)
		}
	}
}

// bodies returns every body that the traces send, placeholders and all.
func bodies(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/traces/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no traces", err)
	}
	var out [][]byte
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var trace struct {
			Steps []struct{ Body json.RawMessage }
		}
		if err := json.Unmarshal(raw, &trace); err != nil {
			f.Fatal(err)
		}
		for _, step := range trace.Steps {
			if step.Body != nil {
				out = append(out, step.Body)
			}
		}
	}
	return out
}
