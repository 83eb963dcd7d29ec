//go:build unix && !linux

package processtest

import (
	"os/exec"
	"syscall"
)

// prepare puts cmd at the head of a group of its own. Here no kernel ends it
// with us: a test binary that is killed leaves its servers behind.
func prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// lead starts cmd, says how that went, and waits for its end.
func lead(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	err := cmd.Start()
	started <- err
	if err == nil {
		cmd.Wait() //nolint:errcheck // we end it by a signal
	}
	close(ended)
}
