package desk

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// printApp shows the credentials of a built-in desk's API, if there are any.
func (l Line) printApp(w io.Writer) {
	if l.AppSecret != "" {
		fmt.Fprintf(w, "\nIts own API, in the forms of the Help Scout Inbox API:\n  URL         %s\n  App ID      %s\n  App secret  %s   (shown only now)\n", l.APIURL, l.AppID, l.AppSecret)
	}
}

func appCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "app NAME",
		Short: "Show what to enter at a desk for signing in; make API credentials for a built-in one",
		Long: `Show what to enter in a desk's settings, so that people sign in there through
Deskbridge. For a built-in desk credentials for its API are made, too; they are
shown once. They work until they are ended: --list shows all of them, --end ends one.`,
		Example: "  deskbridge desk app support\n  deskbridge desk app support --list\n  deskbridge desk app support --end izyhvg245xessfvhtjwjy4bdko",
		Args:    cobra.ExactArgs(1),
	}
	list := cmd.Flags().Bool("list", false, "list the API credentials of a built-in desk, and make none")
	end := cmd.Flags().String("end", "", "end the API credentials with this App ID")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := sys.Core.Settings.Desk(ctx, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if *list || *end != "" {
			return lookAtApps(ctx, sys, d, *end)
		}
		line := lineOf(d)
		if line.SignIn, err = server.DeskSignInURLsOf(ctx, sys, d, ""); err != nil {
			return command.Result{}, err
		}
		if d.Kind != builtin.Kind && line.SignIn == nil {
			return command.Result{}, command.Misuse("desk %s has no sign_in, and of its kind, %s, no API is served here; docs/desks/ shows how people sign in there", d.Name, d.Kind)
		}
		if err := openBuiltin(ctx, sys, d, &line); err != nil {
			return command.Result{}, err
		}
		return command.Result{Data: line, Text: func(w io.Writer) error {
			line.printApp(w)
			printSignIn(w, line.SignIn)
			return nil
		}}, nil
	})
}

// openBuiltin makes a built-in desk and the credentials for its API.
func openBuiltin(ctx context.Context, s *server.System, d provision.Desk, line *Line) error {
	if d.Kind != builtin.Kind {
		return nil
	}
	if err := s.Builtin.Open(ctx, d); err != nil {
		return err
	}
	app, err := s.Builtin.CreateApp(ctx, d.ID, "")
	if err != nil {
		return err
	}
	line.APIURL, line.AppID, line.AppSecret = s.Settings.PublicURL+"/desk/v2", app.ID, app.Secret
	return nil
}

// appLine is one of a desk's API credentials, as --list shows it.
type appLine struct {
	ID        string        `json:"app_id"`
	As        string        `json:"acts_as"`
	CreatedAt output.Moment `json:"created_at"`
}

// lookAtApps lists the API credentials of a built-in desk, or ends one of them.
func lookAtApps(ctx context.Context, s *server.System, d provision.Desk, end string) (command.Result, error) {
	if d.Kind != builtin.Kind {
		return command.Result{}, command.Misuse("desk %s is of kind %s: its API credentials are made and ended there", d.Name, d.Kind)
	}
	if err := s.Builtin.Open(ctx, d); err != nil {
		return command.Result{}, err
	}
	if end != "" {
		if err := s.Builtin.EndApp(ctx, d.ID, end); err != nil {
			return command.Result{}, server.DeskError(d, err)
		}
		return command.Say(map[string]string{"desk": d.Name, "ended": end}, "Ended. Whoever used these credentials is out, with every token that they had."), nil
	}
	apps, err := s.Builtin.Apps(ctx, d.ID)
	if err != nil {
		return command.Result{}, err
	}
	lines := make([]appLine, len(apps))
	rows := make([][]string, len(apps))
	for i, app := range apps {
		lines[i] = appLine{ID: app.ID, As: app.As, CreatedAt: output.Moment{At: &app.CreatedAt}}
		rows[i] = []string{app.ID, app.As, lines[i].CreatedAt.String()}
	}
	return command.Tabled(lines, "APP ID | ACTS AS | MADE AT", rows), nil
}
