package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision/report"
)

// List is the flags of a command that prints a list page by page, and how it
// is printed: as a table, with --json for programs, or as CSV for spreadsheets.
type List struct {
	page   report.Page
	format string
}

// Flags adds the flags.
func (l *List) Flags(f *pflag.FlagSet) {
	f.IntVar(&l.page.Limit, "limit", 0, fmt.Sprintf("how many at most, up to %d; %d, or with --format csv everything", report.MaxLimit, report.DefaultLimit))
	f.StringVar(&l.page.After, "after", "", "go on behind a page, with what it says at its end")
	f.StringVar(&l.format, "format", "text", "text, or csv for spreadsheets, as --csv")
}

// Listing is what one list prints.
type Listing[T any] struct {
	Name   string // of the list, for programs: "people"
	Header string // of the table, as for [output.Table]; lower case and with underscores in CSV
	Page   func(report.Page) (found []T, next string, _ error)
	Data   func(T) any                      // for programs
	Row    func(T) []string                 // for people, as many cells as Header has
	Lines  func(T) (data any, row []string) // nil: Data and Row; both at once, where they cost something
	Empty  string                           // what is printed in place of a table without rows
}

// Print reads what l asks for and returns the result. CSV is printed to stdout
// while it is read, however long it is.
func Print[T any](a *App, l *List, list Listing[T]) (Result, error) {
	if err := a.CheckFormat(l.format, "text"); err != nil {
		return Result{}, err
	}
	if a.csv {
		l.format = "csv"
	}
	switch l.format {
	case "csv":
		return Result{}, list.csv(a.Stdout, l.page)
	case "text":
	default:
		return Result{}, Misuse("--format is text or csv, not %q", l.format)
	}
	found, next, err := list.Page(l.page)
	if err != nil {
		return Result{}, err
	}
	data, rows := make([]any, len(found)), make([][]string, len(found))
	for i, one := range found {
		data[i], rows[i] = list.line(one)
		for j := range rows[i] {
			rows[i][j] = output.Plain(rows[i][j])
		}
	}
	out := map[string]any{list.Name: data, "next": next}
	return Result{Data: out, Text: func(w io.Writer) error {
		if len(rows) == 0 && list.Empty != "" {
			_, err := fmt.Fprintln(w, list.Empty)
			return err
		}
		if err := output.Table(w, list.Header, rows); err != nil || next == "" {
			return err
		}
		_, err := fmt.Fprintf(w, "\nThere are more: --after %s\n", next)
		return err
	}}, nil
}

func (list Listing[T]) line(one T) (data any, row []string) {
	if list.Lines != nil {
		return list.Lines(one)
	}
	return list.Data(one), list.Row(one)
}

// CheckFormat refuses --json beside a --format that is another than usual, which is
// printed without one: only one of the two can be meant.
func (a *App) CheckFormat(format, usual string) error {
	if a.json && format != usual {
		return Misuse("--json and --format %s are two forms; give one of them", output.Plain(format))
	}
	return nil
}

func (list Listing[T]) csv(w io.Writer, page report.Page) error {
	to, err := output.NewCSV(w, columns(list.Header)...)
	if err != nil {
		return err
	}
	all := page.Limit == 0
	if all {
		page.Limit = report.MaxLimit
	}
	for {
		found, next, err := list.Page(page)
		if err != nil {
			return err
		}
		for _, one := range found {
			_, row := list.line(one)
			if err := to.Row(cells(row)...); err != nil {
				return err
			}
		}
		if page.After = next; next == "" || !all {
			return to.End()
		}
	}
}

// columns returns the names that the columns of a header have in CSV.
func columns(header string) []string {
	return strings.Split(strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(header), " | ", "|"), " ", "_"), "|")
}
