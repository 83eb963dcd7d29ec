package person

import (
	"context"
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
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Event is an audit entry in `person history --json`.
type Event struct {
	ID     int64            `json:"id"`
	At     time.Time        `json:"at"`
	What   string           `json:"what"`
	Actor  string           `json:"actor"`
	Action provision.Action `json:"action"`
	Desk   string           `json:"desk,omitempty"`
	Detail map[string]any   `json:"detail,omitempty"`
}

const (
	shownEvents = 50
	mostEvents  = 1000
)

func historyCommand(a *command.App) *cobra.Command {
	var limit int
	var after string
	cmd := &cobra.Command{
		Use:   "history USER",
		Short: "Tell what has happened to a person, newest first",
		Long: `Tell what the audit log has about a person, newest first. It goes by the
person's id: who had the name before is somebody else. With the id of somebody who
was removed it tells of them.`,
		Example: "  deskbridge person history ada@acme.example\n  deskbridge person history ada@acme.example --limit 500 --json",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().IntVar(&limit, "limit", shownEvents, fmt.Sprintf("how many at most, up to %d", mostEvents))
	cmd.Flags().StringVar(&after, "after", "", "go on behind a page, with what it says at its end")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		before, err := placeOf(after)
		if err != nil {
			return command.Result{}, err
		}
		person, err := command.FindPerson(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		limit = max(1, min(limit, mostEvents))
		entries, err := sys.Core.Audit.Latest(ctx, audit.Filter{Subject: string(person.ID)}, before, limit+1)
		if err != nil {
			return command.Result{}, err
		}
		next := ""
		if len(entries) > limit {
			entries = entries[:limit]
			last := entries[limit-1]
			next = strconv.FormatInt(last.At.UnixMicro(), 10) + "-" + strconv.FormatInt(last.ID, 10)
		}
		sentences, err := auditlog.NewSentences(ctx, sys, 0)
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		events := make([]Event, len(entries))
		for i, e := range entries {
			events[i] = Event{ID: e.ID, At: e.At, Actor: e.Cause.Actor, Action: e.Action, Detail: e.Detail}
			if e.Desk != "" {
				events[i].Desk = names.DeskName(e.Desk)
			}
			if events[i].What, err = sentences.Of(ctx, e); err != nil {
				return command.Result{}, err
			}
		}
		return command.Result{Data: map[string]any{"person": person.ID, "events": events, "next": next}, Text: func(w io.Writer) error {
			for _, e := range events {
				fmt.Fprintf(w, "%s  %s\n", output.Moment{At: &e.At}, e.What)
			}
			if len(events) == 0 {
				fmt.Fprintln(w, "The audit log has nothing about them.")
			}
			if next != "" {
				fmt.Fprintf(w, "\nThere is more: --after %s\n", next)
			}
			return nil
		}}, nil
	})
}

// placeOf reads where a page goes on.
func placeOf(after string) (p audit.Place, _ error) {
	if after == "" {
		return p, nil
	}
	at, id, _ := strings.Cut(after, "-")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err == nil {
		p.At = time.UnixMicro(micros).UTC()
		p.ID, err = strconv.ParseInt(id, 10, 64)
	}
	if err != nil || p.ID <= 0 {
		return p, command.Misuse("--after: %q is no place in a history; give what the page before says", after)
	}
	return p, nil
}
