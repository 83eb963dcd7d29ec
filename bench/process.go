package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU times in /proc: 1/100 s on every Linux that Go runs
// on.
const tick = 10 * time.Millisecond

// stopTime is how long a server may take to end.
const stopTime = 25 * time.Second

// process is a server that was started for the benchmark.
type process struct {
	cmd  *exec.Cmd
	logs *os.File
}

// start runs a program whose output goes to a file.
func start(ctx context.Context, log string, environ []string, name string, args ...string) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), environ...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTime
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &process{cmd: cmd, logs: file}, nil
}

// stop ends the process and waits for it.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = p.cmd.Wait()
	_ = p.logs.Close()
}

// cpu returns the CPU time that the process has used so far.
func (p *process) cpu() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

// resident returns the resident memory of the process, in bytes.
func (p *process) resident() (int64, error) {
	fields, err := statusOf(p.cmd.Process.Pid, "VmRSS:")
	if err != nil {
		return 0, err
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10, err
}

// statusOf returns what stands behind name in the status of a process.
func statusOf(pid int, name string) ([]string, error) {
	file, err := os.Open(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			return strings.Fields(rest), nil
		}
	}
	return nil, fmt.Errorf("no %s for process %d", name, pid)
}

// cpuOf returns user and system time of a process.
func cpuOf(pid int) (time.Duration, error) {
	own, _, err := timesOf(pid)
	return own, err
}

// timesOf returns user and system time of a process, and of its children that
// have ended (proc(5): fields 14 to 17 of stat; the name before them may hold
// anything but ends with the last ')').
func timesOf(pid int) (own, ended time.Duration, _ error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	var times [4]int64
	for i := range times {
		if times[i], err = strconv.ParseInt(fields[11+i], 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(times[0]+times[1]) * tick, time.Duration(times[2]+times[3]) * tick, nil
}

// family returns the CPU time of a process and of its children, also of those
// that have ended.
func family(parent int) time.Duration {
	own, ended, _ := timesOf(parent)
	total := own + ended
	tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(parent), "task", "*", "children"))
	for _, file := range tasks {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for field := range strings.FieldsSeq(string(raw)) {
			if pid, err := strconv.Atoi(field); err == nil {
				used, _ := cpuOf(pid)
				total += used
			}
		}
	}
	return total
}

// tail returns the end of a log, for an error.
func tail(file string) string {
	const most = 2000
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	raw, _ := io.ReadAll(f)
	return string(raw[max(0, len(raw)-most):])
}
