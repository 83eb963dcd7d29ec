package seat

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/seat"
)

// Entry is a line of the ledger, for programs. People are told by id.
type Entry struct {
	At       output.Moment `json:"at"`
	Person   string        `json:"person"`
	Desk     string        `json:"desk"`
	Account  string        `json:"account"`
	What     string        `json:"what"`
	Why      string        `json:"why"`
	Monthly  string        `json:"monthly,omitempty"` // decimal; what it saves a month, or costs more
	Currency string        `json:"currency,omitempty"`
}

// Month is a month of the ledger, for programs.
type Month struct {
	Month    string `json:"month"` // 2027-01
	Desk     string `json:"desk"`
	Freed    int    `json:"freed"`
	Taken    int    `json:"taken"`
	Saved    string `json:"saved,omitempty"` // decimal
	Currency string `json:"currency,omitempty"`
}

func ledgerCommand(a *command.App) *cobra.Command {
	var desk, since, until, format string
	var months bool
	cmd := &cobra.Command{Use: "ledger", Short: "Show what seats were freed and taken, why, and what that saved by month", Args: cobra.NoArgs,
		Long: `Show what seats were freed and taken, from the sealed audit log: when a desk was read
back and showed it, and not before. Each line has what it saves a month, or costs,
by the price of that time. --months shows what each month saved: of people who
have less of a seat than they had, by the second and the price of each moment,
until they have it back. Text has names; --json and csv have ids.`,
		Example: "  deskbridge seat ledger --since 90d\n  deskbridge seat ledger --months\n  deskbridge seat ledger --desk support --format csv > seats.csv"}
	f := cmd.Flags()
	f.StringVar(&desk, "desk", "", "only of this desk")
	f.StringVar(&since, "since", "", "from this time on: 2026-11-01, or an age such as 90d; default: all")
	f.StringVar(&until, "until", "", "up to this time")
	f.BoolVar(&months, "months", false, "by month and desk")
	f.StringVar(&format, "format", "text", "text, or csv for spreadsheets")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (r command.Result, err error) {
		if err := a.CheckFormat(format, "text"); err != nil {
			return r, err
		}
		if format != "text" && format != "csv" {
			return r, command.Misuse("--format is text or csv, not %q", format)
		}
		var which seat.LedgerFilter
		if desk != "" {
			on, err := command.Desk(ctx, sys, desk)
			if err != nil {
				return r, err
			}
			which.Desk = on.ID
		}
		if which.Since, err = command.ParseMoment(since, sys.Core.Now()); err != nil {
			return r, command.Misuse("--since: %w", err)
		}
		if which.Until, err = command.ParseMoment(until, sys.Core.Now()); err != nil {
			return r, command.Misuse("--until: %w", err)
		}
		ledger, err := sys.Core.Seats.Ledger(ctx, which)
		if err != nil {
			return r, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return r, err
		}
		entries, byMonth := []Entry{}, []Month{}
		for _, l := range ledger.Lines {
			entries = append(entries, Entry{output.Moment{At: &l.At}, string(l.Person), names.DeskName(l.Desk), string(l.Account), string(l.What), string(l.Why), l.Monthly.String(), l.Monthly.Currency})
		}
		for _, m := range ledger.Months {
			byMonth = append(byMonth, Month{m.Month.Format("2006-01"), names.DeskName(m.Desk), m.Freed, m.Taken, m.Saved.String(), m.Saved.Currency})
		}
		switch {
		case format == "csv" && months:
			return r, csv(a.Stdout, []string{"month", "desk", "freed", "taken", "saved", "currency"}, monthRows(byMonth))
		case format == "csv":
			return r, csv(a.Stdout, []string{"at", "person", "desk", "account", "what", "why", "monthly", "currency"}, entryRows(entries))
		case months:
			return command.Tabled(map[string]any{"months": byMonth}, "MONTH | DESK | FREED | TAKEN | SAVED | CURRENCY", monthRows(byMonth)), nil
		}
		return command.Result{Data: map[string]any{"lines": entries, "months": byMonth}, Text: func(w io.Writer) error {
			return printEntries(ctx, w, sys, entries)
		}}, nil
	})
}

func csv(w io.Writer, header []string, rows [][]string) error {
	to, err := output.NewCSV(w, header...)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := to.Row(row...); err != nil {
			return err
		}
	}
	return to.End()
}

func monthRows(months []Month) (rows [][]string) {
	for _, m := range months {
		rows = append(rows, []string{m.Month, m.Desk, strconv.Itoa(m.Freed), strconv.Itoa(m.Taken), m.Saved, m.Currency})
	}
	return rows
}

func entryRows(entries []Entry) (rows [][]string) {
	for _, e := range entries {
		rows = append(rows, []string{e.At.At.UTC().Format(time.RFC3339), e.Person, e.Desk, e.Account, e.What, e.Why, e.Monthly, e.Currency})
	}
	return rows
}

// printEntries prints the ledger for people, by name as far as somebody is known.
func printEntries(ctx context.Context, w io.Writer, sys *server.System, entries []Entry) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w, "No seat was freed or taken in that time.")
		return err
	}
	called := make(map[string]string)
	rows := make([][]string, len(entries))
	for i, e := range entries {
		if called[e.Person] == "" {
			called[e.Person] = e.Person
			people, err := sys.Core.Directory.FindPeople(ctx, e.Person)
			if err != nil && !provision.IsNotFound(err) {
				return err
			}
			if len(people) > 0 {
				called[e.Person] = output.Plain(plan.PersonOf(people[0]).String())
			}
		}
		money := ""
		if e.Monthly != "" {
			money = e.Monthly + " " + e.Currency
		}
		rows[i] = []string{e.At.String(), called[e.Person], e.Desk, e.What, e.Why, money}
	}
	return output.Table(w, "AT | PERSON | DESK | WHAT | WHY | A MONTH", rows)
}
