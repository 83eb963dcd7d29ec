package remote

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// Execute runs a command line with an App, and returns its exit status.
type Execute func(ctx context.Context, a *command.App, args []string) int

// Mount has a server run commands for whoever shows a token of the admin API.
func Mount(sys *server.System, execute Execute) {
	sys.Command = func(w http.ResponseWriter, r *http.Request, who *admin.Actor, name string) error {
		c, err := allowed(who, name)
		if err != nil {
			return err
		}
		var run admin.Run
		if err := json.NewDecoder(r.Body).Decode(&run); err != nil {
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				return provision.Errorf(provision.Limited, "", "the files are too large to be sent")
			}
			return provision.Errorf(provision.Invalid, "", "the body is not the JSON of a command")
		}
		out := http.NewResponseController(w)
		// All has been read. A limit of time for reading would end the request.
		if err := out.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		w.Header().Set("Content-Type", admin.SaidType)
		w.Header().Set("X-Accel-Buffering", "no") // nginx would keep progress back
		c.run(r.Context(), sys, who, run, &saying{to: json.NewEncoder(w), flush: out.Flush, deadline: out.SetWriteDeadline}, execute)
		return nil
	}
}

// allowed returns the command of a name, if who may run it.
func allowed(who *admin.Actor, name string) (Command, error) {
	i := slices.IndexFunc(Commands, func(c Command) bool { return c.address() == name })
	if i < 0 || Commands[i].Why != "" {
		return Command{}, provision.Errorf(provision.NotFound, "command", "this server runs no such command for others; it may be of another release than the command line")
	}
	return Commands[i], mayAll(who, Commands[i].Verbs)
}

func mayAll(who *admin.Actor, verbs []admin.Verb) error {
	for _, v := range verbs {
		if err := who.May(v); err != nil {
			return err
		}
		if who.LimitedTo(v) { // a command shows and changes more than one team or mailbox
			return provision.Refuse(admin.ReasonRole, "mailbox managers draft and apply by the admin API; commands reach beyond their teams and mailboxes")
		}
	}
	return nil
}

// run runs a command that who may run, and says what it says.
func (c Command) run(ctx context.Context, sys *server.System, who *admin.Actor, run admin.Run, to *saying, execute Execute) {
	typed := &typing{asked: to.drop} // without an answer, what follows is that there is none; with one, what came before was said
	if to.waits = run.Typed != nil; to.waits {
		typed.answer = []byte(*run.Typed)
	}
	a := &command.App{Stdout: output.Visible(stream{to, false}), Stderr: output.Visible(stream{to, true}), Stdin: typed, Terminal: func() bool { return run.Terminal },
		Hosted: &command.Hosted{System: sys, Files: run.Files, Cause: who.Cause("deskbridge "+c.Path, who.Request), Check: func(cmd *cobra.Command) error { return c.check(cmd, who) }}}
	for name, value := range run.Environment {
		a.Environ = append(a.Environ, name+"="+value)
	}
	status := execute(ctx, a, append(strings.Fields(c.Path), run.Arguments...))
	if run.Typed == nil && typed.read {
		to.end(admin.Said{Asks: true})
		return
	}
	to.end(admin.Said{Status: &status})
}

// check refuses a command line that means another command than was asked for, or has
// a flag that needs more, or none may give from elsewhere.
func (c Command) check(cmd *cobra.Command, who *admin.Actor) error {
	if pathOf(cmd) != c.Path {
		return command.Misuse("this is another command than %s", c.Path)
	}
	for _, flag := range ours {
		if f := cmd.Flags().Lookup(flag); f != nil && f.Changed {
			return command.Misuse("--%s is for the command line itself", flag)
		}
	}
	for flag, instead := range c.Local {
		if cmd.Flags().Changed(flag) {
			return command.Misuse("--%s cannot be given from elsewhere: %s", flag, instead)
		}
	}
	for flag, verbs := range c.Flags {
		if cmd.Flags().Changed(flag) {
			if err := mayAll(who, verbs); err != nil {
				return err
			}
		}
	}
	return nil
}

// saying writes the lines of an answer, in the order of what a command prints.
type saying struct {
	to       *json.Encoder
	flush    func() error
	deadline func(time.Time) error // for what is written next

	mu    sync.Mutex
	held  []byte // of one stream, and not sent yet
	err   bool   // which one that is
	waits bool   // what goes to standard error is kept until it is known whether it was said before
	kept  []byte
	muted bool
	gone  bool // the client is: the request's context ends, too
}

const (
	atOnce   = 32 << 10         // how much is sent in one line
	lineTime = 30 * time.Second // for one line to be taken
)

func (s *saying) write(p []byte, err bool) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return 0, io.ErrClosedPipe
	case s.muted:
	case s.waits && err:
		s.kept = append(s.kept, p...)
	default:
		if s.err != err {
			s.send()
		}
		s.held, s.err = append(s.held, p...), err
		if err || len(s.held) >= atOnce {
			s.send()
		}
	}
	return len(p), nil
}

func (s *saying) send() {
	switch {
	case len(s.held) == 0:
	case s.err:
		s.line(admin.Said{Err: string(s.held)})
	default:
		s.line(admin.Said{Out: string(s.held)})
	}
	s.held = s.held[:0]
}

func (s *saying) line(line admin.Said) {
	if s.gone {
		return
	}
	// Each line has its time: a command may take longer than an answer may else, and
	// who does not read keeps none running.
	if err := s.deadline(time.Now().Add(lineTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.gone = true
		return
	}
	if err := s.to.Encode(line); err != nil {
		s.gone = true
		return
	}
	_ = s.flush() // a writer that cannot sends at the end
}

// drop is called when the command asks: once it has asked what was asked before, what
// it said until then is no news; and where nobody has answered, what it says from then
// on.
func (s *saying) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.muted = !s.waits
	s.waits, s.kept = false, nil
}

// end sends what is left, and the last line.
func (s *saying) end(last admin.Said) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send()
	if len(s.kept) > 0 { // the command did not ask again
		s.line(admin.Said{Err: string(s.kept)})
	}
	s.line(last)
}

// stream is one of the two that a command prints to.
type stream struct {
	to  *saying
	err bool
}

// Write is part of [io.Writer]. What is written ends with a whole character: see
// [output.Visible].
func (s stream) Write(p []byte) (int, error) { return s.to.write(p, s.err) }

// typing is what somebody types who is elsewhere. Reading it without an answer fails:
// the command ends there, and is run again with one.
type typing struct {
	answer []byte // nil: there is none yet
	asked  func() // is called at the first reading
	read   bool
}

var errUnanswered = errors.New("nobody has answered yet")

// Read is part of [io.Reader].
func (t *typing) Read(p []byte) (int, error) {
	if !t.read {
		t.read = true
		t.asked()
	}
	if t.answer == nil {
		return 0, errUnanswered
	}
	n := copy(p, t.answer)
	if t.answer = t.answer[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
