package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/provision"
)

// usageError is a command line that cannot be run.
type usageError struct{ error }

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

// Explain returns err for people: an error of the core is its detail.
func Explain(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Detail != "" {
		return e.Detail
	}
	return err.Error()
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
				return Misuse("unknown command %q; `%s --help` lists them", args[0], c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(children...)
	return cmd
}
