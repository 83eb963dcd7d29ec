package apitoken

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// Line is a token as the commands show it.
type Line struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Token      string          `json:"token,omitempty"`
	Role       string          `json:"role"`
	Verbs      []string        `json:"verbs,omitempty"`
	Reach      []command.Reach `json:"reach,omitempty"`
	Person     string          `json:"person,omitempty"` // id of whose it is
	CreatedBy  string          `json:"created_by"`
	CreatedAt  time.Time       `json:"created_at"`
	ExpiresAt  time.Time       `json:"expires_at"`
	RevokedAt  *time.Time      `json:"revoked_at,omitempty"`
	LastUsedAt *time.Time      `json:"last_used_at,omitempty"`
}

func lineOf(names *server.Names, t administration.Token) Line {
	return Line{ID: string(t.ID), Name: t.Name, Role: string(t.Role), Verbs: t.Verbs, Reach: command.ReachOf(names, t.Reach), Person: string(t.Person),
		CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, LastUsedAt: t.LastUsedAt}
}

// Command makes the commands of tokens of the admin API.
func Command(a *command.App) *cobra.Command {
	return command.Group("api-token", "Make, list and revoke tokens of the admin API",
		addCommand(a), listCommand(a), revokeCommand(a))
}

func addCommand(a *command.App) *cobra.Command {
	draft := administration.TokenDraft{Life: administration.DefaultTokenLife}
	var reach command.ReachFlags
	cmd := &cobra.Command{
		Use:   "add NAME ROLE",
		Short: "Make a token of the admin API; it is shown once",
		Long: `Make a bearer token of the admin API at /api/v1. ROLE is owner, admin, operator,
auditor or mailbox-manager; --may narrows it to some verbs. What needs a fresh sign-in
of a person, a token may only where --may names it. Tokens end: after 90 days unless
--expires says otherwise, and after 366 at most.`,
		Example: "  deskbridge api-token add ci auditor\n" +
			"  deskbridge api-token add pipeline admin --may plan.draft --may plan.apply --expires 30d\n" +
			"  deskbridge api-token add billing mailbox-manager --desk support --mailbox Invoices",
		Args: cobra.ExactArgs(2),
	}
	cmd.Flags().Var((*config.Duration)(&draft.Life), "expires", "how long it lives, e.g. 30d")
	cmd.Flags().StringArrayVar(&draft.Verbs, "may", nil, "a verb that it is for, e.g. plan.apply; may be repeated")
	reach.Flags(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		role, err := administration.ParseRole(args[1])
		if err != nil {
			return command.Result{}, command.Misuse("%w", err)
		}
		if err := admin.CheckVerbs(role, draft.Verbs); err != nil {
			return command.Result{}, command.Misuse("%w", err)
		}
		if draft.Life <= 0 {
			return command.Result{}, command.Misuse("a token of the admin API has an end; --expires 366d is the latest")
		}
		draft.Name, draft.Role = args[0], role
		if draft.Reach, err = reach.Reach(ctx, sys); err != nil {
			return command.Result{}, err
		}
		t, secret, err := sys.Core.Administration.CreateToken(ctx, sys.Cause, administration.Maker{Standing: administration.Standing{Role: administration.Owner}}, draft)
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		line := lineOf(&names, t)
		line.Token = secret
		return command.Say(line, "%s", secret), nil
	})
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the tokens of the admin API", Example: "  deskbridge api-token list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		tokens, err := sys.Core.Administration.Tokens(ctx)
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		lines, rows := make([]Line, len(tokens)), make([][]string, len(tokens))
		for i, t := range tokens {
			lines[i] = lineOf(&names, t)
			may := strings.Join(t.Verbs, ", ")
			if may == "" {
				may = "all of the role"
			}
			rows[i] = []string{t.Name, string(t.Role), may, output.Moment{At: &t.ExpiresAt}.String(), output.Moment{At: t.RevokedAt}.String(), output.Moment{At: t.LastUsedAt}.String(), provision.Plain(t.CreatedBy)}
		}
		return command.Tabled(lines, "NAME | ROLE | MAY | EXPIRES | REVOKED | LAST USED | MADE BY", rows), nil
	})
}

func revokeCommand(a *command.App) *cobra.Command {
	confirm := command.Confirm{Scripts: true}
	cmd := &cobra.Command{Use: "revoke NAME|ID", Short: "End a token of the admin API at once", Example: "  deskbridge api-token revoke ci", Args: cobra.ExactArgs(1)}
	confirm.Flag(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		if err := confirm.Ask(a, "Whoever has the token "+output.Plain(args[0])+" is refused from then on", output.Plain(args[0])); err != nil {
			return command.Result{}, err
		}
		t, err := sys.Core.Administration.RevokeToken(ctx, sys.Cause, args[0])
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(lineOf(&names, t), "Token %s of the admin API is revoked.", t.Name), nil
	})
}
