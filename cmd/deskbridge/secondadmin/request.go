package secondadmin

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

// Line is what waits, in `second-admin list --json`.
type Line struct {
	ID       string        `json:"id"`
	What     string        `json:"what"`
	Kind     string        `json:"kind"` // release, apply, remove-connection, remove-desk
	Accounts int           `json:"accounts"`
	AskedBy  string        `json:"asked_by"`
	TokenOf  string        `json:"token_of,omitempty"` // whose it is, where they asked by a token
	AskedAt  output.Moment `json:"asked_at"`
	Until    output.Moment `json:"until"`
	Yours    bool          `json:"yours"` // whoever asks here is, or may be, who asked for it
	Same     string        `json:"same"`  // the command that asks for the same

	who string // for people
}

// Command makes the commands of second admins.
func Command(a *command.App) *cobra.Command {
	return command.Group("second-admin", "List and withdraw what waits for a second admin", listCommand(a), withdrawCommand(a))
}

func lines(ctx context.Context, sys *server.System) ([]Line, error) {
	open, err := sys.Core.SecondAdmin.List(ctx)
	if err != nil {
		return nil, err
	}
	names, err := sys.LoadNames(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Line, len(open))
	for i, r := range open {
		may, err := sys.Core.SecondAdmin.MayConfirm(ctx, sys.Cause, &r)
		if err != nil {
			return nil, err
		}
		out[i] = Line{ID: string(r.ID), What: r.What, Kind: string(r.Kind), Accounts: r.Accounts, AskedBy: r.By, TokenOf: r.Behind, AskedAt: output.Moment{At: &r.AskedAt}, Until: output.Moment{At: &r.Until},
			Yours: !may, Same: same(r, names), who: r.Who()}
	}
	return out, nil
}

// same returns the command that asks for what r asks for.
func same(r secondadmin.Request, names server.Names) string {
	switch r.Kind {
	case secondadmin.KindRelease:
		line := "deskbridge connection release " + names.Connection(provision.ConnectionID(r.Subject))
		if len(r.People) == 0 {
			return line + " --all"
		}
		for _, p := range r.People {
			line += " --person " + string(p)
		}
		return line
	case secondadmin.KindApply:
		line := "deskbridge apply -f access.yaml --plan " + r.Subject
		if r.AtOnce() {
			line += " --expect-losses " + strconv.Itoa(r.Accounts)
		}
		return line
	case secondadmin.KindRemoveConnection:
		return "deskbridge connection remove " + names.Connection(provision.ConnectionID(r.Subject))
	case secondadmin.KindRemoveDesk:
		return "deskbridge desk remove " + names.DeskName(provision.DeskID(r.Subject))
	}
	return ""
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List what waits for a second admin, and the command that asks for the same", Args: cobra.NoArgs,
		Long: strings.TrimSpace(`
List what one admin has asked for, and nothing is done of until another asks for the
same, where the server wants two (DESKBRIDGE_SECOND_ADMIN). Look at what it is about as
if you were the first: at "deskbridge status", at the plan of the file.`),
		Example: "  deskbridge second-admin list"}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		out, err := lines(ctx, sys)
		if err != nil {
			return command.Result{}, err
		}
		rows := make([][]string, len(out))
		for i, l := range out {
			same := l.Same
			if l.Yours {
				same = "another admin: " + same
			}
			rows[i] = []string{short(l.ID), l.What, l.who, l.AskedAt.String(), l.Until.String(), same}
		}
		return command.Tabled(out, "ID | WHAT | ASKED BY | ASKED | UNTIL | DO", rows), nil
	})
}

// short returns the end of an id, which tells it from others.
func short(id string) string { return id[max(0, len(id)-8):] }

func withdrawCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "withdraw ID", Short: "End a request: nothing of it is done", Args: cobra.ExactArgs(1),
		Long:    "End what waits for a second admin, whoever asked for it: nothing of it is done. Of ID the beginning or end, as second-admin list shows it, is enough.",
		Example: "  deskbridge second-admin withdraw 5c1f9b02"}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		all, err := lines(ctx, sys)
		if err != nil {
			return command.Result{}, err
		}
		line, err := command.ByIDIn("request", "second-admin list", args[0], all, func(l Line) string { return l.ID })
		if err != nil {
			return command.Result{}, err
		}
		if _, err := sys.Core.SecondAdmin.Withdraw(ctx, sys.Cause, secondadmin.RequestID(line.ID)); err != nil {
			return command.Result{}, err
		}
		return command.Say(line, "Withdrawn: to %s waits for nobody, and is not done.", line.What), nil
	})
}
