package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

func adminCommand(a *app) *cobra.Command {
	return group("admin", "Manage break-glass admins, who sign in when no identity provider works",
		adminAddCommand(a), adminListCommand(a), adminRemoveCommand(a))
}

func adminAddCommand(a *app) *cobra.Command {
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
	return a.verb(cmd, func(ctx context.Context, sys *server.System, args []string) (result, error) {
		password := strings.ToLower(rand.Text())
		if passwordFile != "" {
			var err error
			if password, err = readSecret(passwordFile); err != nil {
				return result{}, err
			}
		}
		admin, enrolment, err := sys.Core.BreakGlass.Add(ctx, sys.Cause, args[0], password)
		if err != nil {
			return result{}, err
		}
		data := map[string]any{"name": admin.Name, "url": sys.Settings.PublicURL + "/sso/break-glass", "totp_url": enrolment.URL, "recovery_codes": enrolment.Codes}
		if passwordFile == "" {
			data["password"] = password
		}
		return result{data, func(w io.Writer) error {
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

func adminListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List break-glass admins", Example: "  deskbridge admin list", Args: cobra.NoArgs}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		admins, err := sys.Core.BreakGlass.Admins(ctx)
		if err != nil {
			return result{}, err
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
		return tabled(lines, "NAME | RECOVERY CODES LEFT | LAST USED", rows), nil
	})
}

func adminRemoveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME", Short: "Remove a break-glass admin", Example: "  deskbridge admin remove break-glass", Args: cobra.ExactArgs(1)}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, args []string) (result, error) {
		if err := sys.Core.BreakGlass.Remove(ctx, sys.Cause, args[0]); err != nil {
			return result{}, err
		}
		return say(map[string]any{"name": args[0]}, "Break-glass admin %s is removed.", args[0]), nil
	})
}
