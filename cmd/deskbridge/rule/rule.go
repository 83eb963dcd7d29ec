package rule

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

type line struct {
	ID         string   `json:"id"`
	Connection string   `json:"connection"`
	Group      string   `json:"group,omitempty"`
	Bound      *bool    `json:"bound,omitempty"` // of a rule on a group: it was pushed
	Attribute  string   `json:"attribute,omitempty"`
	Equals     string   `json:"equals,omitempty"`
	Desk       string   `json:"desk"`
	Role       string   `json:"role,omitempty"`
	Teams      []string `json:"teams,omitempty"`
	Mailboxes  []string `json:"mailboxes,omitempty"`
	Until      string   `json:"until,omitempty"` // as access.yaml has it
	DeskRoles  []string `json:"desk_roles,omitempty"`
}

// Command makes the commands of rules.
func Command(a *command.App) *cobra.Command {
	return command.Group("rule", "Add, list and remove rules: what a group or attribute grants on a desk", addCommand(a), listCommand(a), removeCommand(a))
}

func addCommand(a *command.App) *cobra.Command {
	var r provision.Rule
	var conn, desk, role, until string
	var unchecked bool
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Grant a role, teams and mailboxes on a desk to a group or attribute value",
		Example: "  deskbridge rule add --connection acme --group Support --desk support --role agent --team \"Tier 1\" --mailbox Help\n" +
			"  deskbridge rule add --connection acme --attribute roles --equals desk-admin --desk support --role admin\n" +
			"  deskbridge rule add --connection acme --group Contractors --desk support --role agent --until 2027-01-31",
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&conn, "connection", "", "connection name")
	f.StringVar(&desk, "desk", "", "desk name")
	f.StringVar(&r.Group, "group", "", "displayName of the IdP's group")
	f.StringVar(&r.Attribute, "attribute", "", "attribute of the person instead of a group, e.g. roles, department")
	f.StringVar(&r.Equals, "equals", "", "the attribute's value that grants")
	f.StringVar(&role, "role", "", "none, limited, agent or admin")
	f.StringArrayVar(&r.Teams, "team", nil, "team on the desk; may be repeated")
	f.StringArrayVar(&r.Mailboxes, "mailbox", nil, "mailbox on the desk; may be repeated")
	f.StringVar(&until, "until", "", "the last day (UTC) on which the rule grants, as 2027-01-31, or a moment (RFC 3339)")
	f.StringArrayVar(&r.DeskRoles, "desk-role", nil, "role of the desk's own, beside --role, which says what it amounts to; may be repeated")
	f.BoolVar(&unchecked, "unchecked", false, "do not ask the desk whether teams, mailboxes and its own roles exist")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		if r.Role, err = provision.ParseRole(role); err != nil {
			return command.Result{}, err
		}
		if until != "" {
			end, err := provision.ParseUntil("until", until)
			if err != nil {
				return command.Result{}, err
			}
			r.Until = &end
		}
		if conn == "" || desk == "" {
			return command.Result{}, command.Misuse("say whose people, and where: --connection NAME --desk NAME")
		}
		if r.Connection, r.Desk, err = command.Narrowed(ctx, sys, conn, desk); err != nil {
			return command.Result{}, err
		}
		made, err := makeRule(ctx, a, sys, r, unchecked)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(lineOf(&names, made), "Rule %s: %s grants %s.", made.ID, output.Plain(made.String()), output.Grant(made.Role, made.DeskRoles, made.Teams, made.Mailboxes)+untilOf(made)), nil
	})
}

// untilOf says when a rule ends; nothing when it does not.
func untilOf(r provision.Rule) string {
	if r.Until == nil {
		return ""
	}
	return ", until " + provision.LastDay(*r.Until)
}

func makeRule(ctx context.Context, a *command.App, sys *server.System, r provision.Rule, unchecked bool) (provision.Rule, error) {
	if unchecked {
		return sys.Core.Settings.AddRuleUnchecked(ctx, sys.Cause, r)
	}
	made, warnings, err := sys.Core.Settings.AddRule(ctx, sys.Cause, r)
	for _, w := range warnings {
		a.Warn(w)
	}
	return made, err
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List all rules", Example: "  deskbridge rule list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		rules, err := sys.Core.Settings.Rules(ctx, "")
		if err != nil {
			return command.Result{}, err
		}
		out := make([]line, len(rules))
		rows := make([][]string, len(rules))
		for i, r := range rules {
			out[i] = lineOf(&names, r)
			when := r.String()
			if r.Group != "" && r.GroupID == "" {
				why, err := unbound(ctx, sys, r)
				if err != nil {
					return command.Result{}, err
				}
				when += " (" + why + ")"
			}
			rows[i] = []string{out[i].ID, out[i].Connection, when, out[i].Desk, roleCell(r), output.List(r.Teams), output.List(r.Mailboxes), cmp.Or(strings.TrimPrefix(untilOf(r), ", until "), "-")}
		}
		return command.Tabled(out, "ID | CONNECTION | WHEN | DESK | ROLE | TEAMS | MAILBOXES | UNTIL", rows), nil
	})
}

// roleCell is what a rule grants of roles: "agent + Tier 1 lead".
func roleCell(r provision.Rule) string {
	cell := string(r.Role)
	for _, name := range r.DeskRoles {
		cell += " + " + output.Plain(name)
	}
	return cell
}

// unbound returns why a rule has no group yet.
func unbound(ctx context.Context, sys *server.System, r provision.Rule) (string, error) {
	alike, err := sys.Core.Directory.LookAlikes(ctx, r.Connection, r.Group)
	if err != nil || len(alike) == 0 {
		return "not pushed yet", err
	}
	return fmt.Sprintf("not pushed; the IdP has %q, which differs in blanks: rename it there", alike[0].DisplayName), nil
}

func removeCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "remove ID", Short: "Remove a rule; what it granted ends",
		Long:    "Remove a rule; what it granted ends. Of ID the beginning or end is enough.",
		Example: "  deskbridge rule remove 0193e0a4", Args: cobra.ExactArgs(1)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		rules, err := sys.Core.Settings.Rules(ctx, "")
		if err != nil {
			return command.Result{}, err
		}
		rule, err := command.ByID("rule", args[0], rules, func(r provision.Rule) string { return string(r.ID) })
		if err != nil {
			return command.Result{}, err
		}
		if err := sys.Core.Settings.RemoveRule(ctx, sys.Cause, rule.ID); err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]string{"removed": string(rule.ID)}, "Rule %s (%s) is removed.", rule.ID, rule), nil
	})
}

func lineOf(n *server.Names, r provision.Rule) line {
	out := line{ID: string(r.ID), Connection: n.Connection(r.Connection), Group: r.Group,
		Attribute: r.Attribute, Equals: r.Equals, Desk: n.DeskName(r.Desk), Role: string(r.Role), Teams: r.Teams, Mailboxes: r.Mailboxes, DeskRoles: r.DeskRoles, Until: provision.FormatUntil(r.Until)}
	if r.Group != "" {
		out.Bound = new(r.GroupID != "")
	}
	return out
}
