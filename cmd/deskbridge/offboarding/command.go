package offboarding

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/deskidp"
)

// Command makes the commands about people who have left.
func Command(a *command.App) *cobra.Command {
	return command.Group("offboarding", "List people who have left, and prove that their access has ended", listCommand(a), showCommand(a), verifyCommand(a), certificateCommand(a))
}

// Line is a record in `offboarding list --json`.
type Line struct {
	Person     provision.IdentityID `json:"person"`
	Name       string               `json:"name,omitempty"`
	Address    string               `json:"address,omitempty"`
	Connection string               `json:"connection"`
	Number     int                  `json:"number"`
	Status     offboarding.Status   `json:"status"`
	Began      time.Time            `json:"began_at"`
	Returned   *time.Time           `json:"returned_at,omitempty"`
	NoAccessAt *time.Time           `json:"no_access_at,omitempty"`
	ToNoAccess *int64               `json:"milliseconds_to_no_access,omitempty"`
	Desks      []DeskLine           `json:"desks"`
	Open       []string             `json:"open"`
}

// DeskLine is a desk in a [Line].
type DeskLine struct {
	Desk    string              `json:"desk"`
	Outcome offboarding.Outcome `json:"outcome"`
}

func listCommand(a *command.App) *cobra.Command {
	var since string
	var open bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List people who have left, the last first",
		Long: `List people who were suspended, removed or blocked, or lost the last that gave them access to
a desk. Whoever is still in somewhere is listed whenever it began.`,
		Example: "  deskbridge offboarding list\n  deskbridge offboarding list --since 90d --json\n  deskbridge offboarding list --open",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&since, "since", "30d", "who left from this time on: 2026-11-01, 2026-11-01T08:00:00Z, or an age such as 36h or 7d")
	cmd.Flags().BoolVar(&open, "open", false, "only those with whom something is not over")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		from, err := command.ParseMoment(since, sys.Core.Now())
		if err != nil {
			return command.Result{}, command.Misuse("--since: %w", err)
		}
		lines := []Line{}
		others, err := sys.Core.Offboarding.List(ctx, offboarding.Which{Since: from, Open: open}, func(r offboarding.Record) error {
			line := Line{Person: r.Person.ID, Name: r.Person.Name, Address: r.Person.Address, Connection: r.Person.Source, Number: r.Number, Status: r.Status, Began: r.Began,
				Returned: r.Returned, NoAccessAt: r.NoAccessAt, ToNoAccess: r.ToNoAccess, Desks: []DeskLine{}, Open: r.Open}
			for _, d := range r.Desks {
				line.Desks = append(line.Desks, DeskLine{d.Name, d.Outcome})
			}
			lines = append(lines, line)
			return nil
		})
		if err != nil {
			return command.Result{}, err
		}
		all := table(lines)
		return command.Result{Data: map[string]any{"records": lines, "without_access": others}, Table: all, Text: func(w io.Writer) error {
			if err := output.Table(w, all.Header, all.Rows); err != nil {
				return err
			}
			if others > 0 {
				fmt.Fprintf(w, "\n%s left who had no account on any desk.\n", output.Count(others, "other person", "other people"))
			}
			return nil
		}}, nil
	})
}

func showCommand(a *command.App) *cobra.Command {
	var page string
	var number int
	cmd := &cobra.Command{
		Use:   "show USER",
		Short: "Show the offboarding record of somebody, sign it, or make a page of it to print",
		Long: `Show when somebody left, by whose word, and when each desk was read back and showed
no access any more. USER is an id, userName, externalId or e-mail address. Who left
several times has a record for each; the last one is shown.

--json prints the record with a signature: keep that as evidence. --html writes a
page that prints on A4, with the same signature. docs/offboarding.md says what each
line proves, and what it does not.`,
		Example: "  deskbridge offboarding show ada@example.com\n  deskbridge offboarding show ada@example.com --json > ada.json\n  deskbridge offboarding show ada@example.com --html ada.html",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&page, "html", "", "write a page to this file, - is standard output")
	cmd.Flags().IntVar(&number, "number", 0, "the record of this time, from 1; 0 for the last")
	a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		r, err := find(ctx, sys, args[0], number)
		if err != nil {
			return command.Result{}, err
		}
		asJSON := cmd.Flags().Changed("json")
		if page == "" && !asJSON {
			return command.Result{Data: r, Text: func(w io.Writer) error { Print(w, r); return nil }}, nil
		}
		signed, err := sys.Core.Offboarding.Sign(ctx, r, deskidp.NewKey)
		if err != nil {
			return command.Result{}, err
		}
		if page == "" {
			return command.Result{Data: signed, Text: func(io.Writer) error { return nil }}, nil
		}
		if asJSON {
			return command.Result{}, command.Misuse("give --html or --json, one at a time")
		}
		if page == "-" {
			return command.Result{Text: func(w io.Writer) error { return Page(w, signed) }}, nil
		}
		file, err := a.CreateFile(page) // it names somebody
		if err != nil {
			return command.Result{}, err
		}
		if err := errors.Join(Page(file, signed), file.Close()); err != nil {
			return command.Result{}, err
		}
		return command.Say(nil, "Written to %s.", output.Plain(page)), nil
	})
	return cmd
}

// find returns a record of the one person whom text means.
func find(ctx context.Context, sys *server.System, text string, number int) (offboarding.Record, error) {
	id := provision.IdentityID(text)
	people, unknown := sys.Core.Directory.FindPeople(ctx, text)
	switch {
	case unknown != nil && !provision.IsNotFound(unknown):
		return offboarding.Record{}, unknown
	case len(people) == 1:
		id = people[0].ID
	case len(people) > 1 && string(people[0].ID) != text: // who has the address now may not be who had it
		return offboarding.Record{}, command.Several(people)
	}
	records, err := sys.Core.Offboarding.Records(ctx, id)
	if err != nil {
		return offboarding.Record{}, err
	}
	switch {
	case len(records) == 0 && unknown != nil: // of whom not even the audit log knows
		return offboarding.Record{}, unknown
	case len(records) == 0:
		return offboarding.Record{}, provision.Errorf(provision.NotFound, "user", "%s has not left: never suspended, never removed, and never without all access; `deskbridge explain` says what they have", output.Plain(provision.Clip(text)))
	case number == 0:
		number = len(records)
	case number < 1 || number > len(records):
		return offboarding.Record{}, provision.Errorf(provision.NotFound, "number", "there are %d records of this person, from 1", len(records))
	}
	return records[number-1], nil
}

// mostRecord is how many bytes a record has at most.
const mostRecord = 64 << 20

// Verdict is `offboarding verify --json`.
type Verdict struct {
	Good   bool                 `json:"good"`
	Person provision.IdentityID `json:"person"`
	Name   string               `json:"name,omitempty"`
	Status offboarding.Status   `json:"status"`
	MadeAt time.Time            `json:"made_at"`
	Signed string               `json:"certificate_sha256"`
	Head   string               `json:"audit_head"`
	Log    bool                 `json:"audit_log_checked"` // the log still has the head, and the entries that the record names
}

func verifyCommand(a *command.App) *cobra.Command {
	var certificate string
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check an offboarding record that was kept",
		Long: `Check that a record, as --json printed it, was signed by this Deskbridge and not changed
by a byte since, and that the audit log is whole and still has what the record rests on.

With --certificate it needs no database, on any machine: the signature is checked, and
the head of the audit log is printed, for deskbridge audit verify --since to check.`,
		Example: "  deskbridge offboarding verify ada.json\n  deskbridge offboarding verify ada.json --certificate deskbridge.pem",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&certificate, "certificate", "", "file with certificates, as deskbridge offboarding certificate prints them")
	a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		signed, r, err := read(a, args[0])
		if err != nil {
			return command.Result{}, err
		}
		report, err := sys.Core.Offboarding.Verify(ctx, signed, r)
		if err != nil {
			return command.Result{Data: report, Text: func(w io.Writer) error { return auditlog.Problems(w, report) }}, err
		}
		return good(signed, r, true), nil
	})
	here := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if certificate == "" {
			return here(cmd, args)
		}
		signed, r, err := read(a, args[0])
		if err != nil {
			return err
		}
		known, err := certificates(a, certificate)
		if err != nil {
			return err
		}
		if err := signed.Check(known); err != nil {
			return err
		}
		said := good(signed, r, false)
		if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
			return output.JSON(a.Stdout, said.Data)
		}
		return said.Text(a.Stdout)
	}
	return cmd
}

func read(a *command.App, file string) (offboarding.Signed, offboarding.Record, error) {
	text, err := a.ReadFile(file, mostRecord)
	if err != nil {
		return offboarding.Signed{}, offboarding.Record{}, command.Misuse("%w", err)
	}
	return offboarding.Read(text)
}

// certificates reads certificates in PEM.
func certificates(a *command.App, file string) (found []offboarding.Certificate, _ error) {
	text, err := a.ReadFile(file, mostRecord)
	if err != nil {
		return nil, command.Misuse("%w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == certificateType {
			found = append(found, offboarding.Certificate{DER: block.Bytes})
		}
	}
	if len(found) == 0 {
		return nil, command.Misuse("there is no certificate in %s; `deskbridge offboarding certificate` prints them", output.Plain(file))
	}
	return found, nil
}

func good(signed offboarding.Signed, r offboarding.Record, log bool) command.Result {
	rests := "The audit log is whole, and has all that the record rests on, up to the head " + r.Head + "."
	if !log {
		rests = "It rests on the audit log up to the head " + r.Head + ": `deskbridge audit verify --since` that head checks the log."
	}
	return command.Say(Verdict{true, r.Person.ID, r.Person.Name, r.Status, r.MadeAt, signed.Signature.Certificate, r.Head, log},
		"The record of %s, made %s, is as it was signed.\nIt says: %s.\n%s",
		output.Plain(named(r.Person)), moment(r.MadeAt), heading(r), rests)
}

const certificateType = "CERTIFICATE"

func certificateCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "certificate",
		Short: "Print the certificates by which records can be checked elsewhere",
		Long: `Print the certificates of the keys that sign offboarding records, and of those that did.
Hand them to whoever checks records by another way than the records themselves.
deskbridge key rotate record makes a new key.`,
		Example: "  deskbridge offboarding certificate > deskbridge.pem",
		Args:    cobra.NoArgs,
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		if _, err := sys.Core.Settings.Keys(ctx, settings.KeyRecord, deskidp.NewKey); err != nil {
			return command.Result{}, err
		}
		found, err := sys.Core.Offboarding.Certificates(ctx)
		if err != nil {
			return command.Result{}, err
		}
		type line struct {
			Key     provision.KeyID `json:"key"`
			PEM     string          `json:"certificate"`
			Retired bool            `json:"retired"`
		}
		lines := make([]line, len(found))
		for i, c := range found {
			lines[i] = line{c.Key, string(pem.EncodeToMemory(&pem.Block{Type: certificateType, Bytes: c.DER})), c.Retired}
		}
		return command.Result{Data: lines, Text: func(w io.Writer) error {
			for _, l := range lines {
				if _, err := io.WriteString(w, l.PEM); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	})
}

// moment is a time for people, in UTC: a record is read in other places.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func momentOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return moment(*t)
}

// took is a time that something took, for people.
func took(ms *int64) string {
	switch {
	case ms == nil:
		return ""
	case *ms < 10_000:
		return strconv.FormatFloat(float64(*ms)/1000, 'f', 1, 64) + " s"
	}
	return (time.Duration(*ms) * time.Millisecond).Round(time.Second).String()
}

// named names somebody as far as they are known.
func named(p offboarding.Person) string {
	switch {
	case p.Name == "" && p.Address == "":
		return string(p.ID)
	case p.Name == "" || strings.EqualFold(p.Name, p.Address):
		return p.Address
	}
	return p.Name + " <" + p.Address + ">"
}
