package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/offboarding"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
)

const (
	demoAddress = "127.0.0.1:8080"
	// demoTimeout is how long the demo waits for anything to happen.
	demoTimeout = 60 * time.Second
)

// Options say how the demo is played.
type Options struct {
	Dir  string // where to keep its data; "": a new temporary directory, which goes with it
	Exit bool   // end when the morning is over
	Out  io.Writer
	// Command runs one of the program's own commands, with its settings in
	// environ, as a process would, and returns what it printed.
	Command func(ctx context.Context, args, environ []string) ([]byte, error)
	// Settings reads the server's settings from environ.
	Settings func(environ []string) (config.Server, error)
}

// ErrOccupied says that there is a database in the directory for the demo's data.
var ErrOccupied = errors.New("holds a database already; the demo needs an empty directory")

// Run plays the morning. An error says that it could not be played, or that not
// all came out as planned.
func Run(ctx context.Context, o Options) error {
	temporary := o.Dir == ""
	if temporary {
		dir, err := os.MkdirTemp("", "deskbridge-demo-")
		if err != nil {
			return err
		}
		o.Dir = dir
	}
	m, err := newMorning(o)
	if err == nil {
		m.temporary = temporary
		err = m.run(ctx, o.Exit)
	}
	if !temporary {
		return err
	}
	if m != nil && err != nil {
		fmt.Fprintf(o.Out, "\nWhat it left is in %s: remove it when you have looked at it.\n", o.Dir)
		return err
	}
	if err := errors.Join(err, os.RemoveAll(o.Dir)); err != nil {
		return err
	}
	fmt.Fprintln(o.Out, "The demo's data is removed; --dir FOLDER would keep it.")
	return nil
}

// morning is one run of the demo.
type morning struct {
	options   Options
	temporary bool     // its data is removed when it ends
	environ   []string // the demo's settings
	log       io.WriteCloser
	out       io.Writer
	settings  config.Server
	openID    *openID // where the company's people sign in
	steps     int
	failures  []string
}

func newMorning(o Options) (*morning, error) {
	dir := o.Dir
	if _, err := os.Stat(filepath.Join(dir, "deskbridge.db")); err == nil {
		return nil, fmt.Errorf("%s %w", dir, ErrOccupied)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	address, err := freeAddress(demoAddress)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	provider, err := newOpenID()
	if err != nil {
		return nil, err
	}
	for _, p := range slices.Concat(supporters, leads, billers) {
		provider.know(p)
	}
	provider.know(partner, "Partner support", "Everybody")
	// The demo is a server of its own: settings of another one do not apply.
	environ := []string{
		"DESKBRIDGE_DATA_DIR=" + dir, "DESKBRIDGE_LISTEN=" + address, "DESKBRIDGE_GRACE=1s",
		"DESKBRIDGE_ALLOW_HOSTS=" + provider.listener.Addr().String(),
	}
	settings, err := o.Settings(environ)
	if err != nil {
		return nil, err
	}
	return &morning{options: o, environ: environ, log: log, out: o.Out, settings: settings, openID: provider}, nil
}

// freeAddress returns address when nobody listens there, else another port.
func freeAddress(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (m *morning) run(ctx context.Context, exit bool) error {
	defer m.log.Close()
	sys, err := server.Open(ctx, m.settings, server.NewLogger(m.settings, m.log))
	if err != nil {
		return err
	}
	defer sys.Close()
	sys.MountConsole(auditlog.Console, offboarding.Console)
	go m.openID.serve() //nolint:errcheck // it ends with the demo, when its listener is closed
	defer m.openID.close()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- sys.Serve(serving, ready) }()
	select {
	case <-ready:
	case err := <-ended:
		return err
	}
	fmt.Fprintf(m.out, "Deskbridge demo: a morning at Fjord & Co.\nserver %s · data %s · log %s\n",
		m.settings.PublicURL, m.settings.DataDir, filepath.Join(m.settings.DataDir, "server.log"))
	if err := m.play(ctx, sys); err != nil {
		stop()
		return errors.Join(err, <-ended)
	}
	ends := exit || len(m.failures) > 0
	m.summary(ends)
	if ends {
		stop()
		if err := <-ended; err != nil {
			return err
		}
		if len(m.failures) > 0 {
			return fmt.Errorf("%d of the demo's expectations did not come true", len(m.failures))
		}
		return nil
	}
	link, err := sys.FirstAdminLink(ctx)
	if err != nil {
		stop()
		return errors.Join(err, <-ended)
	}
	fmt.Fprintf(m.out, "\nThe console is at %s/admin/. This address makes its first admin, once:\n  %s\n", m.settings.PublicURL, link)
	fmt.Fprintln(m.out, "\nThe server keeps running. Ctrl-C ends it.")
	return <-ended
}

// step begins a part of the morning.
func (m *morning) step(format string, args ...any) {
	m.steps++
	fmt.Fprintf(m.out, "\n%d. %s\n", m.steps, fmt.Sprintf(format, args...))
}

func (m *morning) say(format string, args ...any) {
	fmt.Fprintf(m.out, "   %s\n", fmt.Sprintf(format, args...))
}

// check says whether an expectation came true, and remembers when it did not.
func (m *morning) check(ok bool, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if ok {
		m.say("✓ %s", what)
		return
	}
	m.say("✗ %s", what)
	m.failures = append(m.failures, what)
}

// until waits for something to come about, and checks that it did.
func (m *morning) until(ctx context.Context, what string, come func() (bool, error)) error {
	ok, err := m.comes(ctx, come)
	if err == nil {
		m.check(ok, "%s", what)
	}
	return err
}

// comes waits for something to come about, and reports whether it did.
func (m *morning) comes(ctx context.Context, come func() (bool, error)) (bool, error) {
	end := time.Now().Add(demoTimeout)
	for {
		ok, err := come()
		if ok || err != nil || time.Now().After(end) {
			return ok && err == nil, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// bar shows progress on a terminal, and nothing elsewhere.
func (m *morning) bar(n int, what string) *progressbar.ProgressBar {
	f, ok := output.Terminal(m.out)
	if !ok {
		return progressbar.DefaultSilent(int64(n))
	}
	return progressbar.NewOptions(n, progressbar.OptionSetDescription("   "+what), progressbar.OptionSetWriter(f),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowCount())
}

// self is how whoever runs the demo calls this program.
func self() string {
	if path, err := os.Executable(); err == nil && strings.Contains(path, "go-build") {
		return "go run ./cmd/deskbridge"
	}
	return os.Args[0]
}

// summary says where to look, in what goes on running or in what is left of it,
// and whether all came out as planned.
func (m *morning) summary(ends bool) {
	env := "DESKBRIDGE_DATA_DIR=" + m.settings.DataDir
	if !ends {
		env += " DESKBRIDGE_PUBLIC_URL=" + m.settings.PublicURL
	}
	if !ends || !m.temporary || len(m.failures) > 0 {
		fmt.Fprintf(m.out, "\nLook around:\n  export %s\n  %[2]s status\n  %[2]s explain ada@fjord.example\n  %[2]s audit verify\n", env, self())
	}
	if !ends {
		fmt.Fprintf(m.out, "  curl %[1]s/metrics\nSign in as one of them in a browser: %[1]s/sso/login, ada@fjord.example\n", m.settings.PublicURL)
	}
	if len(m.failures) == 0 {
		fmt.Fprintln(m.out, "\nAll came out as planned.")
		return
	}
	fmt.Fprintf(m.out, "\nNot as planned:\n  %s\n", strings.Join(m.failures, "\n  "))
}
