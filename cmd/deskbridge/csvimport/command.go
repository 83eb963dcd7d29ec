package csvimport

import (
	"context"
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
)

// Imported is what an import prints with --json.
type Imported struct {
	DryRun    bool      `json:"dry_run"`
	Rows      int       `json:"rows"`
	Added     int       `json:"added"`
	Changed   int       `json:"changed"`
	Unchanged int       `json:"unchanged"`
	Refused   int       `json:"refused"` // after the rehearsal, which found nothing: the others were done
	Stopped   bool      `json:"stopped"` // by an error, after the rehearsal: the same file again does the rest
	Mistakes  []Mistake `json:"mistakes"`
	More      int       `json:"more_mistakes"` // beyond those that are told
}

// what became of a row.
type what int

const (
	unchanged what = iota
	added
	changed
)

func (i *Imported) count(w what) {
	switch w {
	case added:
		i.Added++
	case changed:
		i.Changed++
	case unchanged:
		i.Unchanged++
	}
}

// Command makes the commands of importing.
func Command(a *command.App) *cobra.Command {
	return command.Group("import", "Read people, groups and rules from CSV", peopleCommand(a), groupsCommand(a), rulesCommand(a))
}

// source is the connection that a file is for.
type source struct{ connection string }

func (s *source) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.connection, "connection", "", "the connection whose people these are, made with --idp csv")
}

// of returns the connection. Another kind than csv is refused: whatever its identity
// provider pushes next would undo the file.
func (s *source) of(ctx context.Context, sys *server.System) (provision.Connection, error) {
	if s.connection == "" {
		return provision.Connection{}, command.Misuse("say whose people these are: --connection NAME")
	}
	c, err := command.Connection(ctx, sys, s.connection)
	switch {
	case err != nil:
		return c, err
	case c.Removal != "":
		return c, c.Removal.Refuse("connection " + c.Name)
	case c.IdP != provision.IdPCSV:
		return c, provision.Errorf(provision.Invalid, "connection", "connection %s is of an identity provider (%s), which pushes its people itself; files have a connection of their own: `deskbridge connection add NAME --idp csv`", c.Name, c.IdP)
	}
	return c, nil
}

// importing makes a command that reads a file. do reads its rows and carries them out;
// dry says that it must not.
func importing(a *command.App, cmd *cobra.Command, noun [2]string, do func(ctx context.Context, sys *server.System, text []byte, dry bool, out *Imported, m *Mistakes, step func(rows, n int)) error) *cobra.Command {
	var dry bool
	cmd.Args = cobra.ExactArgs(1)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would change, and what is wrong")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		text, err := a.ReadFile(args[0], maxFile)
		if err != nil {
			return command.Result{}, command.Misuse("%w", err)
		}
		out, m := Imported{DryRun: dry, Mistakes: []Mistake{}}, Mistakes{}
		var bar *progressbar.ProgressBar
		err = do(ctx, sys, text, dry, &out, &m, func(rows, n int) {
			if f, ok := output.Terminal(a.Stderr); ok && bar == nil {
				bar = progressbar.NewOptions(rows, progressbar.OptionSetDescription("  importing"), progressbar.OptionSetWriter(f), progressbar.OptionClearOnFinish(), progressbar.OptionShowCount())
			}
			if bar != nil {
				bar.Add(n) //nolint:errcheck // nobody needs it
			}
		})
		if bar != nil {
			bar.Finish() //nolint:errcheck // nobody needs it
		}
		if out.Mistakes, out.More = append(out.Mistakes, m.List...), m.More; err == nil && len(m.List) > 0 {
			err = fmt.Errorf("%s in %s", output.Count(len(m.List)+m.More, "mistake", "mistakes"), output.Plain(args[0]))
		}
		return command.Result{Data: out, Text: func(w io.Writer) error {
			for _, one := range out.Mistakes {
				fmt.Fprintln(w, output.Plain(one.String()))
			}
			if out.More > 0 {
				fmt.Fprintf(w, "and %d more\n", out.More)
			}
			would, refused := "", ""
			switch {
			case dry:
				would = "would be "
			case out.Refused > 0:
				refused = fmt.Sprintf(", %d refused", out.Refused)
			case len(out.Mistakes) > 0:
				_, err := fmt.Fprintln(w, "Nothing was imported: mend the file, and import it again.")
				return err
			case err != nil && !out.Stopped:
				_, err := fmt.Fprintln(w, "Nothing was imported.")
				return err
			}
			if _, err := fmt.Fprintf(w, "%s: %d %sadded, %d %schanged, %d as they were%s.\n", output.Count(out.Rows, noun[0], noun[1]), out.Added, would, out.Changed, would, out.Unchanged, refused); err != nil || !out.Stopped {
				return err
			}
			_, err := fmt.Fprintln(w, "It ended before the others: import the same file again, which does the rest.")
			return err
		}}, err
	})
}

// carryOut does what a file wants. All of it is rehearsed first by whoever will decide on it,
// and with a mistake anywhere in the file nothing is done. Then each is done in a transaction of
// its own, so that no other waits for a long file; whatever ends it in the middle, the same
// file again does the rest. What is refused only then, because something has changed
// since or because of another row, is told by its line, and keeps no other from being done.
// A dry run ends with the rehearsal.
func carryOut[T interface{ at() row }](ctx context.Context, all []T, fields map[string]string, dry bool, out *Imported, m *Mistakes, step func(rows, n int), do func(ctx context.Context, one T) (what, error)) error {
	steps := len(all)
	if !dry {
		steps *= 2
	}
	each := func(ctx context.Context) error {
		for _, one := range all {
			if step(steps, 1); m.rows[one.at().line] {
				continue
			}
			w, err := do(ctx, one)
			if err != nil {
				if !one.at().refused(m, err, fields) {
					return err
				}
				continue
			}
			out.count(w)
		}
		return nil
	}
	err := each(condition.Rehearse(ctx))
	if dry {
		return err
	}
	out.Added, out.Changed, out.Unchanged = 0, 0, 0
	if err != nil || len(m.List) > 0 {
		return err
	}
	err = each(ctx)
	out.Refused, out.Stopped = len(m.List)+m.More, err != nil
	return err
}
