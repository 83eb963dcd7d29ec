package deskbridge_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted    = regexp.MustCompile("`([^`\n]+)`")
	fileName  = regexp.MustCompile(`^[a-z0-9_./-]*/[a-z0-9_.-]+$|^[a-z0-9_]+\.go$`)
	qualified = regexp.MustCompile(`^([a-z]+)(?:\.[A-Z]\w*)*\.(\w+)$`)
)

// TestPagesNameWhatIsThere finds files, folders and names of the program that
// the pages about the house speak of and that are not there (any more): what
// looks like a path, and what looks like a name with its package.
func TestPagesNameWhatIsThere(t *testing.T) {
	paths, names := inventory(t)
	pages, err := filepath.Glob("docs/house/*.md")
	if err != nil || len(pages) < 3 {
		t.Fatalf("the house has the pages %v, %v", pages, err)
	}
	for _, page := range append(pages, "CONTRIBUTING.md", "docs/glossary.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			word := strings.TrimSuffix(m[1], "/")
			if fileName.MatchString(word) && !strings.HasPrefix(word, "/") && !strings.HasPrefix(word, "testdata/") && !paths[word] {
				t.Errorf("%s: there is no %s", page, word)
			}
			if q := qualified.FindStringSubmatch(word); q != nil && names[q[1]] != nil && !paths[word] && !names[q[1]][q[2]] {
				t.Errorf("%s: package %s has no %s", page, q[1], word)
			}
		}
	}
}

// inventory returns what the module has: paths from its root, files by their
// name alone too; and the names that its packages declare, by the last element
// of the package's path.
func inventory(t *testing.T) (paths map[string]bool, names map[string]map[string]bool) {
	t.Helper()
	paths, names = make(map[string]bool), make(map[string]map[string]bool)
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && file != ".":
			return fs.SkipDir
		}
		paths[file], paths[entry.Name()] = true, true
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		of := path.Base(path.Dir(file))
		if names[of] == nil {
			names[of] = make(map[string]bool)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[of][n.Name.Name] = true
				return false
			case *ast.TypeSpec:
				names[of][n.Name.Name] = true
			case *ast.ValueSpec:
				note(names[of], n.Names)
			case *ast.Field:
				note(names[of], n.Names)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths, names
}

func note(names map[string]bool, idents []*ast.Ident) {
	for _, ident := range idents {
		names[ident.Name] = true
	}
}
