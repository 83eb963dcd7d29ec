package processtest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// prepare puts cmd at the head of a group of its own, and has the kernel end it
// when we end, however that comes about.
func prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
}

// lead starts cmd, says how that went, and waits for its end. The kernel takes
// the end of the thread that started cmd for ours: this one stays.
func lead(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	err := cmd.Start()
	started <- err
	if err == nil {
		cmd.Wait() //nolint:errcheck // we end it by a signal
	}
	close(ended)
}
