package desk

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/worker"
)

// Sweep is what `desk sweep` found.
type Sweep struct {
	Desk    string   `json:"desk"`
	Drift   string   `json:"drift"`   // the policy
	Action  string   `json:"action"`  // repair, report, look
	Checked int      `json:"checked"` // accounts
	Drifted []swept  `json:"drifted"`
	Skipped []string `json:"skipped"` // accounts that could not be asked about, and why
}

type swept struct {
	Account     string   `json:"account"`
	Person      string   `json:"person"` // id
	UserName    string   `json:"user_name"`
	Differences []string `json:"differences"`
}

func sweepCommand(a *command.App) *cobra.Command {
	var dry, force bool
	cmd := &cobra.Command{
		Use:   "sweep NAME",
		Short: "Look now for what people have changed on a desk by hand",
		Long: `Compare every account with what the desk shows of it. Differences are repaired
by reconcile runs of the running server, or reported in ` + "`deskbridge status`" + `, as the
desk's policy says (drift: repair, report; with off it is only printed). The
server does the same at every DESKBRIDGE_SWEEP.`,
		Example: "  deskbridge desk sweep support --dry-run\n  deskbridge desk sweep support",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only print what differs")
	cmd.Flags().BoolVar(&force, "force", false, "even where most users are gone: they will be made again")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := command.Desk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if d.Removal == provision.RemovalKeeping { // called no more
			return command.Result{}, d.Removal.Refuse("desk " + d.Name)
		}
		if _, err := sys.Connector(d); err != nil {
			return command.Result{}, err
		}
		bar, err := sweepBar(ctx, a, sys, d)
		if err != nil {
			return command.Result{}, err
		}
		report, failed := worker.New(server.WorkerCore(sys.Core), sys.Connector, sys.Log).Sweep(ctx, d, worker.SweepOptions{
			Cause: sys.Cause, ByHand: true, LookOnly: dry, Force: force,
			Progress: func(n int) { bar.Add(n) }, //nolint:errcheck // nobody needs it
			Waiting:  func() { a.Warn("another sweep of " + d.Name + " is running; waiting until it ends") },
		})
		bar.Finish() //nolint:errcheck // nobody needs it
		if failed != nil {
			failed = server.DeskError(d, failed)
		}
		line, err := sweepOf(ctx, sys, d, report, dry)
		if err != nil {
			return command.Result{}, err
		}
		if failed != nil && len(line.Drifted) == 0 {
			return command.Result{}, failed
		}
		return command.Result{Data: line, Text: line.print}, failed
	})
}

// sweepBar shows how far a sweep is, to people who look at a terminal.
func sweepBar(ctx context.Context, a *command.App, sys *server.System, d provision.Desk) (*progressbar.ProgressBar, error) {
	f, ok := output.Terminal(a.Stderr)
	if !ok {
		return progressbar.NewOptions(-1, progressbar.OptionSetVisibility(false)), nil
	}
	counts, err := sys.Store.CountAccounts(ctx)
	if err != nil {
		return nil, err
	}
	all := counts[d.ID][provision.AccountReady] + counts[d.ID][provision.AccountEnded]
	return progressbar.NewOptions(all, progressbar.OptionSetDescription("  sweeping "+d.Name), progressbar.OptionSetWriter(f),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowCount()), nil
}

func sweepOf(ctx context.Context, s *server.System, d provision.Desk, report worker.SweepReport, dry bool) (Sweep, error) {
	line := Sweep{Desk: d.Name, Drift: lineOf(d).Drift, Action: "report", Checked: report.Checked, Drifted: []swept{}, Skipped: []string{}}
	switch {
	case report.Repaired:
		line.Action = "repair"
	case dry || d.Drift == provision.DriftOff:
		line.Action = "look"
	}
	for _, drift := range report.Drifts {
		acc, err := s.Store.Account(ctx, drift.Account)
		if err != nil {
			return line, err
		}
		people, err := s.Core.Directory.FindPeople(ctx, string(acc.Identity))
		if err != nil {
			return line, err
		}
		line.Drifted = append(line.Drifted, swept{Account: string(acc.ID), Person: string(acc.Identity), UserName: people[0].UserName, Differences: drift.Differences()})
	}
	for _, err := range report.Skipped {
		line.Skipped = append(line.Skipped, err.Error())
	}
	return line, nil
}

func (l Sweep) print(w io.Writer) error {
	for _, acc := range l.Drifted {
		fmt.Fprintf(w, "%s  %s\n  %s\n", acc.Account, output.Plain(acc.UserName), strings.Join(output.PlainAll(acc.Differences), "\n  "))
	}
	for _, s := range l.Skipped {
		fmt.Fprintf(w, "not asked about: %s\n", output.Plain(s))
	}
	if len(l.Drifted) == 0 {
		_, err := fmt.Fprintf(w, "%s compared with desk %s: none differs.\n", output.Count(l.Checked, "account", "accounts"), l.Desk)
		return err
	}
	what := map[string]string{
		"repair": "are synced again, which repairs them; `deskbridge status` shows the sync status",
		"report": "are reported, and not changed",
		"look":   "are not changed",
	}[l.Action]
	_, err := fmt.Fprintf(w, "%s compared with desk %s, %d differ and %s.\n", output.Count(l.Checked, "account", "accounts"), l.Desk, len(l.Drifted), what)
	return err
}
