package requestlist

import (
	"cmp"
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
)

// Command makes the commands of the request log.
func Command(a *command.App) *cobra.Command {
	return command.Group("request", "Show what identity providers and people who sign in asked for, and what they were answered", listCommand(a))
}

// Line is a request in `request list --json`.
type Line struct {
	ID         string        `json:"id"`
	At         output.Moment `json:"at"`
	Connection string        `json:"connection,omitempty"`
	Token      string        `json:"token,omitempty"`
	Method     string        `json:"method"`
	Route      string        `json:"route"`
	Did        string        `json:"did,omitempty"`
	Detail     string        `json:"detail,omitempty"`
	Says       string        `json:"says"`
	Person     string        `json:"person,omitempty"` // id
	Group      string        `json:"group,omitempty"`  // id
	HeldBy     string        `json:"held_by,omitempty"`
	Status     int           `json:"status"`
	Code       string        `json:"code,omitempty"`
	Reason     string        `json:"reason,omitempty"`
	MS         float64       `json:"ms"`
	Address    string        `json:"address,omitempty"`
	Entries    int           `json:"audit_entries"`
	Accounts   int           `json:"accounts"`
}

func lineOf(n *server.Names, r request.Record) Line {
	return Line{ID: r.ID, At: output.Moment{At: &r.At}, Connection: n.Connection(r.Connection), Token: r.Token, Method: r.Method, Route: r.Route,
		Did: string(r.Verb), Detail: r.Detail, Says: r.Says(), Person: string(r.Identity), Group: string(r.Group), HeldBy: string(r.Holder),
		Status: r.Status, Code: r.Code, Reason: r.Reason, MS: float64(r.Took.Microseconds()) / 1000, Address: r.Address, Entries: r.Entries, Accounts: r.Accounts}
}

func listCommand(a *command.App) *cobra.Command {
	var connection, status, person, since string
	var list command.List
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List requests of identity providers and sign-ins, the newest first",
		Long: `List requests of identity providers (SCIM) and sign-ins, the newest first, those
that were refused too: what was asked for in words, never what was sent. What a
request changed is in the audit log under its id. A request appears within
seconds, and is kept for DESKBRIDGE_REQUEST_LOG.`,
		Example: "  deskbridge request list --connection acme --status refused\n  deskbridge request list --person ada@acme.example --since 7d\n" +
			"  deskbridge request list --status 401 --json",
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&connection, "connection", "", "only requests of this connection")
	f.StringVar(&status, "status", "", "only refused ones, or those with this status of HTTP: refused, 401, 409, …")
	f.StringVar(&person, "person", "", "only requests about this person: id, userName, externalId or e-mail address")
	f.StringVar(&since, "since", "", "only requests from this time on: 2026-11-01, 2026-11-01T08:00:00Z, or an age such as 36h or 7d")
	list.Flags(f)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		filter, err := filterOf(ctx, sys, connection, status, person, since)
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		called := map[provision.IdentityID]string{}
		return command.Print(a, &list, command.Listing[request.Record]{
			Name: "requests", Header: "TIME | CONNECTION | TOKEN | WHAT | WHOM | STATUS | WHY NOT | CAUSED | MS | FROM | ID", Empty: "There is no such request.",
			Page: func(p report.Page) ([]request.Record, string, error) {
				found, next, err := page(ctx, sys, filter, p)
				if err == nil {
					err = call(ctx, sys, called, found)
				}
				return found, next, err
			},
			Data: func(r request.Record) any { return lineOf(&names, r) },
			Row: func(r request.Record) []string {
				l := lineOf(&names, r)
				return []string{l.At.String(), cmp.Or(l.Connection, "-"), cmp.Or(l.Token, "-"), l.Says, cmp.Or(called[r.Identity], l.Person, l.Group, "-"),
					strconv.Itoa(l.Status), cmp.Or(l.Reason, "-"), cmp.Or(r.Caused(), "-"), strconv.FormatFloat(l.MS, 'f', 1, 64), cmp.Or(l.Address, "-"), l.ID}
			},
		})
	})
}

func filterOf(ctx context.Context, sys *server.System, connection, status, person, since string) (f request.Filter, err error) {
	if f.Connection, _, err = command.Narrowed(ctx, sys, connection, ""); err != nil {
		return f, err
	}
	switch n, not := strconv.Atoi(status); {
	case status == "":
	case status == "refused":
		f.Refused = true
	case not != nil || n < 100 || n > 599:
		return f, command.Misuse("--status is refused or a status of HTTP such as 401, not %q", output.Plain(status))
	default:
		f.Status = n
	}
	if person != "" {
		found, err := command.FindPerson(ctx, sys, person)
		if err != nil {
			return f, err
		}
		f.Identity = found.ID
	}
	if f.Since, err = command.ParseMoment(since, sys.Core.Now()); err != nil {
		return f, command.Misuse("--since: %w", err)
	}
	return f, nil
}

// page returns a page of the log, and what the next one begins behind.
func page(ctx context.Context, sys *server.System, f request.Filter, p report.Page) ([]request.Record, string, error) {
	before, err := request.ParsePlace(p.After)
	if err != nil {
		return nil, "", err
	}
	limit := cmp.Or(min(p.Limit, report.MaxLimit), report.DefaultLimit)
	found, err := sys.Core.Requests.Latest(ctx, f, before, limit+1)
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	return found[:limit], request.PlaceOf(&found[limit-1]).String(), nil
}

// call notes what the people of a page are called today.
func call(ctx context.Context, sys *server.System, called map[provision.IdentityID]string, page []request.Record) error {
	var ids []provision.IdentityID
	for _, r := range page {
		if _, known := called[r.Identity]; !known && r.Identity != "" {
			called[r.Identity] = ""
			ids = append(ids, r.Identity)
		}
	}
	people, err := sys.Core.Report.PeopleByID(ctx, ids)
	for _, p := range people {
		one := plan.PersonOf(p)
		called[p.ID] = cmp.Or(one.Name, one.Address)
	}
	return err
}
