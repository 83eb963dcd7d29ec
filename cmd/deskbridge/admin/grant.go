package admin

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// granted is a role of a group as the commands show it.
type granted struct {
	ID         string          `json:"id"`
	Connection string          `json:"connection"`
	Group      string          `json:"group"`
	GroupID    string          `json:"group_id,omitempty"`
	Claimed    bool            `json:"claimed,omitempty"`
	Role       string          `json:"role"`
	Reach      []command.Reach `json:"reach,omitempty"`
	By         string          `json:"granted_by"`
	At         output.Moment   `json:"granted_at"`
}

func grantedOf(names *server.Names, g administration.Grant) granted {
	return granted{ID: string(g.ID), Connection: names.Connection(g.Connection), Group: g.GroupName, GroupID: string(g.Group), Claimed: g.Claimed(),
		Role: string(g.Role), Reach: command.ReachOf(names, g.Reach), By: g.CreatedBy, At: output.Moment{At: &g.CreatedAt}}
}

// may says what a role may map, for people.
func (g granted) may() string {
	var parts []string
	for _, r := range g.Reach {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, "; ")
}

func grantCommand(a *command.App) *cobra.Command {
	var draft administration.GrantDraft
	var reach command.ReachFlags
	cmd := &cobra.Command{
		Use:   "grant CONNECTION GROUP ROLE",
		Short: "Give the people of a group a role in the console and by the admin API",
		Long: `Give the people of a group a role in the console and by the admin API. ROLE is
owner, admin, operator, auditor, or mailbox-manager with what they may map. GROUP is
the name or id of a group that the identity provider has pushed; it keeps the role
when it is renamed there. Whoever leaves the group, or is suspended or removed, has
lost the role at that moment. With --claimed the group is one that the identity
provider names at sign-in only: people keep the role until they sign in again.`,
		Example: "  deskbridge admin grant acme \"IT admins\" admin\n" +
			"  deskbridge admin grant acme \"Billing leads\" mailbox-manager --desk support --mailbox Invoices",
		Args: cobra.ExactArgs(3),
	}
	cmd.Flags().BoolVar(&draft.Claimed, "claimed", false, "the identity provider names the group at sign-in, and pushes none")
	reach.Flags(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		role, err := administration.ParseRole(args[2])
		if err != nil {
			return command.Result{}, command.Misuse("%w", err)
		}
		draft.Connection, draft.Group, draft.Role = conn.ID, args[1], role
		if draft.Reach, err = reach.Reach(ctx, sys); err != nil {
			return command.Result{}, err
		}
		g, err := sys.Core.Administration.Grant(ctx, sys.Cause, draft)
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(grantedOf(&names, g), "Everybody in group %s of %s is %s from their next request on.", output.Plain(g.GroupName), conn.Name, g.Role), nil
	})
}

func revokeCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke CONNECTION GROUP",
		Short:   "Take the role of a group away",
		Long:    "Take away the role that a group has in the console and by the admin API, at once; the tokens that its people made end with it. GROUP is a name, or an id.",
		Example: "  deskbridge admin revoke acme \"IT admins\"",
		Args:    cobra.ExactArgs(2),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		g, err := sys.Core.Administration.Revoke(ctx, sys.Cause, conn.ID, args[1])
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(grantedOf(&names, g), "Group %s of %s has no role here any more.", output.Plain(g.GroupName), conn.Name), nil
	})
}
