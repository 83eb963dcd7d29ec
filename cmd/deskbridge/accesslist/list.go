package accesslist

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Command makes the commands of access.
func Command(a *command.App) *cobra.Command {
	return command.Group("access", "List who has access on a desk, to a mailbox or team there", listCommand(a))
}

// Line is somebody with access in `access list --json`.
type Line struct {
	Person      string         `json:"person"` // id
	Name        string         `json:"name,omitempty"`
	Address     string         `json:"address"`
	UserName    string         `json:"user_name"`
	Connection  string         `json:"connection"`
	Status      string         `json:"status"`
	Desk        string         `json:"desk"`
	Account     string         `json:"account"`
	DeskUser    string         `json:"desk_user"`
	Role        string         `json:"role"`
	Teams       []string       `json:"teams"`
	Mailboxes   []string       `json:"mailboxes"`
	DeskRoles   []string       `json:"desk_roles,omitempty"`
	Since       output.Moment  `json:"since"`
	ConfirmedAt output.Moment  `json:"confirmed_at"`
	GivenBy     []Giver        `json:"given_by"`
	State       string         `json:"state"`
	Ending      *output.Moment `json:"ending_since,omitempty"`
	Reason      string         `json:"reason,omitempty"`
}

// Giver is what gives access now.
type Giver struct {
	Source string `json:"source"` // "group Support"
	Rule   string `json:"rule"`
}

func lineOf(n *server.Names, x report.Access) Line {
	called, a := plan.PersonOf(x.Person), x.Account
	l := Line{Person: string(a.Identity), Name: called.Name, Address: called.Address, UserName: x.Person.UserName, Connection: n.Connection(a.Connection), Status: string(x.Person.Status),
		Desk: n.DeskName(a.Desk), Account: string(a.ID), DeskUser: string(a.DeskUser), Role: string(a.Confirmed.Role), Teams: orNone(a.Confirmed.Teams), Mailboxes: orNone(a.Confirmed.Mailboxes), DeskRoles: a.Confirmed.DeskRoles,
		Since: output.Moment{At: &x.Since}, ConfirmedAt: output.Moment{At: a.ConfirmedAt}, GivenBy: []Giver{}, State: string(a.State), Reason: a.Reason}
	for _, g := range x.By {
		l.GivenBy = append(l.GivenBy, Giver{g.Source(), string(g.Rule)})
	}
	if a.EndingSince != nil {
		l.Ending = &output.Moment{At: a.EndingSince}
	}
	return l
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// by says what gives the access, for people.
func (l Line) by() string {
	var by []string
	for _, g := range l.GivenBy {
		by = append(by, g.Source+" (rule "+explanation.ShortRule(provision.RuleID(g.Rule))+")")
	}
	switch {
	case l.Ending != nil:
		return "nothing; to end since " + l.Ending.String()
	case len(by) == 0:
		return "nothing any more; about to change"
	}
	return strings.Join(by, ", ")
}

func listCommand(a *command.App) *cobra.Command {
	var connection, desk, role string
	var filter report.AccessFilter
	var list command.List
	cmd := &cobra.Command{
		Use:   "list --desk NAME",
		Short: "List who has access on a desk, since when, and what gives it",
		Long: `List who has access on a desk as it was last read back there, with those whose
access is to end and has not ended. --mailbox, --team and --role narrow it; SINCE
and GIVEN BY are then about that.`,
		Example: "  deskbridge access list --desk support\n  deskbridge access list --desk support --mailbox Invoices\n" +
			"  deskbridge access list --desk support --role admin --format csv > admins.csv",
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&desk, "desk", "", "the desk")
	f.StringVar(&connection, "connection", "", "only people of this connection")
	f.StringVar(&filter.Mailbox, "mailbox", "", "only those who have this mailbox")
	f.StringVar(&filter.Team, "team", "", "only those who are in this team")
	f.StringVar(&role, "role", "", "only those with this role: none, limited, agent, admin or owner")
	list.Flags(f)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		if desk == "" {
			return command.Result{}, command.Misuse("say which desk: --desk NAME; `deskbridge desk list` shows them")
		}
		if filter.Role = provision.Role(strings.ToLower(role)); filter.Role != "" && filter.Role != provision.RoleNone && filter.Role.Rank() == 0 {
			return command.Result{}, command.Misuse("--role: unknown role %q; use none, limited, agent, admin or owner", role)
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		if filter.Connection, filter.Desk, err = command.Narrowed(ctx, sys, connection, desk); err != nil {
			return command.Result{}, err
		}
		return command.Print(a, &list, command.Listing[report.Access]{
			Name: "access", Header: "NAME | ADDRESS | CONNECTION | STATUS | ROLE | TEAMS | MAILBOXES | SINCE | CONFIRMED | GIVEN BY | STATE",
			Empty: "Nobody has that access.",
			Page:  func(p report.Page) ([]report.Access, string, error) { return sys.Core.Report.Access(ctx, filter, p) },
			Data:  func(x report.Access) any { return lineOf(&names, x) },
			Row: func(x report.Access) []string {
				l := lineOf(&names, x)
				return []string{cmp.Or(l.Name, "-"), l.Address, l.Connection, l.Status, l.Role, output.List(l.Teams), output.List(l.Mailboxes), l.Since.String(), l.ConfirmedAt.String(), l.by(), l.State}
			},
		})
	})
}
