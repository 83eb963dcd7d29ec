package auditlog

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Export says which entries are printed, and how.
type Export struct {
	Subject string // an id
	Person  string // what a person is called; the caller finds the id, which is the subject then

	actions             []string
	since, until, style string
	filter              audit.Filter
}

// former are actions of old entries, which keep them.
var former = regexp.MustCompile(`^(app|owner)\.|^account\.(parked|held)$`)

// Flags adds the flags of `audit export`.
func (x *Export) Flags(flags *pflag.FlagSet) {
	flags.StringVar(&x.Subject, "subject", "", "only entries about this id: of a person, group, connection, token, rule, or a reference")
	flags.StringVar(&x.Person, "person", "", "only entries about this person: id, userName, externalId or e-mail address")
	flags.StringSliceVar(&x.actions, "action", nil, "only these actions, such as user.suspended,account.ended")
	flags.StringVar(&x.since, "since", "", "only entries from this time on: 2026-11-01, 2026-11-01T08:00:00Z, or an age such as 36h or 7d")
	flags.StringVar(&x.until, "until", "", "only entries before this time")
	flags.StringVar(&x.style, "format", usual, "jsonl (for programs, and to verify elsewhere), csv (for spreadsheets) or text")
}

// usual is the format of `audit export`: lines of JSON, with --json or without.
const usual = "jsonl"

// Check reads the flags, at this moment. An error is the user's.
func (x *Export) Check(now time.Time) (err error) {
	if x.Subject != "" && x.Person != "" {
		return fmt.Errorf("give --subject or --person, not both")
	}
	if !slices.Contains([]string{"jsonl", "csv", "text"}, x.style) {
		return fmt.Errorf("--format is jsonl, csv or text, not %q", x.style)
	}
	for _, a := range x.actions {
		if _, known := phrases[provision.Action(a)]; !known && !former.MatchString(a) {
			return fmt.Errorf("--action: there is no action %q; docs/audit.md lists them", a)
		}
		x.filter.Actions = append(x.filter.Actions, provision.Action(a))
	}
	if x.filter.Since, err = command.ParseMoment(x.since, now); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	if x.filter.Until, err = command.ParseMoment(x.until, now); err != nil {
		return fmt.Errorf("--until: %w", err)
	}
	return nil
}

// printer prints in one of the formats.
type printer interface {
	entry(ctx context.Context, e provision.Entry) error
	block(b audit.Block) error
	// end prints the last line, which has the head: "" while nothing is sealed.
	end(head string, entries int, now time.Time) error
}

// Run prints what x selects. The whole log comes with its blocks, by id, and can
// be verified elsewhere; a part of it comes by time.
func (x *Export) Run(ctx context.Context, sys *server.System, out io.Writer) error {
	names, err := newNames(ctx, sys)
	if err != nil {
		return err
	}
	var to printer
	switch x.style {
	case "csv":
		if to, err = newTable(out, names); err != nil {
			return err
		}
	case "text":
		to = &text{out, names}
	default:
		to = newLines(out, x.filter, x.Subject)
	}
	x.filter.Subject = x.Subject
	n := 0
	entry := func(e provision.Entry) error { n++; return to.entry(ctx, e) }
	var head audit.Head
	if x.filter.Empty() {
		head, err = sys.Core.Audit.Export(ctx, entry, to.block)
	} else if head, err = sys.Core.Audit.Head(ctx); err == nil {
		err = sys.Core.Audit.Find(ctx, x.filter, entry)
	}
	if err != nil {
		return err
	}
	last := ""
	if head.Number > 0 {
		last = head.String()
	}
	return to.end(last, n, sys.Core.Now())
}
