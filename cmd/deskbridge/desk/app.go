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

// apiPath is where the API of built-in desks is.
const apiPath = "/desk/v2"

// App is a credential of a built-in desk's API, without its secret.
type App struct {
	ID        string        `json:"app_id"`
	As        string        `json:"acts_as"` // address of the desk user
	CreatedAt output.Moment `json:"created_at"`
	UsedAt    output.Moment `json:"token_until"` // until when its last token is accepted; null: it has none
}

func appsOf(ctx context.Context, sys *server.System, d provision.Desk) ([]App, error) {
	apps, err := sys.Builtin.Apps(ctx, d.ID)
	out := []App{}
	for _, app := range apps {
		one := App{ID: app.ID, As: app.As, CreatedAt: output.Moment{At: &app.CreatedAt}}
		if !app.TokenUntil.IsZero() {
			one.UsedAt = output.Moment{At: &app.TokenUntil}
		}
		out = append(out, one)
	}
	return out, err
}

func printApps(w io.Writer, apps []App) error {
	if len(apps) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := appTable(apps)
	return output.Table(w, t.Header, t.Rows)
}

func appTable(apps []App) *command.Table {
	rows := make([][]string, len(apps))
	for i, app := range apps {
		rows[i] = []string{app.ID, app.As, app.CreatedAt.String(), app.UsedAt.String()}
	}
	return &command.Table{Header: "APP ID | ACTS AS | CREATED | TOKEN UNTIL", Rows: rows}
}

func appCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "app NAME",
		Short: "Show what to enter at a desk for signing in, and the API credentials of a built-in one",
		Long: `Show what to enter in a desk's settings, so that people sign in there through
Deskbridge, and which API credentials a built-in desk has. It makes none: ` + "`desk app\ncreate`" + ` does.`,
		Example: "  deskbridge desk app support\n  deskbridge desk app create support",
		Args:    cobra.ExactArgs(1),
	}
	a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := command.Desk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		out, err := shownOf(ctx, sys, d)
		if err != nil {
			return command.Result{}, err
		}
		out.SignInSet = nil // the other side of it is what is asked for
		if d.Kind != builtin.Kind && out.Line.SignIn == nil {
			return command.Result{}, command.Misuse("desk %s has no sign_in, and of its kind, %s, no API is served here; docs/desks/ shows how people sign in there", d.Name, d.Kind)
		}
		return command.Result{Data: out, Text: func(w io.Writer) error {
			if d.Kind == builtin.Kind {
				fmt.Fprintf(w, "Its own API is at %s; `deskbridge desk app create %s` makes credentials for it.\n", out.APIURL, d.Name)
			}
			if err := printApps(w, out.Apps); err != nil {
				return err
			}
			printSignIn(w, out.Line.SignIn)
			return nil
		}}, nil
	})
	cmd.AddCommand(appCreateCommand(a), appListCommand(a), appRemoveCommand(a))
	return cmd
}

// builtinDesk returns the built-in desk of a name or id.
func builtinDesk(ctx context.Context, sys *server.System, name string) (provision.Desk, error) {
	d, err := command.Desk(ctx, sys, name)
	if err == nil && d.Kind != builtin.Kind {
		err = command.Misuse("desk %s is of kind %s: no API of it is served here", d.Name, d.Kind)
	}
	return d, err
}

func appCreateCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "create DESK",
		Short:   "Make credentials for the API of a built-in desk; the secret is shown once",
		Example: "  deskbridge desk app create support",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := builtinDesk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if err := d.Removal.Refuse("desk " + d.Name); err != nil { // or it would be made once more
			return command.Result{}, err
		}
		line := lineOf(d)
		if err := openBuiltin(ctx, sys, d, &line); err != nil {
			return command.Result{}, err
		}
		return command.Result{Data: line, Text: func(w io.Writer) error {
			line.printApp(w)
			return nil
		}}, nil
	})
}

func appListCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list DESK",
		Short:   "List the credentials for the API of a built-in desk",
		Example: "  deskbridge desk app list support",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := builtinDesk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		apps, err := appsOf(ctx, sys, d)
		return command.Result{Data: apps, Table: appTable(apps), Text: func(w io.Writer) error {
			if len(apps) == 0 {
				_, err := fmt.Fprintf(w, "Desk %s has none; `deskbridge desk app create %s` makes one.\n", d.Name, d.Name)
				return err
			}
			return printApps(w, apps)
		}}, err
	})
}

func appRemoveCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "remove DESK APP-ID",
		Short:   "End credentials for the API of a built-in desk at once, with their tokens",
		Long:    "End credentials for the API of a built-in desk at once, with their tokens. Of APP-ID the beginning or end is enough.",
		Example: "  deskbridge desk app remove support 4k2mz7",
		Args:    cobra.ExactArgs(2),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := builtinDesk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		apps, err := appsOf(ctx, sys, d)
		if err != nil {
			return command.Result{}, err
		}
		app, err := command.ByID("desk app", args[1], apps, func(app App) string { return app.ID })
		if err != nil {
			return command.Result{}, err
		}
		if err := sys.RemoveApp(ctx, d, app.ID); err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]string{"desk": d.Name, "removed": app.ID}, "App %s of desk %s has ended, with its tokens.", app.ID, d.Name), nil
	})
}
