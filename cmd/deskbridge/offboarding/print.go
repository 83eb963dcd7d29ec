package offboarding

import (
	"fmt"
	"io"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision/offboarding"
)

// table returns records as people see them.
func table(lines []Line) *command.Table {
	rows := make([][]string, len(lines))
	for i, l := range lines {
		var desks []string
		for _, d := range l.Desks {
			desks = append(desks, d.Desk+": "+string(d.Outcome))
		}
		who := named(offboarding.Person{ID: l.Person, Name: l.Name, Address: l.Address})
		rows[i] = []string{moment(l.Began), who, string(l.Person), string(l.Status), took(l.ToNoAccess), strings.Join(desks, ", ")}
	}
	return &command.Table{Header: "LEFT | PERSON | ID | RECORD | NO ACCESS AFTER | DESKS", Rows: rows}
}

// Print prints a record for people.
func Print(w io.Writer, r offboarding.Record) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "  %-14s %s\n", label, output.Plain(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(w, "%s\n", output.Plain(fmt.Sprintf("Offboarding record %d of %d: %s, %s", r.Number, r.Of, named(r.Person), heading(r))))
	line("person", "%s · connection %s%s", r.Person.ID, r.Person.Source, ifNot(r.Person.ExternalID, " · externalId "))
	for _, s := range r.Signals {
		line("signal", "%s", signal(s))
	}
	if r.Returned != nil {
		line("came back", "%s", moment(*r.Returned))
	}
	line("no access", "%s", noAccess(r))
	line("sessions here", "%s", sessions(r.Sessions))
	for _, d := range r.Desks {
		fmt.Fprintf(w, "\n%s\n", output.Plain(deskHeading(d)))
		line("says", "%s", d.Says)
		if d.NoAccessAt != nil {
			line("no access", "%s, %s after the signal", moment(*d.NoAccessAt), took(d.ToNoAccess))
		}
		for _, s := range d.Residual {
			line("residual", "%s", span(s))
		}
		for _, e := range d.Events {
			line("event", "%s  %s", momentOf(e.At), event(e))
		}
		for _, e := range d.Awaited {
			line("awaited", "%s  %s", momentOf(e.At), e.What)
		}
		line("conversations", "%s", conversations(d.Conversations))
		line("desk sessions", "%s", deskSessions(d.Sessions))
		line("seat", "%s", map[bool]string{true: "freed", false: "not freed in this leaving"}[d.SeatFreed])
		if d.ToCome != nil {
			line("still to come", "%s", d.ToCome.Says)
		}
		for _, text := range d.ByHand {
			line("by hand", "%s", text)
		}
		line("stays there", "%s", output.List(d.Stays))
	}
	for i, o := range r.Open {
		if i == 0 {
			fmt.Fprintf(w, "\nNot over:\n")
		}
		fmt.Fprintf(w, "  %s\n", output.Plain(o))
	}
	fmt.Fprintf(w, "\nAs of %s. --json signs it; docs/offboarding.md says what each line proves.\n", moment(r.MadeAt))
}

// heading says in words how a record stands.
func heading(r offboarding.Record) string {
	switch r.Status {
	case offboarding.Closed:
		return "closed"
	case offboarding.CutShort:
		return "cut short: the person came back before all was over"
	}
	return "open: not all is over"
}

func deskHeading(d offboarding.Desk) string {
	text := fmt.Sprintf("%s (%s): %s · account %s", d.Name, d.Kind, d.Outcome, d.Account)
	if d.Kind == "" {
		text = fmt.Sprintf("%s (removed since): %s · account %s", d.Name, d.Outcome, d.Account)
	}
	if d.DeskUser != "" {
		text += " · desk user " + string(d.DeskUser)
	}
	if d.Policy != "" {
		text += " · on_leave " + string(d.Policy)
	}
	return text
}

func ifNot(text, before string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func signal(s offboarding.Signal) string {
	return fmt.Sprintf("%s  %s, by %s (%s%s), audit entry %d", moment(s.At), s.What, s.By, s.Operation, ifNot(s.Request, ", request "), s.Entry)
}

func noAccess(r offboarding.Record) string {
	switch {
	case r.NoAccessAt != nil:
		return fmt.Sprintf("%s, %s after the signal, on the last of %s", moment(*r.NoAccessAt), took(r.ToNoAccess), output.Count(len(r.Desks), "desk", "desks"))
	case len(r.Desks) == 0:
		return "there was no account on any desk"
	case r.Status == offboarding.Closed:
		return "none on any desk when the signal came"
	}
	return "not confirmed by every desk"
}

func sessions(s offboarding.Sessions) string {
	text := fmt.Sprintf("%d ended", s.Ended)
	if s.EndedAt != nil {
		text += ", the last at " + moment(*s.EndedAt)
	}
	if s.Left > 0 {
		text += fmt.Sprintf("; %d not ended", s.Left)
	}
	return text
}

func event(e offboarding.Event) string {
	if e.Times > 1 {
		return fmt.Sprintf("%s; %d times, the last at %s", e.What, e.Times, momentOf(e.Last))
	}
	return e.What
}

func span(s offboarding.Span) string {
	if s.Until == nil {
		return fmt.Sprintf("from %s, and not over: %s", moment(s.From), s.What)
	}
	return fmt.Sprintf("from %s until %s: %s", moment(s.From), moment(*s.Until), s.What)
}

func conversations(c *offboarding.Conversations) string {
	if c == nil {
		return "none were handed over"
	}
	text := fmt.Sprintf("%d before, %d moved, %d of them to the queue, %d left", c.Before, c.Moved, c.ToQueue, c.Left)
	if !c.Done {
		text += "; it goes on"
	}
	var to []string
	for _, g := range c.To {
		whom := "the queue"
		switch {
		case g.Name != "":
			whom = g.Name + " (desk user " + string(g.DeskUser) + ")"
		case g.DeskUser != "":
			whom = "desk user " + string(g.DeskUser)
		case g.Team != "":
			whom = "team " + g.Team
		}
		to = append(to, fmt.Sprintf("%d to %s", g.Count, whom))
	}
	if len(to) > 0 {
		text += ": " + strings.Join(to, ", ")
	}
	if len(c.Mailboxes) > 0 {
		text += "; by mailbox: " + c.Mailboxes.String()
	}
	return text
}

func deskSessions(s offboarding.DeskSessions) string {
	text := fmt.Sprintf("%d ended", s.Ended)
	if s.EndedAt != nil {
		text += ", the last at " + moment(*s.EndedAt)
	}
	text += fmt.Sprintf("; the desk took %d notices", s.Notified)
	if s.NotNotified > 0 {
		text += fmt.Sprintf(", and refused %d for a day", s.NotNotified)
	}
	if s.Waiting > 0 {
		text += fmt.Sprintf("; %d not over", s.Waiting)
	}
	if s.CutOnDesk != nil {
		text += "; the desk said at " + moment(*s.CutOnDesk) + " that it ended its own sessions and keys of the user"
	}
	return text
}
