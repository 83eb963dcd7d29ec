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
	"github.com/deskbridge/deskbridge/provision/administration"
)

// Command makes the commands of admins.
func Command(a *command.App) *cobra.Command {
	return command.Group("admin", "Say who has which role in the console and by the admin API, and manage break-glass admins",
		addCommand(a), listCommand(a), removeCommand(a), grantCommand(a), revokeCommand(a))
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

// line is somebody who has a role here, or the people of a group who have.
type line struct {
	Kind string `json:"kind"` // break-glass, group
	Name string `json:"name"`
	Role string `json:"role"`

	// Of break-glass admins.
	Codes  *int           `json:"recovery_codes_left,omitempty"`
	UsedAt *output.Moment `json:"used_at,omitempty"`

	Group *granted `json:"group,omitempty"`
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List break-glass admins, and the groups that have a role here", Example: "  deskbridge admin list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		admins, err := sys.Core.BreakGlass.Admins(ctx)
		if err != nil {
			return command.Result{}, err
		}
		grants, err := sys.Core.Administration.Grants(ctx, "")
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		lines, rows := []line{}, [][]string{}
		for _, b := range admins {
			used := output.Moment{At: b.UsedAt}
			lines = append(lines, line{Kind: "break-glass", Name: b.Name, Role: string(administration.Owner), Codes: new(len(b.Recovery)), UsedAt: &used})
			rows = append(rows, []string{b.Name + " (break-glass)", string(administration.Owner), "", fmt.Sprint(len(b.Recovery)), used.String()})
		}
		for _, g := range grants {
			group := grantedOf(&names, g)
			lines = append(lines, line{Kind: "group", Name: g.GroupName, Role: string(g.Role), Group: &group})
			rows = append(rows, []string{"group " + g.GroupName + " of " + group.Connection, string(g.Role), group.may(), "", ""})
		}
		return command.Tabled(lines, "WHO | ROLE | MAY MAP | RECOVERY CODES LEFT | LAST USED", rows), nil
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
