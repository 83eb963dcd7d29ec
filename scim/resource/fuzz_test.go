package resource

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"
)

// FuzzRead checks that what was read can be read again and is then the same,
// and that errors are the client's.
func FuzzRead(f *testing.F) {
	for _, body := range bodies(f) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := DecodeObject(body)
		if err == nil {
			in, err = User.Read(in)
		}
		if err != nil {
			if e, ok := errors.AsType[scimerrors.ScimError](err); !ok || e.Status != 400 {
				t.Fatal(err)
			}
			return
		}
		once := asJSON(t, in)
		again, err := User.Read(parse(t, once))
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if diff := cmp.Diff(once, asJSON(t, again)); diff != "" {
			t.Fatalf("read twice (-once +twice):\n%s", diff)
		}
	})
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
