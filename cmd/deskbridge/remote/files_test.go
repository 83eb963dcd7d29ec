package remote

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// touches are calls by which a command reads or writes what belongs to the machine
// that it runs on.
var touches = regexp.MustCompile(`\bos\.(Open|OpenFile|ReadFile|WriteFile|Create|CreateTemp|Mkdir\w*|Remove\w*|Rename|Stat|ReadDir|DirFS|Getenv|LookupEnv|Environ|Stdin|Stdout)\b|\bconfig\.Read(Regular|Secret)\b|\bexec\.Command|\bconfig\.Load\b`)

// rooms are folders of commands that no server runs for others, or that are how it
// does.
var rooms = []string{"command", "server", "demo", "migrate", "remote", "delegation"}

// TestCommandsTouchNoMachine: what a server runs for somebody elsewhere reads and
// writes files, variables and programs by [command.App] alone, which has only what
// they have sent.
func TestCommandsTouchNoMachine(t *testing.T) {
	looked := 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		room, file, within := strings.Cut(path, "/")
		for _, r := range rooms {
			if entry.IsDir() && room == r {
				return fs.SkipDir
			}
		}
		if !within || entry.IsDir() || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			return err
		}
		looked++
		for i, line := range strings.Split(string(text), "\n") {
			if found := touches.FindString(line); found != "" && path != "draft/draft.go" { // whose Of is for files of this machine
				t.Errorf("%s:%d: %s: use command.App, which knows whose machine it is", path, i+1, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if looked < 30 {
		t.Errorf("only %d files were looked at", looked)
	}
}
