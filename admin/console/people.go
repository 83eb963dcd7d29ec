package console

import (
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// pageSize is how many lines a list has.
const pageSize = 50

// peoplePage is a list of people.
type peoplePage struct {
	Search, Connection, Desk, Status string
	Connections                      []provision.Connection
	Desks                            []provision.Desk
	People                           []personLine
	Next                             string // address of the next page; "" on the last
}

// personLine is somebody in a list.
type personLine struct {
	plan.Person
	UserName, Connection, Status, Source string
	On                                   []string // desks, and what they have there
}

func (h *handler) people(p *page) error {
	names, err := p.names()
	if err != nil {
		return err
	}
	query := p.URL.Query()
	body := peoplePage{Search: strings.TrimSpace(query.Get("q")), Connection: query.Get("connection"), Desk: query.Get("desk"), Status: query.Get("status"),
		Connections: names.connections, Desks: names.desks}
	filter := report.PeopleFilter{Search: body.Search, Status: provision.Status(body.Status)}
	if filter.Connection, filter.Desk, err = names.ids(body.Connection, body.Desk); err != nil {
		return err
	}
	found, next, err := h.core.Report.People(p.Context(), filter, report.Page{After: query.Get("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	for _, one := range found {
		body.People = append(body.People, lineOf(one, names))
	}
	if next != "" {
		body.Next = "/admin/people?" + words.QueryOf("q", body.Search, "connection", body.Connection, "desk", body.Desk, "status", body.Status, "after", next).Encode()
	}
	return p.show(http.StatusOK, "people", "/admin/people", "People", layout.Frame{Body: body,
		Command: commandLine("deskbridge person list", "--search", body.Search, "--connection", body.Connection, "--desk", body.Desk, "--status", body.Status)})
}

func lineOf(p report.Person, names *names) personLine {
	line := personLine{Person: plan.PersonOf(p.Identity), UserName: p.UserName, Connection: p.ConnectionName, Status: string(p.Status), Source: string(p.Source)}
	for _, a := range p.Accounts {
		if a.State == provision.AccountEnded {
			continue
		}
		on := names.desk(a.Desk)
		if a.Confirmed.Status == provision.AccessActive {
			on += " " + string(a.Confirmed.Role)
		}
		if a.State != provision.AccountReady {
			on += " (" + stateText(a.State) + ")"
		}
		line.On = append(line.On, on)
	}
	return line
}

// stateText says where an account stands.
func stateText(s provision.AccountState) string {
	switch s {
	case provision.AccountWaiting:
		return "on the way"
	case provision.AccountReady:
		return "in step"
	case provision.AccountNeedsAttention:
		return "needs somebody"
	case provision.AccountOnHold:
		return "on hold"
	case provision.AccountEnded:
		return "ended"
	}
	return string(s)
}

// ids returns the ids of a connection and a desk by name; "" of "".
func (n *names) ids(connection, desk string) (c provision.ConnectionID, d provision.DeskID, _ error) {
	for _, one := range n.connections {
		if one.Name == connection {
			c = one.ID
		}
	}
	for _, one := range n.desks {
		if one.Name == desk {
			d = one.ID
		}
	}
	switch {
	case connection != "" && c == "":
		return c, d, provision.Errorf(provision.NotFound, "connection", "there is no connection %q", provision.Clip(connection))
	case desk != "" && d == "":
		return c, d, provision.Errorf(provision.NotFound, "desk", "there is no desk %q", provision.Clip(desk))
	}
	return c, d, nil
}

// commandLine is a command with those flags that have a value.
func commandLine(command string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			command += " " + pairs[i] + " '" + strings.ReplaceAll(pairs[i+1], "'", `'\''`) + "'"
		}
	}
	return command
}
