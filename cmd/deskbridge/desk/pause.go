package desk

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// Paused is what `desk pause` and `desk resume` print with --json.
type Paused struct {
	Desk    string         `json:"desk"`
	Paused  bool           `json:"paused"`
	Until   *output.Moment `json:"until,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	By      string         `json:"by,omitempty"`
	Leavers int            `json:"leavers"` // who are still in
}

func pauseCommand(a *command.App) *cobra.Command {
	var until, reason string
	cmd := &cobra.Command{
		Use:   "pause NAME",
		Short: "Have a desk not be called until a day: what there is to do waits",
		Long: `Have a desk not be called until a day: no run begins, and it is not swept. What there
is to do waits, and goes on by itself afterwards, or at once with ` + "`desk resume`" + `.
Runs that have begun come to their end. Whoever leaves is still in on that desk until
then: status names them. Signing in there through Deskbridge is not paused.`,
		Example: "  deskbridge desk pause support --until 2026-12-04 --reason \"moves to another server\"",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&until, "until", "", "the last day of the pause, in UTC, as 2026-12-04, or a moment (RFC 3339); at most 31 days from now")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for other admins")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := command.Desk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		end, err := provision.ParseUntil("until", until)
		if err != nil {
			return command.Result{}, err
		}
		p, err := sys.Core.DeskHealth.PauseDesk(ctx, sys.Cause, d.ID, end, reason)
		if err != nil {
			return command.Result{}, err
		}
		leavers, err := stillIn(ctx, sys, d)
		if err != nil {
			return command.Result{}, err
		}
		out := Paused{Desk: d.Name, Paused: true, Until: &output.Moment{At: &p.Until}, Reason: p.Reason, By: p.By, Leavers: leavers}
		return command.Result{Data: out, Text: func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "Desk %s is not called until %s is over. %s there.\n`deskbridge desk resume %[1]s` ends that before; `deskbridge status` shows what waits.\n",
				d.Name, provision.LastDay(p.Until), output.Count(leavers, "leaver is still in", "leavers are still in"))
			return err
		}}, nil
	})
}

func resumeCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "resume NAME",
		Short:   "End the pause of a desk before its day",
		Example: "  deskbridge desk resume support",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := command.Desk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if err := sys.Core.DeskHealth.ResumeDesk(ctx, sys.Cause, d.ID); err != nil {
			return command.Result{}, err
		}
		leavers, err := stillIn(ctx, sys, d)
		if err != nil {
			return command.Result{}, err
		}
		return command.Result{Data: Paused{Desk: d.Name, Leavers: leavers}, Text: func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "Desk %s is called again, and what waits goes on now.\n", d.Name)
			return err
		}}, nil
	})
}

// stillIn returns how many leavers have not left a desk.
func stillIn(ctx context.Context, sys *server.System, d provision.Desk) (int, error) {
	health, err := sys.Core.DeskHealth.All(ctx)
	return health[d.ID].Leavers.Count, err
}
