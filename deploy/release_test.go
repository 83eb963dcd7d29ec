package deploy_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/test/pagetest"
	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

const (
	version = "v0.0.0-test"
	epoch   = "1767225600" // 2026-01-01
	// patience is how long a new admin may wait for the program, from the
	// archive to the first person whose access the desk has confirmed, and lost.
	patience = 5 * time.Minute
)

// TestRelease makes a release twice, in two folders, and looks at what is in it.
func TestRelease(t *testing.T) {
	servicetest.Need(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(t.TempDir(), "dist")
	sums := release(t, root, dist)
	name := "deskbridge_" + version + "_linux_" + runtime.GOARCH

	t.Run("the same sources elsewhere give the same bytes", func(t *testing.T) {
		elsewhere := filepath.Join(t.TempDir(), "another", "folder")
		copyTree(t, elsewhere, root)
		if diff := cmp.Diff(sums, release(t, elsewhere, filepath.Join(t.TempDir(), "out"))); diff != "" {
			t.Errorf("SHA256SUMS (-here +elsewhere):\n%s", diff)
		}
	})
	for _, file := range []string{name + ".tar.gz", name + ".cdx.json"} {
		if !strings.Contains(sums, "  "+file+"\n") {
			t.Errorf("SHA256SUMS lacks %s:\n%s", file, sums)
		}
	}
	folder := filepath.Join(t.TempDir(), name)
	unpack(t, filepath.Join(dist, name+".tar.gz"), filepath.Dir(folder))
	program := filepath.Join(folder, "deskbridge")

	t.Run("the program is static, and says which release it is", func(t *testing.T) {
		file, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if libraries, err := file.ImportedLibraries(); err != nil && !errors.Is(err, elf.ErrNoSymbols) || len(libraries) > 0 {
			t.Errorf("it needs %v, %v", libraries, err)
		}
		if slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
			t.Error("it asks for a loader")
		}
		if out, err := exec.CommandContext(t.Context(), program, "version").Output(); err != nil || !strings.HasPrefix(string(out), "deskbridge "+version+" ") {
			t.Errorf("version: %s, %v", out, err)
		}
	})
	t.Run("every module is in the bill of materials, and has a licence", func(t *testing.T) {
		bill := readBill(t, filepath.Join(dist, name+".cdx.json"))
		licences := read(t, filepath.Join(folder, "THIRD-PARTY-LICENSES"))
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, module := range info.Deps {
			if !bill[module.Path+"@"+module.Version] {
				t.Errorf("the bill of materials lacks %s %s", module.Path, module.Version)
			}
			if !strings.Contains(licences, "\n"+module.Path+" "+module.Version+": ") {
				t.Errorf("THIRD-PARTY-LICENSES lacks %s %s", module.Path, module.Version)
			}
		}
		if len(info.Deps) < 40 {
			t.Errorf("the program says that it is made of %d modules only", len(info.Deps))
		}
	})
	t.Run("the settings for systemd are read", func(t *testing.T) {
		data := t.TempDir()
		cmd := exec.CommandContext(t.Context(), program, "--config", filepath.Join(folder, "deploy/systemd/deskbridge.yaml"), "migrate")
		cmd.Env = []string{"DESKBRIDGE_DATA_DIR=" + data}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("the unit lets it call what it calls", func(t *testing.T) { traced(t, folder) })
	t.Run("a new admin has somebody on a desk within minutes", func(t *testing.T) {
		began := time.Now()
		n := readme(t, folder, folder)
		t.Logf("%d commands in %s", n, time.Since(began).Round(time.Millisecond))
	})
}

// readme runs the README of an unpacked archive, and returns how many commands
// there were; deskbridge is that in programs. The machine has no Go, and little else.
func readme(t *testing.T, folder, programs string) int {
	t.Helper()
	tools := t.TempDir()
	for _, tool := range []string{"cat", "curl", "cut", "grep", "seq", "sleep"} {
		file, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(file, filepath.Join(tools, tool)); err != nil {
			t.Fatal(err)
		}
	}
	address := processtest.Address(t)
	n := pagetest.Run(t, filepath.Join(folder, "README.md"), pagetest.Options{
		Dir:     t.TempDir(),
		Environ: []string{"PATH=" + programs + ":" + tools, "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8", "DESKBRIDGE_LISTEN=" + address},
		Replace: map[string]string{"127.0.0.1:8080": address},
		Limit:   patience,
	})
	if n < 10 {
		t.Errorf("only %d commands of README were run", n)
	}
	return n
}

// release makes a release of the sources in root, and returns its SHA256SUMS.
func release(t *testing.T, root, dist string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "deploy/release.sh"))
	cmd.Env = append(os.Environ(), "VERSION="+version, "ARCHS="+runtime.GOARCH, "DIST="+dist, "SOURCE_DATE_EPOCH="+epoch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("deploy/release.sh: %v\n%s", err, out)
	}
	return read(t, filepath.Join(dist, "SHA256SUMS"))
}

// copyTree copies a checkout without what is hidden, and what builds and runs
// leave in it.
func copyTree(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		switch {
		case name != "." && strings.HasPrefix(name, "."), name == "dist", name == "bin", name == "data":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o600|info.Mode()&0o100)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unpack unpacks an archive, and checks that all that is in it is in one folder,
// is nobody's, and has one time.
func unpack(t *testing.T, archive, to string) {
	t.Helper()
	compressed, err := gzip.NewReader(strings.NewReader(read(t, archive)))
	if err != nil {
		t.Fatal(err)
	}
	if !compressed.ModTime.IsZero() || compressed.Name != "" {
		t.Errorf("the archive says when and from what it was made: %s %q", compressed.ModTime, compressed.Name)
	}
	for files := tar.NewReader(compressed); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.ModTime.Unix() != 1767225600 || !filepath.IsLocal(h.Name) {
			t.Errorf("%s is of %d:%d %q, from %s", h.Name, h.Uid, h.Gid, h.Uname, h.ModTime)
		}
		file := filepath.Join(to, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(file, 0o700)
		} else {
			var text bytes.Buffer
			if _, err = text.ReadFrom(files); err == nil {
				err = os.WriteFile(file, text.Bytes(), h.FileInfo().Mode())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// readBill returns the modules in a CycloneDX document.
func readBill(t *testing.T, file string) map[string]bool {
	t.Helper()
	var bill struct {
		BOMFormat  string `json:"bomFormat"`
		Components []struct{ Name, Version string }
		Metadata   struct{ Component struct{ Version string } }
	}
	if err := json.Unmarshal([]byte(read(t, file)), &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BOMFormat != "CycloneDX" || bill.Metadata.Component.Version != version {
		t.Errorf("it is a bill of %s of %q", bill.BOMFormat, bill.Metadata.Component.Version)
	}
	modules := make(map[string]bool)
	for _, c := range bill.Components {
		modules[c.Name+"@"+c.Version] = true
	}
	return modules
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
