package pagetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Options say where and how a page is run.
type Options struct {
	Dir     string            // where the shell begins; should be empty
	Environ []string          // its environment; nothing else is in it
	Before  string            // shell commands that come before the page's
	Replace map[string]string // what a page says, and what is meant here
	Limit   time.Duration     // how long all of it may take
}

// Run runs the commands of a page and returns how many there were. The first
// that fails, and each that does not print what the page shows, fails the test.
func Run(t *testing.T, file string, o Options) int {
	t.Helper()
	n, problems, err := try(t.Context(), file, t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	return n
}

func try(ctx context.Context, file, notes string, o Options) (n int, problems []string, _ error) {
	blocks, err := Read(file)
	if err != nil {
		return 0, nil, err
	}
	var pairs []string
	for from, to := range o.Replace {
		pairs = append(pairs, from, to)
	}
	here := strings.NewReplacer(pairs...)
	var commands []Command
	for _, b := range blocks {
		if b.Runs() || b.SavedAs != "" {
			commands = append(commands, b.Commands()...)
		}
	}
	path := filepath.Join(notes, "script")
	if err := os.WriteFile(path, []byte(script(o.Before, commands, notes, here)), 0o600); err != nil {
		return 0, nil, err
	}
	ctx, stop := context.WithTimeout(ctx, o.Limit)
	defer stop()
	shell := exec.CommandContext(ctx, "bash", path)
	shell.Dir, shell.Env = o.Dir, o.Environ
	shell.Cancel = func() error { return shell.Process.Signal(os.Interrupt) }
	shell.WaitDelay = 10 * time.Second
	said, ended := shell.CombinedOutput()
	for i, c := range commands {
		out, err := os.ReadFile(outputOf(notes, i))
		if err != nil {
			return n, append(problems, fmt.Sprintf("%s:%d was not reached: %v\n%s", c.File, c.Line, ended, said)), nil
		}
		if _, err := os.Stat(outputOf(notes, i) + ".done"); err != nil {
			return n, append(problems, fmt.Sprintf("%s:%d: %v\n%s\nprinted\n%s", c.File, c.Line, ended, c.Shell, out)), nil
		}
		n++
		if missing, ok := Matches(replaceAll(c.Want, here), string(out)); !ok {
			problems = append(problems, fmt.Sprintf("%s:%d: %s\ndoes not print the line\n%s\nbut\n%s", c.File, c.Line, c.Shell, missing, out))
		}
	}
	return n, problems, nil
}

func replaceAll(lines []string, here *strings.Replacer) (out []string) {
	for _, line := range lines {
		out = append(out, here.Replace(line))
	}
	return out
}

func outputOf(notes string, i int) string { return filepath.Join(notes, strconv.Itoa(i)) }

// script returns what bash is to run: each command with its output in a file,
// until one fails. What they leave running ends with it.
func script(before string, commands []Command, notes string, here *strings.Replacer) string {
	var out strings.Builder
	out.WriteString("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\ntrap 'exit 130' INT\n" + before)
	for i, c := range commands {
		file := outputOf(notes, i)
		fmt.Fprintf(&out, "{\n%s\n} </dev/null >%[2]s 2>&1\n: >%[2]s.done\n", here.Replace(c.Shell), file)
	}
	return out.String()
}
