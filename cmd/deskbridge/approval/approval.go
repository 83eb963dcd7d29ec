package approval

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Line is what waits, in `approval list --json`.
type Line struct {
	Account string        `json:"account"`
	Person  string        `json:"person"` // id
	Address string        `json:"address,omitempty"`
	Desk    string        `json:"desk"`
	What    string        `json:"what"` // delete or anonymize
	AskedAt output.Moment `json:"asked_at"`
	Due     output.Moment `json:"due"`
	EndedBy string        `json:"ended_by,omitempty"` // which admin had access end; empty: the identity provider

	label string // for people
}

// Command makes the commands of approvals.
func Command(a *command.App) *cobra.Command {
	return command.Group("approval", "List, approve and refuse what cannot be undone on desks", listCommand(a),
		answerCommand(a, "approve", "Have it done: nothing brings the user back", "is done: the desk is about to %s the user of %s."),
		answerCommand(a, "refuse", "Have the user stay, deactivated", "is not done (%s): the user of %s stays, deactivated."))
}

func lines(ctx context.Context, sys *server.System) ([]Line, []provision.Account, error) {
	waiting, err := sys.Core.Approval.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	names, err := sys.LoadNames(ctx)
	if err != nil {
		return nil, nil, err
	}
	out := make([]Line, len(waiting))
	for i, a := range waiting {
		person := plan.Person{ID: a.Identity}
		found, err := sys.Core.Directory.FindPeople(ctx, string(a.Identity))
		if err != nil && !provision.IsNotFound(err) {
			return nil, nil, err
		}
		if len(found) > 0 {
			person = plan.PersonOf(found[0])
		}
		out[i] = Line{Account: string(a.ID), Person: string(a.Identity), Address: person.Address, Desk: names.DeskName(a.Desk), What: string(a.Approval.What),
			AskedAt: output.Moment{At: a.Approval.AskedAt}, Due: output.Moment{At: a.Approval.Due}, EndedBy: a.Loss.By, label: output.Plain(person.String())}
	}
	return out, waiting, nil
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List what waits for an admin", Args: cobra.NoArgs,
		Long:    "List what waits for an admin on desks with `approve: deletes`. Access has ended already: the users are deactivated.",
		Example: "  deskbridge approval list"}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		out, _, err := lines(ctx, sys)
		if err != nil {
			return command.Result{}, err
		}
		rows := make([][]string, len(out))
		for i, l := range out {
			rows[i] = []string{plan.ShortID(provision.AccountID(l.Account)), l.label, l.Desk, l.What, l.AskedAt.String(), l.Due.String()}
		}
		return command.Tabled(out, "ACCOUNT | PERSON | DESK | WHAT | ASKED | DUE", rows), nil
	})
}

func answerCommand(a *command.App, verb, short, said string) *cobra.Command {
	cmd := &cobra.Command{Use: verb + " ACCOUNT", Short: short, Args: cobra.ExactArgs(1),
		Long:    short + ". Of ACCOUNT the beginning or end, as approval list shows it, is enough.",
		Example: "  deskbridge approval " + verb + " 5c1f9b02"}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		out, waiting, err := lines(ctx, sys)
		if err != nil {
			return command.Result{}, err
		}
		account, err := command.ByID("approval", args[0], waiting, func(a provision.Account) string { return string(a.ID) })
		if err != nil {
			return command.Result{}, err
		}
		answer := sys.Core.Approval.Refuse
		if verb == "approve" {
			answer = sys.Core.Approval.Approve
		}
		if _, err := answer(ctx, sys.Cause, account.ID); err != nil {
			return command.Result{}, err
		}
		line := out[0]
		for i := range waiting {
			if waiting[i].ID == account.ID {
				line = out[i]
			}
		}
		return command.Say(line, "It "+said, line.What, line.label), nil
	})
}
