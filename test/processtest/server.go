package processtest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/test/servicetest"
)

const (
	startTime = 90 * time.Second // on a machine that has much else to do
	stopTime  = 5 * time.Second  // from being asked to end until being made to
)

// Server is a program that runs while a test does.
type Server struct {
	// Name is how the test's log calls it.
	Name string
	// Command makes the command: a new one for each start.
	Command func() *exec.Cmd
	// Ready is a URL that answers once the server does, whatever the status
	// below 500. Empty: there is nothing to wait for.
	Ready string

	t     *testing.T
	log   buffer
	mu    sync.Mutex // over cmd and ended
	cmd   *exec.Cmd
	ended chan struct{}
}

// Start runs s until the test ends, and returns when it is ready.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	servicetest.Need(t)
	s.t = t
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("the log of %s:\n%s", s.Name, s.log.extract())
		}
	})
	s.run()
}

// Restart ends s and starts it afresh, for what it reads only once.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.run()
}

// run starts the command and waits until it is ready.
func (s *Server) run() {
	s.t.Helper()
	cmd := s.Command()
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	prepare(cmd)
	started, ended := make(chan error), make(chan struct{})
	go lead(cmd, started, ended)
	if err := <-started; err != nil {
		s.t.Fatalf("%s: %v; run `make test`, which installs what the tests need", s.Name, err)
	}
	s.mu.Lock()
	s.cmd, s.ended = cmd, ended
	s.mu.Unlock()
	for end := time.Now().Add(startTime); !s.ready(); time.Sleep(100 * time.Millisecond) {
		select {
		case <-ended:
			s.t.Fatalf("%s ended before it was ready", s.Name)
		default:
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s is not ready after %s", s.Name, startTime)
		}
	}
}

func (s *Server) ready() bool {
	if s.Ready == "" {
		return true
	}
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get(s.Ready)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode < 500
}

// Stop ends s and all its processes: politely first. Stopping twice is no
// mistake.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	group := -s.cmd.Process.Pid
	syscall.Kill(group, syscall.SIGTERM) //nolint:errcheck // it may have ended by itself
	select {
	case <-s.ended:
	case <-time.After(stopTime):
	}
	syscall.Kill(group, syscall.SIGKILL) //nolint:errcheck // whoever is left
	<-s.ended
	s.cmd = nil
}

// Address returns a loopback address that nobody listens on.
func Address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// buffer is a log that a process writes and a test reads.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// shownLines is how much of a log is shown from its beginning, and as much from
// its end: one tells what was wrong from the start, the other what came last.
const shownLines = 30

func (b *buffer) extract() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.SplitAfter(b.b.String(), "\n")
	if over := len(lines) - 2*shownLines; over > 0 {
		lines = slices.Concat(lines[:shownLines], []string{fmt.Sprintf("… %d lines …\n", over)}, lines[shownLines+over:])
	}
	return strings.Join(lines, "")
}
