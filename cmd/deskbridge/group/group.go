package group

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Command makes the commands of groups.
func Command(a *command.App) *cobra.Command {
	return command.Group("group", "List the groups that were pushed, and show one", listCommand(a), showCommand(a))
}

// Line is a group in `group list --json`.
type Line struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	ExternalID string        `json:"external_id,omitempty"`
	Connection string        `json:"connection"`
	Members    int           `json:"members"` // direct ones
	Rules      []Rule        `json:"rules"`
	UpdatedAt  output.Moment `json:"updated_at"`
}

// Rule is a rule that is bound to a group.
type Rule struct {
	ID        string   `json:"id"`
	Desk      string   `json:"desk"`
	Role      string   `json:"role,omitempty"`
	Teams     []string `json:"teams,omitempty"`
	Mailboxes []string `json:"mailboxes,omitempty"`
	DeskRoles []string `json:"desk_roles,omitempty"`
}

func lineOf(n *server.Names, g report.Group) Line {
	out := Line{ID: string(g.ID), Name: g.DisplayName, ExternalID: g.ExternalID, Connection: g.ConnectionName, Members: g.Members, Rules: []Rule{}, UpdatedAt: output.Moment{At: &g.UpdatedAt}}
	for _, r := range g.Rules {
		out.Rules = append(out.Rules, Rule{string(r.ID), n.DeskName(r.Desk), string(r.Role), r.Teams, r.Mailboxes, r.DeskRoles})
	}
	return out
}

func listCommand(a *command.App) *cobra.Command {
	var connection, search string
	var list command.List
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List groups, by connection and name",
		Example: "  deskbridge group list --connection acme\n  deskbridge group list --search support --json",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&connection, "connection", "", "only groups of this connection")
	cmd.Flags().StringVar(&search, "search", "", "only groups with this in their name")
	list.Flags(cmd.Flags())
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		only, _, err := command.Narrowed(ctx, sys, connection, "")
		if err != nil {
			return command.Result{}, err
		}
		return command.Print(a, &list, command.Listing[report.Group]{
			Name: "groups", Header: "NAME | CONNECTION | MEMBERS | RULES | ID", Empty: "There are no groups: the identity provider has pushed none.",
			Page: func(p report.Page) ([]report.Group, string, error) {
				return sys.Core.Report.Groups(ctx, only, search, p)
			},
			Data: func(g report.Group) any { return lineOf(&names, g) },
			Row: func(g report.Group) []string {
				return []string{g.DisplayName, g.ConnectionName, strconv.Itoa(g.Members), strconv.Itoa(len(g.Rules)), string(g.ID)}
			},
		})
	})
}

// Shown is a group in `group show --json`.
type Shown struct {
	Line
	People int      `json:"people"` // among the direct members
	Groups int      `json:"groups"` // likewise
	First  []Member `json:"first_members"`
	Next   string   `json:"next"`
}

// Member is a direct member.
type Member struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // identity, group
	Name string `json:"name"`
}

// shownMembers is how many members are shown unless somebody asks for more.
const shownMembers = 20

func showCommand(a *command.App) *cobra.Command {
	var connection string
	var page report.Page
	cmd := &cobra.Command{
		Use:     "show NAME|ID",
		Short:   "Show a group: how many are in it, which rules it is bound to, its first members",
		Example: "  deskbridge group show Support\n  deskbridge group show Support --connection acme --limit 100",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&connection, "connection", "", "the connection that it is of, where several have one of that name")
	cmd.Flags().IntVar(&page.Limit, "limit", shownMembers, fmt.Sprintf("how many members at most, up to %d", report.MaxLimit))
	cmd.Flags().StringVar(&page.After, "after", "", "go on behind a page of members, with what it says at its end")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		only, _, err := command.Narrowed(ctx, sys, connection, "")
		if err != nil {
			return command.Result{}, err
		}
		g, err := sys.Core.Report.Group(ctx, only, args[0], page)
		if err != nil {
			return command.Result{}, err
		}
		out := Shown{Line: lineOf(&names, g.Group), People: g.People, Groups: g.Groups, First: []Member{}, Next: g.Next}
		for _, m := range g.First {
			out.First = append(out.First, Member{string(m.ID), string(m.Kind), m.Display})
		}
		return command.Result{Data: out, Text: out.print}, nil
	})
}

func (s Shown) print(w io.Writer) error {
	fmt.Fprintf(w, "%s · connection %s · %s", output.Plain(s.Name), s.Connection, output.Count(s.People, "person", "people"))
	if s.Groups > 0 {
		fmt.Fprintf(w, " and %s", output.Count(s.Groups, "group", "groups"))
	}
	fmt.Fprintf(w, " in it\n  id %s\n", s.ID)
	for _, r := range s.Rules {
		fmt.Fprintf(w, "  gives %s on %s (rule %s)\n", output.Grant(provision.Role(r.Role), r.DeskRoles, r.Teams, r.Mailboxes), r.Desk, explanation.ShortRule(provision.RuleID(r.ID)))
	}
	if len(s.Rules) == 0 {
		fmt.Fprintln(w, "  gives nothing: no rule is bound to it")
	}
	if len(s.First) > 0 {
		fmt.Fprintln(w)
	}
	for _, m := range s.First {
		kind := ""
		if m.Kind == string(provision.MemberGroup) {
			kind = " (group)"
		}
		fmt.Fprintf(w, "  %s%s\n", output.Plain(m.Name), kind)
	}
	if s.Next != "" {
		fmt.Fprintf(w, "\nThere are more: --after %s\n", s.Next)
	}
	return nil
}
