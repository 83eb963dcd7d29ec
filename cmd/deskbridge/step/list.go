package step

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/leave"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Line is a step that is still to come, in `step list --json`.
type Line struct {
	Person   string `json:"person"` // id
	Name     string `json:"name,omitempty"`
	Address  string `json:"address,omitempty"`
	Desk     string `json:"desk"`
	Account  string `json:"account"`
	DeskUser string `json:"desk_user"`
	output.Coming
}

// Command makes the command of steps.
func Command(a *command.App) *cobra.Command {
	return command.Group("step", "List what on_leave is still to do with those who have left", listCommand(a))
}

func lineOf(s report.Step) Line {
	who := plan.PersonOf(s.Person)
	return Line{Person: string(s.Account.Identity), Name: who.Name, Address: who.Address, Desk: s.Desk.Name, Account: string(s.Account.ID), DeskUser: string(s.Account.DeskUser),
		Coming: *output.ComingStep(s.Coming)}
}

// waits says what a step waits for beside its time.
var waits = map[leave.Consent]string{leave.ConsentNone: "-", leave.ConsentNeeded: "needed then", leave.ConsentAsked: "asked: approval list"}

func listCommand(a *command.App) *cobra.Command {
	var name string
	var list command.List
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the steps of on_leave that are still to come, the soonest first",
		Long: `List the later steps of desks' on_leave, such as delete after 30d, that are still to
come for people whose access has ended, the soonest first; and what nothing brings
back that an admin has been asked about. Of that, DUE is when the time for an answer
is over. Who comes back before has none.`,
		Example: "  deskbridge step list\n  deskbridge step list --desk support --csv",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&name, "desk", "", "only on this desk")
	list.Flags(cmd.Flags())
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		_, desk, err := command.Narrowed(ctx, sys, "", name)
		if err != nil {
			return command.Result{}, err
		}
		return command.Print(a, &list, command.Listing[report.Step]{
			Name: "steps", Header: "DUE | STEP | PERSON | ADDRESS | DESK | DESK USER | ACCOUNT | APPROVAL",
			Empty: "No step of on_leave is to come.",
			Page:  func(p report.Page) ([]report.Step, string, error) { return sys.Core.Report.Steps(ctx, desk, p) },
			Data:  func(s report.Step) any { return lineOf(s) },
			Row: func(s report.Step) []string {
				l := lineOf(s)
				return []string{l.Due.String(), l.Step, cmp.Or(l.Name, "-"), cmp.Or(l.Address, l.Person), l.Desk, l.DeskUser, l.Account, waits[s.Consent]}
			},
		})
	})
}
