package deskbridge_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// What a room may hold. Beyond that it is two.
const (
	maxFiles            = 20
	maxLines            = 2800
	maxTypeMethods      = 45
	maxInterfaceMethods = 30 // its own; what it embeds is counted where it is declared
)

// maxConnectorLines is what a connector to a help desk may have, with the folders below it:
// the tenth must be as short as the first, and what they do alike is in desk/kit.
const maxConnectorLines = 1300

// longConnectors are those that have more, with their lines, which may only shrink.
var longConnectors = map[string]int{
	"desk/zammad": 1585,
}

// noConnectors are the folders in desk that are none.
var noConnectors = []string{"desk/builtin", "desk/desktest", "desk/kit"}

func TestConnectorsAreShort(t *testing.T) {
	for _, p := range connectorSizes(t, os.DirFS("."), longConnectors) {
		t.Error(p)
	}
}

func TestLongConnectorsAreFound(t *testing.T) {
	lines := func(n int) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package a\n" + strings.Repeat("\n", n-1))}
	}
	got := connectorSizes(t, fstest.MapFS{
		"desk/a.go": lines(5000), "desk/kit/a.go": lines(5000), "desk/short/a.go": lines(1300), "desk/short/a_test.go": lines(5000),
		"desk/deep/a.go": lines(1000), "desk/deep/below/a.go": lines(301), "desk/grown/a.go": lines(1501), "desk/shrunk/a.go": lines(1400), "desk/done/a.go": lines(1200),
	}, map[string]int{"desk/grown": 1500, "desk/shrunk": 1500, "desk/done": 1400, "desk/gone": 1400})
	want := []string{
		"desk/deep has 1301 lines, of at most 1300; see which part of desk/kit does it already, or make one",
		"desk/done has 1200 lines, and no place in longConnectors any more",
		"desk/gone is in longConnectors, and not there",
		"desk/grown has 1501 lines, of at most 1500; see which part of desk/kit does it already, or make one",
		"desk/shrunk has 1400 lines: say so in longConnectors, which has 1500",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// connectorSizes returns which connectors are longer than they may be, or shorter than long says.
func connectorSizes(t *testing.T, root fs.FS, long map[string]int) (problems []string) {
	t.Helper()
	lines := make(map[string]int)
	for dir := range long {
		lines[dir] = 0
	}
	err := fs.WalkDir(root, "desk", func(file string, entry fs.DirEntry, err error) error {
		parts := strings.Split(file, "/")
		if err != nil || entry.IsDir() || len(parts) < 3 || slices.Contains(noConnectors, path.Join(parts[:2]...)) || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, file)
		lines[path.Join(parts[:2]...)] += bytes.Count(source, []byte("\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range slices.Sorted(maps.Keys(lines)) {
		n, most := lines[dir], max(long[dir], maxConnectorLines)
		switch {
		case n == 0:
			problems = append(problems, fmt.Sprintf("%s is in longConnectors, and not there", dir))
		case n > most:
			problems = append(problems, fmt.Sprintf("%s has %d lines, of at most %d; see which part of desk/kit does it already, or make one", dir, n, most))
		case long[dir] > 0 && n <= maxConnectorLines:
			problems = append(problems, fmt.Sprintf("%s has %d lines, and no place in longConnectors any more", dir, n))
		case long[dir] > n:
			problems = append(problems, fmt.Sprintf("%s has %d lines: say so in longConnectors, which has %d", dir, n, long[dir]))
		}
	}
	return problems
}

// roomy are the packages that may hold more files and lines: each is one table,
// one element, or one small product a file.
var roomy = []string{"store", "sso/saml", "desk/builtin", "bench"}

func TestSizes(t *testing.T) {
	problems, packages := sizes(t, os.DirFS("."))
	if packages < 30 {
		t.Errorf("only %d packages were looked at: is this the root of the module?", packages)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func TestSizesAreFound(t *testing.T) {
	methods := func(n int, format string) string {
		var out strings.Builder
		for i := range n {
			fmt.Fprintf(&out, format, i)
		}
		return out.String()
	}
	files := fstest.MapFS{
		"types/a.go":      {Data: []byte("package types\n\ntype T struct{}\n" + methods(23, "func (t *T) M%d() {}\n"))},
		"types/b.go":      {Data: []byte("package types\n" + methods(23, "func (T) N%d() {}\n"))},
		"types/a_test.go": {Data: []byte("package types\n" + methods(50, "func (T) O%d() {}\n"))},
		"faces/a.go":      {Data: []byte("package faces\n\ntype I interface {\n" + methods(31, "\tM%d()\n") + "}\n\ntype J interface {\n\tI\n\tN()\n}\n")},
		"lines/a.go":      {Data: []byte("package lines\n" + strings.Repeat("\n", maxLines))},
		"store/a.go":      {Data: []byte("package store\n" + strings.Repeat("\n", maxLines))},
	}
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("many/f%d.go", i)] = &fstest.MapFile{Data: []byte("package many\n")}
	}
	got, _ := sizes(t, files)
	want := []string{
		"faces: interface I declares 31 methods, of at most 30; cut it by who uses what",
		"lines has 2801 lines, of at most 2800; cut it by what it decides",
		"many has 21 files, of at most 20; cut it by what it decides",
		"types: type T has 46 methods, of at most 45; cut it by who calls what",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// sizes returns which packages in root are too large, and how many packages it
// has looked at. Tests do not count.
func sizes(t *testing.T, root fs.FS) (problems []string, packages int) {
	t.Helper()
	byFolder := make(map[string][]string)
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if file != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if dir := path.Dir(file); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !isTest(dir) {
			byFolder[dir] = append(byFolder[dir], file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range slices.Sorted(maps.Keys(byFolder)) {
		problems = append(problems, sizeOf(t, root, dir, byFolder[dir])...)
	}
	return problems, len(byFolder)
}

func sizeOf(t *testing.T, root fs.FS, dir string, files []string) (problems []string) {
	t.Helper()
	lines, methods, declared := 0, make(map[string]int), make(map[string]int)
	for _, file := range files {
		source, err := fs.ReadFile(root, file)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(source, []byte("\n"))
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			count(d, methods, declared)
		}
	}
	if !slices.Contains(roomy, dir) {
		if len(files) > maxFiles {
			problems = append(problems, fmt.Sprintf("%s has %d files, of at most %d; cut it by what it decides", dir, len(files), maxFiles))
		}
		if lines > maxLines {
			problems = append(problems, fmt.Sprintf("%s has %d lines, of at most %d; cut it by what it decides", dir, lines, maxLines))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if n := declared[name]; n > maxInterfaceMethods {
			problems = append(problems, fmt.Sprintf("%s: interface %s declares %d methods, of at most %d; cut it by who uses what", dir, name, n, maxInterfaceMethods))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if n := methods[name]; n > maxTypeMethods && dir != "store" {
			problems = append(problems, fmt.Sprintf("%s: type %s has %d methods, of at most %d; cut it by who calls what", dir, name, n, maxTypeMethods))
		}
	}
	return problems
}

// count adds what d declares: methods by their receiver, and those of
// interfaces.
func count(d ast.Decl, methods, declared map[string]int) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			methods[receiver(d.Recv.List[0].Type)]++
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			spec, ok := s.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if face, ok := spec.Type.(*ast.InterfaceType); ok {
				for _, m := range face.Methods.List {
					declared[spec.Name.Name] += len(m.Names)
				}
			}
		}
	}
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
