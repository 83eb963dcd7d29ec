package console

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// auditPage is the audit log, in sentences.
type auditPage struct {
	Subject, SubjectName, Action, Since, Until string
	Events                                     []auditLine
	Head                                       string
	Next                                       string
	Export                                     string // query of the same filter
	Verified                                   *audit.Report
	Broken                                     string // what verifying found
	Now                                        time.Time
}

// auditLine is one entry.
type auditLine struct {
	event
	ID     int64
	Action provision.Action
}

// auditFilter reads the filter of an address.
func auditFilter(p *page) (f audit.Filter, body auditPage, _ error) {
	query := p.URL.Query()
	body = auditPage{Subject: strings.TrimSpace(query.Get("subject")), Action: strings.TrimSpace(query.Get("action")), Since: query.Get("since"), Until: query.Get("until"), Now: p.Now}
	f.Subject = body.Subject
	if body.Action != "" {
		f.Actions = []provision.Action{provision.Action(body.Action)}
	}
	for _, part := range []struct {
		text string
		at   *time.Time
		days int
		name string
	}{{body.Since, &f.Since, 0, "from"}, {body.Until, &f.Until, 1, "to"}} {
		if part.text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, part.text)
		if err != nil {
			return f, body, provision.Errorf(provision.Invalid, part.name, "%q is no day; write it as 2026-11-30", provision.Clip(part.text))
		}
		*part.at = day.AddDate(0, 0, part.days)
	}
	body.Export = words.QueryOf("subject", body.Subject, "action", body.Action, "since", body.Since, "until", body.Until).Encode()
	return f, body, nil
}

func (h *handler) audit(p *page) error {
	body, err := p.auditBody()
	if err != nil {
		return err
	}
	return p.showAudit(body)
}

func (p *page) showAudit(body auditPage) error {
	return p.show(http.StatusOK, "audit", "/admin/audit", "Audit log", layout.Frame{Body: body,
		Command: commandLine("deskbridge audit export --format text", "--subject", body.Subject, "--action", body.Action, "--since", body.Since, "--until", body.Until)})
}

func (p *page) auditBody() (auditPage, error) {
	filter, body, err := auditFilter(p)
	if err != nil {
		return body, err
	}
	if filter.Subject != "" {
		if filter.Subject, body.SubjectName, err = p.subject(filter.Subject); err != nil {
			return body, err
		}
	}
	before, err := parsePlace(p.URL.Query().Get("before"))
	if err != nil {
		return body, err
	}
	entries, err := p.h.core.Audit.Latest(p.Context(), filter, before, pageSize+1)
	if err != nil {
		return body, err
	}
	if len(entries) > pageSize {
		entries = entries[:pageSize]
		last := entries[pageSize-1]
		body.Next = "/admin/audit?" + words.QueryOf("subject", body.Subject, "action", body.Action, "since", body.Since, "until", body.Until,
			"before", strconv.FormatInt(last.At.UnixMicro(), 10)+"."+strconv.FormatInt(last.ID, 10)).Encode()
	}
	events, err := p.told(entries)
	if err != nil {
		return body, err
	}
	for i, e := range events {
		body.Events = append(body.Events, auditLine{e, entries[i].ID, entries[i].Action})
	}
	head, err := p.h.core.Audit.Head(p.Context())
	if head.Number > 0 {
		body.Head = head.String()
	}
	return body, err
}

// subject returns the id that somebody means, of a person by any name; an id of
// something else is what it is.
func (p *page) subject(text string) (id, name string, _ error) {
	people, err := p.h.core.Directory.FindPeople(p.Context(), text)
	if provision.IsNotFound(err) {
		return text, "", nil
	}
	if err != nil || len(people) == 0 {
		return text, "", err
	}
	called, err := p.called([]provision.IdentityID{people[0].ID})
	return string(people[0].ID), cmp.Or(called[people[0].ID], text), err
}

func parsePlace(text string) (place audit.Place, _ error) {
	if text == "" {
		return place, nil
	}
	at, id, _ := strings.Cut(text, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err == nil {
		place.ID, err = strconv.ParseInt(id, 10, 64)
	}
	if err != nil || place.ID < 1 {
		return place, provision.Errorf(provision.Invalid, "before", "this is no place in the audit log")
	}
	place.At = time.UnixMicro(micros)
	return place, nil
}

// auditVerify verifies the chain, and says so on the page.
func (h *handler) auditVerify(p *page) error {
	body, err := p.auditBody()
	if err != nil {
		return err
	}
	report, err := h.core.Audit.Verify(p.Context(), audit.Head{})
	if err != nil && !layout.IsMistake(err) { // it could not be looked at
		return err
	}
	if err != nil {
		body.Broken = layout.Detail(err)
	}
	body.Verified = &report
	return p.showAudit(body)
}

// auditExport sends what the filter of the page shows, from the first entry on, as
// CSV or as lines of JSON.
func (h *handler) auditExport(p *page) error {
	filter, _, err := auditFilter(p)
	if err != nil {
		return err
	}
	if filter.Subject != "" {
		if filter.Subject, _, err = p.subject(filter.Subject); err != nil {
			return err
		}
	}
	say, err := h.options.Sentences(p.Context(), 0)
	if err != nil {
		return err
	}
	switch p.URL.Query().Get("format") {
	case "csv":
		return p.exportCSV(filter, say)
	case "jsonl":
		return p.exportJSON(filter)
	}
	return provision.Errorf(provision.Invalid, "format", "the formats are csv and jsonl")
}

func (p *page) attach(kind, name string) {
	p.W.Header().Set("Content-Type", kind)
	p.W.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

func (p *page) exportCSV(filter audit.Filter, say Sentences) error {
	p.attach("text/csv; charset=utf-8", "audit.csv")
	to := csv.NewWriter(p.W)
	rows := [][]string{{"id", "time", "sentence", "actor", "operation", "request", "action", "subject", "connection", "desk", "account"}}
	write := func() error {
		for _, row := range rows {
			if err := to.Write(harmless(row)); err != nil {
				return err
			}
		}
		rows = rows[:0]
		return nil
	}
	err := p.h.core.Audit.Find(p.Context(), filter, func(e provision.Entry) error {
		text, err := say.Of(p.Context(), e)
		if err != nil {
			return err
		}
		rows = append(rows, []string{strconv.FormatInt(e.ID, 10), words.Stamp(e.At), text, e.Cause.Actor, e.Cause.Action, e.Cause.Request, string(e.Action), e.Subject, string(e.Connection), string(e.Desk), string(e.Account)})
		return write()
	})
	if err == nil {
		err = write()
	}
	to.Flush()
	return p.cutOff(err)
}

// harmless has no cell that a spreadsheet would take for a formula.
func harmless(row []string) []string {
	out := slices.Clone(row)
	for i, cell := range out {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			out[i] = "'" + cell
		}
	}
	return out
}

func (p *page) exportJSON(filter audit.Filter) error {
	p.attach("application/jsonl; charset=utf-8", "audit.jsonl")
	to := json.NewEncoder(p.W)
	return p.cutOff(p.h.core.Audit.Find(p.Context(), filter, func(e provision.Entry) error {
		return to.Encode(map[string]any{"id": e.ID, "at": words.Stamp(e.At), "actor": e.Cause.Actor, "operation": e.Cause.Action, "request": e.Cause.Request,
			"action": e.Action, "subject": e.Subject, "connection": e.Connection, "desk": e.Desk, "account": e.Account, "detail": e.Detail})
	}))
}

// cutOff ends an export that cannot be completed so that nobody takes it for all.
func (p *page) cutOff(err error) error {
	if err != nil {
		p.h.options.Log.ErrorContext(p.Context(), "console: an export was cut off", "request", p.Reference(), "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}
