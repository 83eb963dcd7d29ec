package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

type overview struct {
	Connections []overviewConnection `json:"connections"`
	Desks       []overviewDesk       `json:"desks"`
	Attention   []overviewAccount    `json:"attention"`
	Tokens      []tokenLine          `json:"tokens"` // to look at
	Drifts      []overviewDrift      `json:"drifts"`
}

type overviewConnection struct {
	Name     string        `json:"name"`
	IdP      string        `json:"idp"`
	Active   int           `json:"active_people"`
	LastUsed output.Moment `json:"last_used_at"`
	Held     bool          `json:"held"`
}

type overviewDesk struct {
	Name     string                         `json:"name"`
	Kind     string                         `json:"kind"`
	Accounts map[provision.AccountState]int `json:"accounts"`
	Seats    int                            `json:"seats_taken"`
	Limit    int                            `json:"seats,omitempty"`
	Drift    string                         `json:"drift"`            // the policy
	Drifted  int                            `json:"drifted_accounts"` // reported, and not repaired
	Sweep    *overviewSweep                 `json:"sweep,omitempty"`
	Pause    *overviewPause                 `json:"pause,omitempty"`
}

// overviewSweep is how the last sweep of a desk went.
type overviewSweep struct {
	FinishedAt output.Moment `json:"finished_at"`
	NextAt     output.Moment `json:"next_at"`
	Running    bool          `json:"running"`
	Checked    int           `json:"checked"`
	Drifted    int           `json:"drifted"`
	Problem    string        `json:"problem,omitempty"`
}

// overviewPause says why a desk is not called for a while.
type overviewPause struct {
	Since  output.Moment `json:"since"`
	Until  output.Moment `json:"until"`
	Reason string        `json:"reason"`
}

// overviewDrift is an account with a reported difference.
type overviewDrift struct {
	Account     string        `json:"account"`
	Desk        string        `json:"desk"`
	FoundAt     output.Moment `json:"found_at"`
	Differences []string      `json:"differences"`
}

type overviewAccount struct {
	Account string `json:"account"`
	Person  string `json:"person"` // id
	Desk    string `json:"desk"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
	Code    string `json:"reason_code,omitempty"`
}

func statusCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Show connections, the sync status of desks, and what needs attention", Example: "  deskbridge status", Args: cobra.NoArgs}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		o, err := overviewOf(ctx, sys)
		return result{o, o.print}, err
	})
}

func overviewOf(ctx context.Context, s *server.System) (overview, error) {
	found, err := s.Core.Plan.Overview(ctx)
	if err != nil {
		return overview{}, err
	}
	names, err := s.LoadNames(ctx)
	if err != nil {
		return overview{}, err
	}
	o := overview{Connections: []overviewConnection{}, Desks: []overviewDesk{}, Attention: []overviewAccount{}, Drifts: []overviewDrift{}}
	for _, c := range found.Connections {
		o.Connections = append(o.Connections, overviewConnection{Name: c.Connection.Name, IdP: string(c.Connection.IdP), Active: c.Active,
			LastUsed: output.Moment{At: c.LastUsedAt}, Held: c.Connection.HeldAt != nil})
	}
	health, err := s.Core.Reconcile.DeskHealth(ctx)
	if err != nil {
		return o, err
	}
	for _, d := range found.Desks {
		o.Desks = append(o.Desks, overviewDeskOf(d, health[d.Desk.ID], s.Core.Now()))
	}
	drifts, err := s.Core.Reconcile.Drifts(ctx, reconcile.DriftFilter{})
	if err != nil {
		return o, err
	}
	for _, d := range drifts {
		o.Drifts = append(o.Drifts, overviewDrift{Account: string(d.Account), Desk: names.DeskName(d.Desk), FoundAt: output.Moment{At: &d.FoundAt}, Differences: d.Differences()})
	}
	for _, acc := range found.Attention {
		o.Attention = append(o.Attention, overviewAccount{Account: string(acc.ID), Person: string(acc.Identity), Desk: names.DeskName(acc.Desk),
			State: string(acc.State), Reason: acc.Reason, Code: string(acc.ReasonCode)})
	}
	o.Tokens, err = tokensToSee(ctx, s)
	return o, err
}

func overviewDeskOf(d plan.DeskOverview, h reconcile.DeskHealth, now time.Time) overviewDesk {
	out := overviewDesk{Name: d.Desk.Name, Kind: string(d.Desk.Kind), Accounts: d.Accounts, Seats: d.Seats, Limit: d.Desk.Seats,
		Drift: deskLineOf(d.Desk).Drift, Drifted: h.Drifted}
	if out.Accounts == nil {
		out.Accounts = map[provision.AccountState]int{}
	}
	if sw := h.Sweep; sw != nil {
		out.Sweep = &overviewSweep{FinishedAt: output.Moment{At: sw.FinishedAt}, NextAt: output.Moment{At: &sw.NextAt}, Running: sw.LeaseUntil != nil && now.Before(*sw.LeaseUntil),
			Checked: sw.Checked, Drifted: sw.Drifted, Problem: sw.Problem}
	}
	if p := h.Pause; p != nil {
		out.Pause = &overviewPause{Since: output.Moment{At: &p.Since}, Until: output.Moment{At: &p.Until}, Reason: p.Reason}
	}
	return out
}

func (d overviewDesk) swept() string {
	switch {
	case d.Drift == string(provision.DriftOff):
		return "off"
	case d.Sweep == nil:
		return "-"
	case d.Sweep.Running:
		return "now"
	}
	return d.Sweep.FinishedAt.String()
}

// printHealth says what is wrong with desks as a whole.
func (o overview) printHealth(w io.Writer) {
	for _, d := range o.Desks {
		if d.Pause != nil {
			fmt.Fprintf(w, "\nDesk %s is not called for now (since %s; tried again at %s):\n  %s\n", d.Name, d.Pause.Since, d.Pause.Until, d.Pause.Reason)
		}
		if d.Sweep != nil && d.Sweep.Problem != "" {
			fmt.Fprintf(w, "\nThe last sweep of desk %s was not completed:\n  %s\n", d.Name, d.Sweep.Problem)
		}
	}
	if len(o.Drifts) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%d accounts were changed on their desk by hand; `deskbridge retry ACCOUNT` repairs one:\n", len(o.Drifts))
	for _, d := range o.Drifts {
		fmt.Fprintf(w, "  %s  on %s, found %s\n    %s\n", d.Account, d.Desk, d.FoundAt, strings.Join(d.Differences, "\n    "))
	}
}

func (o overview) print(w io.Writer) error {
	var rows [][]string
	for _, c := range o.Connections {
		brake := "-"
		if c.Held {
			brake = "on hold"
		}
		rows = append(rows, []string{c.Name, c.IdP, fmt.Sprint(c.Active), c.LastUsed.String(), brake})
	}
	if err := output.Table(w, "CONNECTION | IDP | ACTIVE PEOPLE | LAST USED | BRAKE", rows); err != nil {
		return err
	}
	rows = nil
	for _, d := range o.Desks {
		seats := fmt.Sprint(d.Seats)
		if d.Limit > 0 {
			seats += fmt.Sprintf(" of %d", d.Limit)
		}
		n := func(s provision.AccountState) string { return fmt.Sprint(d.Accounts[s]) }
		rows = append(rows, []string{d.Name, d.Kind, n(provision.AccountReady), n(provision.AccountWaiting), n(provision.AccountEnded),
			n(provision.AccountNeedsAttention), n(provision.AccountOnHold), seats, d.swept()})
	}
	fmt.Fprintln(w)
	if err := output.Table(w, "DESK | KIND | READY | WAITING | ENDED | NEEDS ATTENTION | ON HOLD | SEATS | SWEPT", rows); err != nil {
		return err
	}
	o.printHealth(w)
	printTokens(w, o.Tokens)
	if len(o.Attention) == 0 {
		if len(o.Drifts) == 0 && len(o.Tokens) == 0 {
			fmt.Fprintln(w, "\nNothing needs attention.")
		}
		return nil
	}
	fmt.Fprintf(w, "\n%d accounts need an admin:\n", len(o.Attention))
	for _, acc := range o.Attention {
		fmt.Fprintf(w, "  %s  %s on %s (%s)\n    %s\n", acc.Account, acc.Person, acc.Desk, acc.State, acc.Reason)
	}
	return nil
}

func retryCommand(a *app) *cobra.Command {
	var desk string
	var adopt, all bool
	cmd := &cobra.Command{
		Use:   "retry [ACCOUNT]",
		Short: "Sync accounts that need attention again",
		Example: "  deskbridge retry 0193e0a4-…\n  deskbridge retry --adopt 0193e0a4-…\n" +
			"  deskbridge retry --desk support\n  deskbridge retry --all",
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().StringVar(&desk, "desk", "", "all accounts of this desk that need attention")
	cmd.Flags().BoolVar(&all, "all", false, "all accounts that need attention")
	cmd.Flags().BoolVar(&adopt, "adopt", false, "agree to adopt the user that the desk already has for ACCOUNT")
	return a.verb(cmd, func(ctx context.Context, sys *server.System, args []string) (result, error) {
		var filter provision.AccountFilter
		var id provision.AccountID
		switch {
		case len(args) == 1 && desk == "" && !all:
			id = provision.AccountID(args[0])
		case len(args) == 0 && desk != "" && !all && !adopt:
			d, err := sys.Core.Settings.Desk(ctx, desk)
			if err != nil {
				return result{}, err
			}
			filter.Desk = d.ID
		case len(args) == 0 && desk == "" && all && !adopt:
		default:
			return result{}, usageError{errors.New("name one account, or --desk NAME, or --all; --adopt goes with an account; `deskbridge status` lists them")}
		}
		n, err := sys.Core.Reconcile.Retry(ctx, sys.Cause, filter, id, adopt)
		if err != nil {
			return result{}, err
		}
		return say(map[string]int{"accounts": n}, "%d accounts are synced again; `deskbridge status` shows the sync status.", n), nil
	})
}
