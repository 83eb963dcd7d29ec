// Package deploy_test judges what helps to install Deskbridge: with the tools
// of those who use it, and by trying it.
package deploy_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/test/servicetest"
)

// maxExposure is what systemd's judgement of the unit may be, from 0 (it may do
// nothing) to 10. What is left of it is the network, and the clock's device.
const maxExposure = 1.2

func TestUnitIsHardened(t *testing.T) {
	servicetest.Need(t, "DESKBRIDGE_TEST_SYSTEMD_ANALYZE")
	out, err := exec.CommandContext(t.Context(), os.Getenv("DESKBRIDGE_TEST_SYSTEMD_ANALYZE"), "security", "--offline=true", "--no-pager", "systemd/deskbridge.service").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := regexp.MustCompile(`Overall exposure level for deskbridge.service: ([0-9.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no judgement in\n%s", out)
	}
	exposure, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil || exposure > maxExposure {
		t.Errorf("the exposure is %v, more than %v\n%s", exposure, maxExposure, out)
	}
}

func TestUnitIsVerified(t *testing.T) {
	servicetest.Need(t, "DESKBRIDGE_TEST_SYSTEMD_ANALYZE")
	unit, err := os.ReadFile("systemd/deskbridge.service")
	if err != nil {
		t.Fatal(err)
	}
	if problems := verify(t, string(unit)); problems != "" {
		t.Errorf("systemd says:\n%s", problems)
	}
	// The judgement itself: a key that does not exist, a value that cannot be.
	for _, mistake := range []string{"ProtectSytem=strict", "Restart=sometimes"} {
		broken := strings.Replace(string(unit), "[Service]\n", "[Service]\n"+mistake+"\n", 1)
		if verify(t, broken) == "" {
			t.Errorf("systemd does not find %q", mistake)
		}
	}
}

// verify returns what systemd has to say against a unit whose program is there.
func verify(t *testing.T, unit string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit = strings.ReplaceAll(unit, "/usr/local/bin/deskbridge", self)
	file := filepath.Join(t.TempDir(), "deskbridge.service")
	if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Getenv("DESKBRIDGE_TEST_SYSTEMD_ANALYZE"), "verify", "--man=no", file)
	out, err := cmd.CombinedOutput()
	if _, isExit := errors.AsType[*exec.ExitError](err); err != nil && !isExit {
		t.Fatal(err)
	}
	var ours []string // other units of this machine are none of our business
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "deskbridge.service") {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}

func TestAlertRules(t *testing.T) {
	servicetest.Need(t, "DESKBRIDGE_TEST_PROMTOOL")
	for _, args := range [][]string{{"check", "config", "scrape.yaml"}, {"test", "rules", "rules_test.yaml"}} {
		cmd := exec.CommandContext(t.Context(), os.Getenv("DESKBRIDGE_TEST_PROMTOOL"), args...)
		cmd.Dir = "prometheus"
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "SUCCESS") {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
