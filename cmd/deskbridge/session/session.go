package session

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Command makes the commands of sessions and logins.
func Command(a *command.App) *cobra.Command {
	return command.Group("session", "List and end people's sessions", listCommand(a), revokeCommand(a), unlinkCommand(a))
}

type line struct {
	ID         provision.SessionID `json:"id"`
	User       string              `json:"user"`
	UserID     string              `json:"user_id"`
	Connection string              `json:"connection"`
	Protocol   provision.Protocol  `json:"protocol"`
	CreatedAt  output.Moment       `json:"created_at"`
	SeenAt     output.Moment       `json:"seen_at"`
	EndsAt     output.Moment       `json:"ends_at"`
}

func listCommand(a *command.App) *cobra.Command {
	var user, connection string
	var limit int
	cmd := &cobra.Command{Use: "list", Short: "List who is signed in, newest first",
		Example: "  deskbridge session list\n  deskbridge session list --user ada@acme.example", Args: cobra.NoArgs}
	cmd.Flags().StringVar(&user, "user", "", "only this person: id, userName, externalId or e-mail address")
	cmd.Flags().StringVar(&connection, "connection", "", "only people of this connection")
	cmd.Flags().IntVar(&limit, "limit", report.DefaultLimit, fmt.Sprintf("how many at most, up to %d", report.MaxLimit))
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		filter, err := filterOf(ctx, sys, user, connection)
		if err != nil {
			return command.Result{}, err
		}
		sessions, more, err := sys.Core.Report.Sessions(ctx, filter, limit)
		if err != nil {
			return command.Result{}, err
		}
		lines := make([]line, len(sessions))
		rows := make([][]string, len(sessions))
		for i, s := range sessions {
			lines[i] = line{s.ID, s.UserName, string(s.Identity), s.ConnectionName, s.Protocol, output.Moment{At: &s.CreatedAt}, output.Moment{At: &s.SeenAt}, output.Moment{At: &s.EndsAt}}
			rows[i] = []string{string(s.ID), s.UserName, s.ConnectionName, string(s.Protocol), lines[i].CreatedAt.String(), lines[i].SeenAt.String(), lines[i].EndsAt.String()}
		}
		if more {
			a.Warn("there are more sessions: --user, --connection and --limit choose among them")
		}
		said := command.Tabled(lines, "ID | USER | CONNECTION | BY | SINCE | SEEN | ENDS", rows)
		if len(rows) == 0 {
			said.Text = command.Say(nil, "Nobody is signed in.").Text
		}
		return said, nil
	})
}

func filterOf(ctx context.Context, s *server.System, user, connection string) (f provision.SessionFilter, _ error) {
	if user != "" {
		person, err := command.FindPerson(ctx, s, user)
		if err != nil {
			return f, err
		}
		f.Identity = person.ID
	}
	if connection != "" {
		conn, err := command.Connection(ctx, s, connection)
		if err != nil {
			return f, err
		}
		f.Connection = conn.ID
	}
	return f, nil
}

func revokeCommand(a *command.App) *cobra.Command {
	var id, connection string
	cmd := &cobra.Command{
		Use:     "revoke [USER]",
		Short:   "End sessions at once: of a person, of a connection, or a single one",
		Example: "  deskbridge session revoke ada@acme.example\n  deskbridge session revoke --connection acme",
		Args:    cobra.MaximumNArgs(1),
	}
	cmd.Flags().StringVar(&id, "id", "", "only the session with this id; its beginning or end is enough")
	cmd.Flags().StringVar(&connection, "connection", "", "everybody of this connection")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		user := ""
		if len(args) == 1 {
			user = args[0]
		}
		if user == "" && connection == "" && id == "" {
			return command.Result{}, command.Misuse("say whose sessions: a person, --connection or --id")
		}
		filter, err := filterOf(ctx, sys, user, connection)
		if err != nil {
			return command.Result{}, err
		}
		if id != "" {
			if filter.ID, err = sys.Core.Report.OpenSession(ctx, id); err != nil {
				return command.Result{}, err
			}
		}
		ended, err := sys.Core.Sessions.EndSessions(ctx, sys.Cause, filter, provision.EndedByAdmin)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"ended": len(ended)}, "%s ended.", output.Count(len(ended), "session", "sessions")), nil
	})
}

func unlinkCommand(a *command.App) *cobra.Command {
	var connection string
	cmd := &cobra.Command{
		Use:   "unlink [USER]",
		Short: "Unlink the logins of a person, and end their sessions",
		Long: `Unlink the logins of a person, and end their sessions. Their next
sign-in finds them as a first one does. It is needed when somebody has another
identifier at the identity provider than before; with --connection, when
everybody has.`,
		Example: "  deskbridge session unlink ada@acme.example\n  deskbridge session unlink --connection acme",
		Args:    cobra.MaximumNArgs(1),
	}
	cmd.Flags().StringVar(&connection, "connection", "", "everybody of this connection")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		if (len(args) == 1) == (connection != "") {
			return command.Result{}, command.Misuse("say whose logins: a person or --connection")
		}
		if connection != "" {
			conn, err := command.Connection(ctx, sys, connection)
			if err != nil {
				return command.Result{}, err
			}
			if err := sys.Core.SignIn.UnlinkAll(ctx, sys.Cause, conn.ID); err != nil {
				return command.Result{}, err
			}
			return command.Say(map[string]any{"connection": conn.Name}, "Unlinked. The next sign-ins find the people of %s anew.", conn.Name), nil
		}
		person, err := command.FindPerson(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if err := sys.Core.SignIn.Unlink(ctx, sys.Cause, person); err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"user": person.ID}, "Unlinked. The next sign-in finds %s anew.", output.Plain(person.UserName)), nil
	})
}
