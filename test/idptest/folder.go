package idptest

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/deskbridge/deskbridge/test/servicetest"
)

// installed names the variable that says where test/signin.sh has put what no
// package of Debian's holds.
const installed = "DESKBRIDGE_TEST_SIGNIN"

// program returns the path of something that test/signin.sh installs.
func program(t *testing.T, name string) string {
	t.Helper()
	servicetest.Need(t)
	dir, ok := os.LookupEnv(installed)
	if !ok {
		t.Fatal(installed + " is not set; run `make test`, which starts what the tests need")
	}
	return filepath.Join(dir, name)
}

// folder is where an identity provider of one test keeps its data.
type folder struct {
	t    *testing.T
	path string
}

func newFolder(t *testing.T) folder { return folder{t, t.TempDir()} }

// join returns the path of a file in f.
func (f folder) join(name string) string { return filepath.Join(f.path, name) }

// make makes folders in f.
func (f folder) make(names ...string) {
	f.t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(f.join(name), 0o700); err != nil {
			f.t.Fatal(err)
		}
	}
}

// write writes a file in f, in one step: who reads it meanwhile finds the old
// one or the new one.
func (f folder) write(name string, content []byte) {
	f.t.Helper()
	path := f.join(name)
	f.make(filepath.Dir(name))
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		f.t.Fatal(err)
	}
}

// writeJSON writes v into a file in f.
func (f folder) writeJSON(name string, v any) {
	f.t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		f.t.Fatal(err)
	}
	f.write(name, text)
}

// copy writes all files of source into f.
func (f folder) copy(source fs.FS) {
	f.t.Helper()
	if err := os.CopyFS(f.path, source); err != nil {
		f.t.Fatal(err)
	}
}
