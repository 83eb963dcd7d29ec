package admin

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// Command makes the commands of break-glass admins.
func Command(a *command.App) *cobra.Command {
	return command.Group("admin", "Manage break-glass admins, who sign in when no identity provider works",
		addCommand(a), listCommand(a), removeCommand(a))
}

func addCommand(a *command.App) *cobra.Command {
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a break-glass admin, who signs in with a password and one-time codes",
		Long: `Make a break-glass admin, who can sign in at /sso/break-glass when nobody can
sign in at the identity provider. Every use is recorded and raises an alarm in
the log. A password is generated unless one is given. All of it is shown once:
print it, and lock it away.`,
		Example: "  deskbridge admin add break-glass",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "file with the password; - reads standard input")
	return a.Verb(command.Begins(cmd), func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		password := strings.ToLower(rand.Text())
		if passwordFile != "" {
			var err error
			if password, err = a.ReadSecret(passwordFile); err != nil {
				return command.Result{}, err
			}
		}
		admin, enrolment, err := sys.Core.BreakGlass.Add(ctx, sys.Cause, args[0], password)
		if err != nil {
			return command.Result{}, err
		}
		data := map[string]any{"name": admin.Name, "url": sys.Settings.PublicURL + "/sso/break-glass", "totp_url": enrolment.URL, "recovery_codes": enrolment.Codes}
		if passwordFile == "" {
			data["password"] = password
		}
		return command.Result{Data: data, Text: func(w io.Writer) error {
			fmt.Fprintf(w, "Break-glass admin %s signs in at %s.\n\n", admin.Name, data["url"])
			if passwordFile == "" {
				fmt.Fprintf(w, "  Password        %s\n", password)
			}
			fmt.Fprintf(w, "  Authenticator   %s\n  Recovery codes  %s\n\n", enrolment.URL, strings.Join(enrolment.Codes, "\n                  "))
			_, err := fmt.Fprintln(w, "None of this can be shown again.")
			return err
		}}, nil
	})
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List break-glass admins", Example: "  deskbridge admin list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		admins, err := sys.Core.BreakGlass.Admins(ctx)
		if err != nil {
			return command.Result{}, err
		}
		type line struct {
			Name   string        `json:"name"`
			Codes  int           `json:"recovery_codes_left"`
			UsedAt output.Moment `json:"used_at"`
		}
		lines, rows := make([]line, len(admins)), make([][]string, len(admins))
		for i, b := range admins {
			lines[i] = line{b.Name, len(b.Recovery), output.Moment{At: b.UsedAt}}
			rows[i] = []string{b.Name, fmt.Sprint(len(b.Recovery)), lines[i].UsedAt.String()}
		}
		return command.Tabled(lines, "NAME | RECOVERY CODES LEFT | LAST USED", rows), nil
	})
}

func removeCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME", Short: "Remove a break-glass admin", Example: "  deskbridge admin remove break-glass", Args: cobra.ExactArgs(1)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		if err := sys.Core.BreakGlass.Remove(ctx, sys.Cause, args[0]); err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"name": args[0]}, "Break-glass admin %s is removed.", args[0]), nil
	})
}
