package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Confirm is the flag --yes of a command that does what cannot be undone.
type Confirm struct {
	// Scripts says that a command without a terminal goes on without --yes, as it
	// did before it asked.
	Scripts bool
	yes     bool
}

// Flag adds the flag.
func (c *Confirm) Flag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask; for scripts")
}

// Given reports whether the command may go on without asking.
func (c *Confirm) Given(a *App) bool { return c.yes || c.Scripts && !a.Interactive() }

// Ask asks at the terminal to type word before something happens that text
// tells of. Without a terminal it is a misuse, unless [Confirm.Given].
func (c *Confirm) Ask(a *App, text, word string) error {
	if c.Given(a) {
		return nil
	}
	if !a.Interactive() {
		return Misuse("%s; --yes says that it is meant", text)
	}
	fmt.Fprintf(a.Stderr, "%s.\nType %s to go on: ", text, word)
	line, err := bufio.NewReader(a.In()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != word {
		return errors.New("that was not typed, and nothing was changed")
	}
	return nil
}

// In returns where a person types.
func (a *App) In() io.Reader {
	if a.Stdin != nil {
		return a.Stdin
	}
	return os.Stdin
}

// Interactive reports whether a person types at a terminal.
func (a *App) Interactive() bool {
	if a.Terminal != nil {
		return a.Terminal()
	}
	return term.IsTerminal(int(os.Stdin.Fd()))
}
