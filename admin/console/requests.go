package console

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/request"
)

// requestsPage is the request log.
type requestsPage struct {
	Connection, Status, Person string
	PersonName                 string
	Connections                []provision.Connection
	Requests                   []requestLine
	Kept                       string // for how long; "": not at all
	Next                       string
	Now                        time.Time
}

// requestLine is one request.
type requestLine struct {
	request.Record
	ConnectionName, Whom string
	WhomLink             string
}

func (h *handler) requests(p *page) error {
	names, err := p.names()
	if err != nil {
		return err
	}
	query := p.URL.Query()
	body := requestsPage{Connection: query.Get("connection"), Status: query.Get("status"), Person: query.Get("person"), Connections: names.connections, Now: p.Now}
	filter := request.Filter{Identity: provision.IdentityID(body.Person)}
	if filter.Connection, _, err = names.ids(body.Connection, ""); err != nil {
		return err
	}
	switch n, err := strconv.Atoi(body.Status); {
	case body.Status == "":
	case body.Status == "refused":
		filter.Refused = true
	case err != nil:
		return provision.Errorf(provision.Invalid, "status", "%q is no status of HTTP; use refused, or a number such as 401", provision.Clip(body.Status))
	default:
		filter.Status = n
	}
	before, err := request.ParsePlace(query.Get("after"))
	if err != nil {
		return err
	}
	found, err := h.core.Requests.Latest(p.Context(), filter, before, pageSize+1)
	if err != nil {
		return err
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		body.Next = "/admin/requests?" + words.QueryOf("connection", body.Connection, "status", body.Status, "person", body.Person, "after", request.PlaceOf(&found[pageSize-1]).String()).Encode()
	}
	if body.Requests, err = p.requestLines(names, found); err != nil {
		return err
	}
	if kept := h.core.Requests.Kept(); kept > 0 {
		body.Kept = words.Length(kept)
	}
	if body.Person != "" {
		called, err := p.called([]provision.IdentityID{filter.Identity})
		if err != nil {
			return err
		}
		body.PersonName = cmp.Or(called[filter.Identity], body.Person)
	}
	return p.show(http.StatusOK, "requests", "/admin/requests", "Requests", layout.Frame{Body: body, Live: query.Get("after") == "",
		Command: commandLine("deskbridge request list", "--connection", body.Connection, "--status", body.Status, "--person", body.Person)})
}

// requestLines adds names to requests.
func (p *page) requestLines(names *names, found []request.Record) ([]requestLine, error) {
	var ids []provision.IdentityID
	for _, r := range found {
		if r.Identity != "" {
			ids = append(ids, r.Identity)
		}
	}
	called, err := p.called(ids)
	if err != nil {
		return nil, err
	}
	lines := make([]requestLine, len(found))
	for i, r := range found {
		lines[i] = requestLine{Record: r, ConnectionName: names.connection(r.Connection)}
		switch {
		case r.Identity != "":
			lines[i].Whom, lines[i].WhomLink = cmp.Or(called[r.Identity], string(r.Identity)), "/admin/people/"+string(r.Identity)
		case r.Group != "" && r.Connection != "":
			lines[i].Whom = string(r.Group)
			g, err := p.h.core.Directory.Group(p.Context(), r.Connection, r.Group)
			if err == nil {
				lines[i].Whom = g.DisplayName
			} else if !provision.IsNotFound(err) {
				return nil, err
			}
		}
	}
	return lines, nil
}

// requestPage is one request with what it caused.
type requestPage struct {
	requestLine
	Holder string // who has what was asked for
	Events []event
	Now    time.Time
}

func (h *handler) request(p *page) error {
	found, err := h.core.Requests.Request(p.Context(), p.PathValue("id"))
	if provision.IsNotFound(err) {
		return provision.Errorf(provision.NotFound, "", "the request log has no such request: it is too old, or one of the console or the command line, whose changes the audit log has")
	}
	if err != nil {
		return err
	}
	names, err := p.names()
	if err != nil {
		return err
	}
	lines, err := p.requestLines(names, []request.Record{found})
	if err != nil {
		return err
	}
	body := requestPage{requestLine: lines[0], Now: p.Now}
	if found.Holder != "" {
		called, err := p.called([]provision.IdentityID{found.Holder})
		if err != nil {
			return err
		}
		body.Holder = cmp.Or(called[found.Holder], string(found.Holder))
	}
	// Both times are those of the database, within a moment.
	const about = 5 * time.Second
	entries, err := h.core.Audit.Latest(p.Context(), audit.Filter{Request: found.ID, Since: found.At.Add(-about), Until: found.At.Add(found.Took + about)}, audit.Place{}, pageSize)
	if err != nil {
		return err
	}
	if body.Events, err = p.told(entries); err != nil {
		return err
	}
	return p.show(http.StatusOK, "request", "/admin/requests", "One request", layout.Frame{Body: &body})
}
