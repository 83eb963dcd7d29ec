package person

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Terms are what admins have said of a person, as the commands that say it print it
// with --json.
type Terms struct {
	ID         string        `json:"id"`
	UserName   string        `json:"user_name"`
	Connection string        `json:"connection"`
	Status     string        `json:"status"` // by the identity provider's word
	Terms      *output.Terms `json:"terms"`  // null: nothing is said
}

// saying makes a command that says something of one person. do returns the sentences
// that tell what follows.
func saying(a *command.App, cmd *cobra.Command, do func(ctx context.Context, sys *server.System, person provision.Identity) (provision.Identity, []string, error)) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		person, err := command.FindPerson(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		now, said, err := do(ctx, sys, person)
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		out := Terms{string(now.ID), now.UserName, names.Connection(now.Connection), string(now.Status), output.TermsOf(now.Terms, sys.Core.Now())}
		return command.Result{Data: out, Text: func(w io.Writer) error {
			fmt.Fprintf(w, "%s %s\n", output.Plain(plan.PersonOf(now).String()), said[0])
			for _, line := range said[1:] {
				fmt.Fprintf(w, "%s\n", line)
			}
			_, err := fmt.Fprintf(w, "`deskbridge explain %s` shows how far it is.\n", now.ID)
			return err
		}}, nil
	})
}

func blockCommand(a *command.App) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "block USER",
		Short: "Keep somebody out, whatever the identity provider says, until unblock",
		Long: `Keep somebody out, whatever the identity provider says of them, until unblock.
Their sessions end at once, access ends on each desk as a leaver's does, and a
sign-in is refused. No push clears it: it stays through a rename, and when they
are deleted at the identity provider and come back as the same person. SCIM goes on
being answered by what the identity provider has said. Somebody who is removed
already is kept from coming back. USER is a userName, e-mail address, externalId
or id.`,
		Example: "  deskbridge person block ada@acme.example --reason \"dismissed, HR asks to wait for the contract\"",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for other admins; the person is not told")
	return saying(a, cmd, func(ctx context.Context, sys *server.System, person provision.Identity) (provision.Identity, []string, error) {
		now, err := sys.Core.Terms.Block(ctx, sys.Cause, person.ID, reason)
		if now.Status == provision.StatusRemoved {
			return now, []string{"is removed, and blocked from now on: coming back gives them no access."}, err
		}
		return now, []string{"is blocked: sessions have ended, and access ends on every desk.",
			"The identity provider is not told. Have them taken out there, too."}, err
	})
}

func unblockCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "unblock USER", Short: "Take a block back: what the identity provider says counts again",
		Example: "  deskbridge person unblock ada@acme.example",
	}
	return saying(a, cmd, func(ctx context.Context, sys *server.System, person provision.Identity) (provision.Identity, []string, error) {
		now, err := sys.Core.Terms.Unblock(ctx, sys.Cause, person.ID)
		return now, []string{fmt.Sprintf("is blocked no more: they are %s, as the identity provider says, and have what rules grant.", now.Status)}, err
	})
}

func validUntilCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "valid-until USER DATE|never",
		Short: "Say when somebody's access ends by itself",
		Long: `Say when somebody's access ends by itself: with the end of a day in UTC, as
2027-01-31, at a moment (RFC 3339), or never. From then on they have no access
anywhere, whatever the identity provider says; status tells of it 14 days before.
A later date gives it back.`,
		Example: "  deskbridge person valid-until ada@acme.example 2027-01-31\n  deskbridge person valid-until ada@acme.example never",
	}
	var date string
	made := saying(a, cmd, func(ctx context.Context, sys *server.System, person provision.Identity) (provision.Identity, []string, error) {
		if date == "never" {
			now, err := sys.Core.Terms.SetEnd(ctx, sys.Cause, person.ID, nil)
			return now, []string{"has access for as long as the identity provider and rules say so."}, err
		}
		end, err := provision.ParseUntil("until", date)
		if err != nil {
			return person, nil, err
		}
		now, err := sys.Core.Terms.SetEnd(ctx, sys.Cause, person.ID, &end)
		return now, []string{"has access until " + provision.LastDay(end) + ", and none after that."}, err
	})
	made.Args = cobra.ExactArgs(2)
	run := made.RunE
	made.RunE = func(cmd *cobra.Command, args []string) error {
		date = args[1]
		return run(cmd, args[:1])
	}
	return made
}
