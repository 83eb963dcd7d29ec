package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// Result is what a command has to say: data for programs, text for people.
type Result struct {
	Data any
	Text func(w io.Writer) error

	Table *Table // what --csv prints; nil: there is no list
}

// Table is a list as people see it: the names of its columns, as for
// [output.Table], and its rows.
type Table struct {
	Header string
	Rows   [][]string
}

// cells returns a row for CSV: the dash that says nothing to people is nothing.
func cells(row []string) []string {
	out := slices.Clone(row)
	for i := range out {
		if out[i] == "-" {
			out[i] = ""
		}
	}
	return out
}

func (t *Table) csv(w io.Writer) error {
	to, err := output.NewCSV(w, columns(t.Header)...)
	if err != nil {
		return err
	}
	for _, row := range t.Rows {
		if err := to.Row(cells(row)...); err != nil {
			return err
		}
	}
	return to.End()
}

// Say returns a result whose text is one line.
func Say(data any, format string, args ...any) Result {
	return Result{Data: data, Text: func(w io.Writer) error {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	}}
}

// Verb makes cmd do its work on an open system and print what came of it, as
// JSON with --json. What there is to print is printed even when do also
// returns an error. The database must be there already, unless [Begins] says
// otherwise of cmd. A command that only reads says on standard error which one
// it is. A list prints its table for spreadsheets with --csv.
func (a *App) Verb(cmd *cobra.Command, do func(ctx context.Context, sys *server.System, args []string) (Result, error)) *cobra.Command {
	asJSON := cmd.Flags().Bool("json", false, "print JSON for programs")
	mark(cmd)
	if lists(cmd) {
		cmd.Flags().BoolVar(&a.csv, "csv", false, "print CSV for spreadsheets (RFC 4180)")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if a.Server != "" && a.Hosted == nil {
			return a.Away(cmd, args)
		}
		if a.csv && *asJSON {
			return Misuse("--json and --csv are two forms; give one of them")
		}
		open := a.OpenExisting
		if begins(cmd) {
			open = a.Open
		}
		sys, err := open(cmd.Context())
		if err != nil {
			return err
		}
		if a.Hosted == nil {
			defer sys.Close()
		}
		if a.Hosted == nil && reads(cmd) && cmd.Name() != "status" && !*asJSON { // which says it itself
			fmt.Fprintf(a.Stderr, "deskbridge: database: %s\n", server.Place(sys.Settings))
		}
		a.json = *asJSON
		sys.Cause = provision.Cause{Actor: server.Actor(), Action: cmd.CommandPath()}
		if a.Hosted != nil {
			sys.Cause = a.Hosted.Cause
		}
		said, failed := do(cmd.Context(), sys, args)
		if !reads(cmd) && a.Hosted == nil { // a server seals
			if err := sys.Core.Audit.SealOwn(cmd.Context()); err != nil { // no server need be running
				a.Warn("the audit log is not sealed yet: " + Explain(err))
			}
		}
		switch {
		case said.Text == nil:
		case a.csv && said.Table != nil:
			err = said.Table.csv(a.Stdout)
		case *asJSON:
			a.told = true
			err = output.JSON(a.Stdout, said.Data)
		default:
			err = said.print(cmd.Context(), sys, a.Stdout)
		}
		return errors.Join(failed, err)
	}
	return cmd
}

// print writes a result for people: with the names that people have today where it calls
// them as the audit log does, by id. Programs get the ids.
func (r Result) print(ctx context.Context, sys *server.System, to io.Writer) error {
	var text strings.Builder
	failed := r.Text(&text)
	called, err := sys.Core.Report.Actors(ctx, text.String())
	if err = errors.Join(failed, err); err != nil { // ids say it as well
		_, unsaid := io.WriteString(to, text.String())
		return errors.Join(err, unsaid)
	}
	var pairs []string
	for actor, name := range called {
		pairs = append(pairs, actor, output.Plain(name))
	}
	names := strings.NewReplacer(pairs...)
	if len(pairs) > 0 && r.Table != nil { // its columns are as wide as what stands in them
		rows := make([][]string, len(r.Table.Rows))
		for i, row := range r.Table.Rows {
			rows[i] = slices.Clone(row)
			for j := range row {
				rows[i][j] = names.Replace(row[j])
			}
		}
		return output.Table(to, r.Table.Header, rows)
	}
	_, err = names.WriteString(to, text.String())
	return err
}

// Warn prints a warning, which does not stop a command; "" is none. It may hold
// anything.
func (a *App) Warn(text string) {
	if text != "" {
		fmt.Fprintf(a.Stderr, "deskbridge: warning: %s\n", output.Plain(text))
	}
}

// Tabled returns a result whose text is a table.
func Tabled(data any, header string, rows [][]string) Result {
	return Result{Data: data, Text: func(w io.Writer) error { return output.Table(w, header, rows) }, Table: &Table{header, rows}}
}
