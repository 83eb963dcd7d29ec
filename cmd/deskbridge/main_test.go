package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets tests run the program itself, as the command deskbridge.
func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"deskbridge": main})
}

// built is where tests put what they build.
var built string

// cleaned runs tests, and removes what they built.
type cleaned struct{ tests *testing.M }

func (c cleaned) Run() int {
	var err error
	if built, err = os.MkdirTemp("", "deskbridge"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(built)
	return c.tests.Run()
}

// program builds the program, into a directory that [TestMain] removes, as it is
// shipped: of packages that the checks of test/run.sh have compiled already. The
// race detector would find nothing in a command that runs alone, but has each wait
// for a second before it ends; the commands that tests run within their own process
// are watched by it.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "deskbridge")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

// shipped makes the command deskbridge the program as it is shipped, and no more
// this test binary under another name.
func shipped(t *testing.T) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	command, err := exec.LookPath("deskbridge")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(command); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, command); err != nil {
		t.Fatal(err)
	}
}

// TestScripts runs the command lines in testdata/script. Beside testscript's
// own commands they have `status N command…`, which wants exit status N.
func TestScripts(t *testing.T) {
	shipped(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("DESKBRIDGE_DATA_DIR", env.WorkDir+"/data")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"status": wantStatus},
	})
}

func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("usage: status N command [args…]")
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
