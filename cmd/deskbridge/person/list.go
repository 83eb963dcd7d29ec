package person

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Command makes the commands of people.
func Command(a *command.App) *cobra.Command {
	return command.Group("person", "List people, show one, block one, say when access ends", listCommand(a), showCommand(a), historyCommand(a),
		blockCommand(a), unblockCommand(a), validUntilCommand(a))
}

// Line is a person in `person list --json`.
type Line struct {
	ID         string        `json:"id"`
	Name       string        `json:"name,omitempty"`
	Address    string        `json:"address"`
	UserName   string        `json:"user_name"`
	ExternalID string        `json:"external_id,omitempty"`
	Connection string        `json:"connection"`
	Status     string        `json:"status"`
	Source     string        `json:"source"`
	CreatedAt  output.Moment `json:"created_at"`
	UpdatedAt  output.Moment `json:"updated_at"`
	Desks      []Desk        `json:"desks"`
	Terms      *output.Terms `json:"terms,omitempty"` // what admins have said of them
}

// Desk is what a person has on a desk.
type Desk struct {
	Desk    string `json:"desk"`
	Account string `json:"account"`
	State   string `json:"state"`
	Role    string `json:"role,omitempty"` // by the desk's last word; empty without access
}

func lineOf(n *server.Names, p report.Person, now time.Time) Line {
	called := plan.PersonOf(p.Identity)
	out := Line{ID: string(p.ID), Name: called.Name, Address: called.Address, UserName: p.UserName, ExternalID: p.ExternalID, Connection: p.ConnectionName,
		Status: string(p.Status), Source: string(cmp.Or(p.Source, provision.SourceSCIM)), CreatedAt: output.Moment{At: &p.CreatedAt}, UpdatedAt: output.Moment{At: &p.UpdatedAt}, Desks: []Desk{}, Terms: output.TermsOf(p.Terms, now)}
	for _, a := range p.Accounts {
		d := Desk{Desk: n.DeskName(a.Desk), Account: string(a.ID), State: string(a.State)}
		if a.Confirmed.Status == provision.AccessActive && a.State != provision.AccountEnded {
			d.Role = string(a.Confirmed.Role)
		}
		out.Desks = append(out.Desks, d)
	}
	return out
}

// stands says where somebody stands, for people.
func (l Line) stands() string {
	if words := l.Terms.Words(); words != "" {
		return l.Status + ", " + words
	}
	return l.Status
}

// on says what somebody has on desks, for people.
func (l Line) on() string {
	var on []string
	for _, d := range l.Desks {
		switch {
		case d.State == string(provision.AccountEnded):
		case d.Role == "":
			on = append(on, d.Desk+" ("+d.State+")")
		case d.State == string(provision.AccountReady):
			on = append(on, d.Desk+" "+d.Role)
		default:
			on = append(on, d.Desk+" "+d.Role+" ("+d.State+")")
		}
	}
	return cmp.Or(strings.Join(on, ", "), "-")
}

func listCommand(a *command.App) *cobra.Command {
	var connection, desk, status, search string
	var list command.List
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List people, by connection and userName",
		Long: `List people, by connection and userName, a page at a time: those who are not
removed, unless --status asks for others. DESKS is what each desk has confirmed.`,
		Example: "  deskbridge person list --connection acme --search ada\n  deskbridge person list --desk support --status suspended\n" +
			"  deskbridge person list --format csv > people.csv",
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&connection, "connection", "", "only people of this connection")
	f.StringVar(&desk, "desk", "", "only people with an account on this desk that has not ended")
	f.StringVar(&status, "status", "", "only active, suspended or removed people")
	f.StringVar(&search, "search", "", "only people with this in their name, userName or an address, or with this externalId")
	list.Flags(f)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		filter := report.PeopleFilter{Status: provision.Status(status), Search: search}
		if filter.Connection, filter.Desk, err = command.Narrowed(ctx, sys, connection, desk); err != nil {
			return command.Result{}, err
		}
		return command.Print(a, &list, command.Listing[report.Person]{
			Name: "people", Header: "NAME | ADDRESS | USER NAME | CONNECTION | STATUS | DESKS | ID", Empty: "There is nobody.",
			Page: func(p report.Page) ([]report.Person, string, error) { return sys.Core.Report.People(ctx, filter, p) },
			Data: func(p report.Person) any { return lineOf(&names, p, sys.Core.Now()) },
			Row: func(p report.Person) []string {
				l := lineOf(&names, p, sys.Core.Now())
				return []string{cmp.Or(l.Name, "-"), l.Address, l.UserName, l.Connection, l.stands(), l.on(), l.ID}
			},
		})
	})
}
