package task

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Command makes the commands of tasks.
func Command(a *command.App) *cobra.Command {
	return command.Group("task", "List what has to be done on desks by hand, and say that it is done", listCommand(a), doneCommand(a))
}

// Line is a task in `task list --json`.
type Line struct {
	ID      string         `json:"id"`
	Person  string         `json:"person"` // id
	Name    string         `json:"name,omitempty"`
	Address string         `json:"address"`
	Desk    string         `json:"desk"`
	Account string         `json:"account"`
	Leaving *output.Moment `json:"leaving_since,omitempty"`
	Do      string         `json:"do"`
}

func listCommand(a *command.App) *cobra.Command {
	var desk string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List what has to be done by hand, leavers first",
		Example: "  deskbridge task list\n  deskbridge task list --desk phone",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&desk, "desk", "", "only tasks on this desk")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		_, on, err := command.Narrowed(ctx, sys, "", desk)
		if err != nil {
			return command.Result{}, err
		}
		tasks, err := sys.Core.ByHand.Tasks(ctx, on)
		if err != nil {
			return command.Result{}, err
		}
		lines, rows := make([]Line, len(tasks)), make([][]string, len(tasks))
		for i, t := range tasks {
			called := plan.PersonOf(t.Person)
			l := Line{ID: t.ID, Person: string(called.ID), Name: called.Name, Address: called.Address, Desk: names.DeskName(t.Account.Desk), Account: string(t.Account.ID),
				Do: strings.TrimPrefix(t.Account.Reason, "an admin has to do this by hand: ")}
			since := "-"
			if t.Account.EndingSince != nil {
				l.Leaving = &output.Moment{At: t.Account.EndingSince}
				since = l.Leaving.String()
			}
			lines[i], rows[i] = l, []string{l.ID, cmp.Or(l.Name, "-"), l.Address, l.Desk, since, l.Do}
		}
		said := command.Tabled(lines, "TASK | NAME | ADDRESS | DESK | LEAVING SINCE | DO", rows)
		if len(lines) == 0 {
			said.Text = command.Say(nil, "Nothing has to be done by hand.").Text
		}
		return said, nil
	})
}

func doneCommand(a *command.App) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "done TASK",
		Short: "Say that what a task asks for is done",
		Long: `Say that what a task asks for is done, all of it. TASK is an id as 'task list' shows
it; a task that asks for something else by now is another one. The audit log has it as
the word of whoever says so. What the desk shows counts for more: where it can be
read, it is read again, and only what it does not show rests on that word.`,
		Example: "  deskbridge task done 9f3c21d0-4\n  deskbridge task done 9f3c21d0-4 --by 'Grace Hopper'",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&by, "by", "", "name of the admin who did it; default: whoever runs the command")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		by = strings.TrimSpace(by)
		done, err := sys.Core.ByHand.Done(ctx, sys.Cause, args[0], by)
		if err != nil {
			return command.Result{}, err
		}
		by = cmp.Or(by, sys.Cause.Actor)
		return command.Say(map[string]string{"account": string(done.ID), "said_by": by}, "Noted as the word of %s; `deskbridge status` shows what comes of it.", output.Plain(by)), nil
	})
}
