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
	return group("admin", "Keep a way in for when no identity provider works",
		adminAddCommand(a), adminListCommand(a), adminRemoveCommand(a))
}

func adminAddCommand(a *app) *cobra.Command {
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an owner, who signs in with a password and one-time codes",
		Long: `Make an owner, who can sign in at /sso/break-glass when nobody can sign in at the
identity provider. Every use is recorded and raises an alarm in the log. The
password is made up unless one is given; all of it is shown once: print it, and
lock it away.`,
		Example: "  deskbridge admin add owner",
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
		owner, enrolment, err := sys.Core.BreakGlass.Add(ctx, sys.Cause, args[0], password)
		if err != nil {
			return result{}, err
		}
		data := map[string]any{"name": owner.Name, "url": sys.Settings.PublicURL + "/sso/break-glass", "totp_url": enrolment.URL, "recovery_codes": enrolment.Codes}
		if passwordFile == "" {
			data["password"] = password
		}
		return result{data, func(w io.Writer) error {
			fmt.Fprintf(w, "Owner %s signs in at %s.\n\n", owner.Name, data["url"])
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
	cmd := &cobra.Command{Use: "list", Short: "List owners", Example: "  deskbridge admin list", Args: cobra.NoArgs}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		owners, err := sys.Core.BreakGlass.Admins(ctx)
		if err != nil {
			return result{}, err
		}
		type line struct {
			Name   string        `json:"name"`
			Codes  int           `json:"recovery_codes_left"`
			UsedAt output.Moment `json:"used_at"`
		}
		lines, rows := make([]line, len(owners)), make([][]string, len(owners))
		for i, o := range owners {
			lines[i] = line{o.Name, len(o.Recovery), output.Moment{At: o.UsedAt}}
			rows[i] = []string{o.Name, fmt.Sprint(len(o.Recovery)), lines[i].UsedAt.String()}
		}
		return tabled(lines, "NAME | RECOVERY CODES LEFT | LAST USED", rows), nil
	})
}

func adminRemoveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME", Short: "End an owner", Example: "  deskbridge admin remove owner", Args: cobra.ExactArgs(1)}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, args []string) (result, error) {
		if err := sys.Core.BreakGlass.Remove(ctx, sys.Cause, args[0]); err != nil {
			return result{}, err
		}
		return say(map[string]any{"name": args[0]}, "%s signs in no more.", args[0]), nil
	})
}
