package command

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision"
)

// usageError is a command line that cannot be run.
type usageError struct{ error }

// Unwrap lets [Explain] find an error of the core.
func (u usageError) Unwrap() error { return u.error }

// Misuse returns the error of a command line that cannot be run. The program
// ends with status 2 then.
func Misuse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// statusError ends the program with a status that is no failure.
type statusError int

// Error implements error.
func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Exit returns the error of a command that did its work, and ends with a status
// other than 0 to say what it found. Nothing is printed for it.
func Exit(status int) error { return statusError(status) }

// ExitStatus returns the status of an error that [Exit] has made; 0 when err is
// none.
func ExitStatus(err error) int {
	var s statusError
	if errors.As(err, &s) {
		return int(s)
	}
	return 0
}

// IsMisuse reports whether err says that the command line cannot be run.
func IsMisuse(err error) bool {
	var u usageError
	return errors.As(err, &u)
}

// ExitCodeFlag is the flag of commands that tell by their exit status what they
// found: 0 nothing, [StatusChanges] something, 1 that they failed, be it for a
// wrong command line.
const ExitCodeFlag = "exit-code"

// StatusChanges is the exit status of a command with --exit-code that found
// something, as with `terraform plan -detailed-exitcode`.
const StatusChanges = 2

// Explain returns err for people: an error of the core is its detail.
func Explain(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Detail != "" {
		return e.Detail
	}
	return err.Error()
}

// failure is an error as commands print it with --json.
type failure struct {
	Error struct {
		Message string `json:"message"`
		Code    string `json:"code,omitempty"` // of the core, or "misuse"
		Field   string `json:"field,omitempty"`
	} `json:"error"`
}

// FailJSON prints err for programs, when the command line asks for JSON and
// nothing else was printed: standard output is then one JSON text whatever
// happens. Standard error has it for people all the same.
func (a *App) FailJSON(cmd *cobra.Command, args []string, err error) error {
	asked := cmd != nil && cmd.Flags().Lookup("json") != nil && slices.ContainsFunc(args, func(arg string) bool { return arg == "--json" || arg == "--json=true" })
	if !asked || a.told {
		return nil
	}
	var out failure
	out.Error.Message = Explain(err)
	if e, ok := errors.AsType[*provision.Error](err); ok {
		out.Error.Code, out.Error.Field = string(e.Code), e.Field
	} else if IsMisuse(err) {
		out.Error.Code = "misuse"
	}
	return output.JSON(a.Stdout, out)
}

// Unknown is the misuse of a command that cmd does not have.
func Unknown(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return Misuse("unknown command %q; did you mean `%s %s`?", name, cmd.CommandPath(), near[0])
	}
	return Misuse("unknown command %q; `%s --help` lists them", name, cmd.CommandPath())
}

// CheckArgs makes wrong arguments of every command a misuse.
func CheckArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil || IsMisuse(err) {
				return err
			}
			return Misuse("%w; `%s --help` shows how", err, c.CommandPath())
		}
	}
	for _, child := range cmd.Commands() {
		CheckArgs(child)
	}
}

// Group returns a command that only holds others.
func Group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return Unknown(c, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(children...)
	return cmd
}

// Ended is the error of a command that a server has run, and that has said all there
// is to say: the program ends with its status. nil for 0.
func Ended(a *App, status int) error {
	a.told = true
	if status == 0 {
		return nil
	}
	return Exit(status)
}
