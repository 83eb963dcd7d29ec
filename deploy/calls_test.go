package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/test/servicetest"
)

// traced runs README with the program of an unpacked archive under strace, and
// compares the system calls with what the unit lets it do: its filter, and
// MemoryDenyWriteExecute.
func traced(t *testing.T, folder string) {
	servicetest.Need(t, "DESKBRIDGE_TEST_SYSTEMD_ANALYZE")
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal(err)
	}
	programs, traces := t.TempDir(), t.TempDir()
	// -D: whoever ends the program ends the program, not its tracer.
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' -D -f -qq -o '%s/'$$ '%s' \"$@\"\n", strace, traces, filepath.Join(folder, "deskbridge"))
	if err := os.WriteFile(filepath.Join(programs, "deskbridge"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	readme(t, folder, programs)

	allowed := allowedCalls(t)
	files, err := filepath.Glob(traces + "/*")
	if err != nil {
		t.Fatal(err)
	}
	called := make(map[string]bool)
	for _, file := range files {
		for line := range strings.Lines(read(t, file)) {
			m := regexp.MustCompile(`^\d+ +(\w+)\(`).FindStringSubmatch(line)
			if m == nil || called[m[1]] {
				continue
			}
			called[m[1]] = true
			// Only root is asked to: SQLite gives its files to the owner of the database.
			if !allowed[m[1]] && (m[1] != "fchown" || os.Getuid() != 0) {
				t.Errorf("the unit does not allow the system call %s", m[1])
			}
		}
		if text := read(t, file); regexp.MustCompile(`PROT_WRITE\|PROT_EXEC`).MatchString(text) {
			t.Error("memory is asked for that is writable and executable")
		}
	}
	if len(files) < 10 || len(called) < 30 || !called["fsync"] && !called["fdatasync"] {
		t.Errorf("only %d calls were seen, in %d processes", len(called), len(files))
	}
}

// allowedCalls returns the system calls that the unit's filter lets through, as
// systemd spells out its groups.
func allowedCalls(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), os.Getenv("DESKBRIDGE_TEST_SYSTEMD_ANALYZE"), "syscall-filter", "--no-pager").Output()
	if err != nil {
		t.Fatal(err)
	}
	groups, group := make(map[string][]string), ""
	for line := range strings.Lines(string(out)) {
		name := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "@"):
			group = name
		case name != "" && !strings.HasPrefix(name, "#") && group != "":
			groups[group] = append(groups[group], name)
		}
	}
	var members func(name string) []string
	members = func(name string) (calls []string) {
		for _, member := range groups[name] {
			if strings.HasPrefix(member, "@") {
				calls = append(calls, members(member)...)
			} else {
				calls = append(calls, member)
			}
		}
		return calls
	}
	allowed := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.*)$`).FindAllStringSubmatch(read(t, "systemd/deskbridge.service"), -1) {
		for _, name := range strings.Fields(m[2]) {
			calls := members(name)
			if len(calls) == 0 {
				t.Fatalf("systemd knows no group %s", name)
			}
			for _, call := range slices.Compact(calls) {
				allowed[call] = m[1] == ""
			}
		}
	}
	return allowed
}
