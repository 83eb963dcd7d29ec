package patch

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// FuzzPatch checks that a PATCH that fails changes nothing, that one that
// succeeds leaves at most one value of an attribute primary and no attribute
// without a value, and that a single operation without value filter can be
// repeated: the second time it changes nothing.
func FuzzPatch(f *testing.F) {
	for _, body := range bodies(f) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := resource.DecodeObject(body)
		if err != nil {
			return
		}
		operations, err := Read(in, limits)
		if err != nil {
			return
		}
		before := provision.Identity{UserName: "ada", Status: provision.StatusActive, Document: []byte(
			`{"active":true,"emails":[{"primary":true,"type":"work","value":"a@x"},{"type":"home","value":"h@x"}],"name":{"givenName":"Ada"},"schemas":["` + resource.UserURN + `"],"urn:x:User":{"tag":"1"},"userName":"ada"}`)}
		after := before
		if err := User(&after, operations, limits); err != nil {
			if e, ok := errors.AsType[scimerrors.ScimError](err); !ok || e.Status != 400 {
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
		if err := User(&twice, operations, limits); err != nil {
			t.Fatalf("the second time: %v", err)
		}
		if diff := cmp.Diff(after, twice); diff != "" {
			t.Fatalf("applied twice (-once +twice):\n%s", diff)
		}
	})
}

func hasFilter(operations []Operation) bool {
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
	var doc resource.Object
	if err := json.Unmarshal(raw, &doc); err != nil {
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
	files, err := filepath.Glob("../testdata/traces/*.json")
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
