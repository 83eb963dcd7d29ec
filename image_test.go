package deskbridge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// TestImageHasWhatTheBuildReads finds files that the program is built from and
// that .dockerignore keeps from the image's build, and lines of it that let in
// nothing that the build reads.
func TestImageHasWhatTheBuildReads(t *testing.T) {
	text, err := os.ReadFile(".dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range judgeIgnored(t, string(text), buildReads(t, ".")) {
		t.Error(problem)
	}
}

// TestIgnoredFilesAreFound checks judgeIgnored itself.
func TestIgnoredFilesAreFound(t *testing.T) {
	reads := []string{"go.mod", "cmd/a/main.go", "store/b.go", "store/sql/00001.sql"}
	for _, tt := range []struct {
		name, ignore string
		want         []string
	}{
		{"all is let in", "*\n!go.mod\n!cmd\n!store\n", nil},
		{"a folder is missing", "*\n!go.mod\n!cmd\n", []string{
			"store/b.go is kept from the build", "store/sql/00001.sql is kept from the build"}},
		{"a folder is let in that nobody reads", "*\n!go.mod\n!cmd\n!store\n!admin\n", []string{"!admin lets in nothing that the build reads"}},
		{"what is embedded is left out later", "*\n!go.mod\n!cmd\n!store\n**/*.sql\n", []string{"store/sql/00001.sql is kept from the build"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := judgeIgnored(t, tt.ignore, reads); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestImageTreeBuilds copies what .dockerignore lets in to an empty folder, and
// asks go list whether the program is whole there.
func TestImageTreeBuilds(t *testing.T) {
	text, err := os.ReadFile(".dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	patterns := ignorePatterns(t, string(text))
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copied := 0
	err = filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == "." {
			return err
		}
		if entry.IsDir() {
			if !slices.ContainsFunc(patterns, func(p string) bool {
				name, isException := strings.CutPrefix(p, "!")
				return isException && (within(file, name) || within(name, file))
			}) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, file), 0o700)
		}
		if out, err := ignored.MatchesOrParentMatches(file); err != nil || out {
			return err
		}
		copied++
		return copyFile(filepath.Join(dir, file), file)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := buildReads(t, dir); len(got) < 100 || copied < len(got) {
		t.Errorf("the program is built from %d files, of %d that .dockerignore lets in", len(got), copied)
	}
}

// TestOneBuildLine checks that the program is built alike by make build, in the
// image, and for a release.
func TestOneBuildLine(t *testing.T) {
	const line = `go build -trimpath -ldflags`
	const flags = `-s -w -X main.release=$VERSION`
	for _, file := range []string{"Makefile", "Dockerfile", "deploy/release.sh"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.NewReplacer("$(VERSION)", "$VERSION", "${VERSION}", "$VERSION", "$version", "$VERSION").Replace(string(text))
		for _, want := range []string{line, flags, "CGO_ENABLED=0", "./cmd/deskbridge"} {
			if !strings.Contains(plain, want) {
				t.Errorf("%s does not say %q", file, want)
			}
		}
	}
}

// judgeIgnored returns what is wrong with the text of a .dockerignore, when a
// build reads files.
func judgeIgnored(t *testing.T, text string, reads []string) (problems []string) {
	t.Helper()
	patterns := ignorePatterns(t, text)
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range reads {
		out, err := ignored.MatchesOrParentMatches(file)
		if err != nil {
			t.Fatal(err)
		}
		if out {
			problems = append(problems, file+" is kept from the build")
		}
	}
	for _, pattern := range patterns {
		name, isException := strings.CutPrefix(pattern, "!")
		if isException && !slices.ContainsFunc(reads, func(file string) bool { return within(file, name) }) {
			problems = append(problems, fmt.Sprintf("%s lets in nothing that the build reads", pattern))
		}
	}
	return problems
}

func ignorePatterns(t *testing.T, text string) []string {
	t.Helper()
	patterns, err := ignorefile.ReadAll(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return patterns
}

// buildReads returns which files of the module in dir the program is built
// from, on the systems that it is released for.
func buildReads(t *testing.T, dir string) []string {
	t.Helper()
	reads := []string{"go.mod", "go.sum"}
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Standard,Module,GoFiles,EmbedFiles", "./cmd/deskbridge", "./deploy/licences")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-mod=readonly -buildvcs=false")
		var problems bytes.Buffer
		cmd.Stderr = &problems
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, problems.String())
		}
		root, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct {
				Dir                 string
				Module              *struct{ Main bool }
				GoFiles, EmbedFiles []string
			}
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if p.Module == nil || !p.Module.Main {
				continue
			}
			folder, err := filepath.Rel(root, p.Dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range slices.Concat(p.GoFiles, p.EmbedFiles) {
				reads = append(reads, filepath.ToSlash(filepath.Join(folder, file)))
			}
		}
	}
	slices.Sort(reads)
	return slices.Compact(reads)
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}
