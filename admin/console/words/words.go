// Package words says things in the words of the console: times, accesses, plans.
package words

import (
	"cmp"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Functions are what templates may call.
var Functions = template.FuncMap{
	"ago": Ago, "span": Length, "moment": Moment, "stamp": Stamp, "access": accessText, "change": changeText, "code": codeText, "sentence": Sentence, "list": list, "count": Count,
	"person": func(p plan.Person) string { return cmp.Or(p.Name, p.Address, string(p.ID)) },
	"with":   func(path string, pairs ...string) string { return path + "?" + QueryOf(pairs...).Encode() },
	"who":    plan.PersonOf,
	"coming": func(c leave.Coming) string { return c.On(Moment(c.At)) },
	"ms":     func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) },
}

// ToCome says which step of on_leave is still to come for an account of a desk, and when;
// "": none.
func ToCome(on *provision.Desk, a *provision.Account) string {
	if c, ok := on.Coming(a); ok {
		return Sentence(c.On(Moment(c.At)))
	}
	return ""
}

// QueryOf returns a query of names and values, without those that are empty.
func QueryOf(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// Moment writes a time for people, who may be anywhere: in UTC.
func Moment(t any) string {
	at, ok := timeOf(t)
	if !ok {
		return "never"
	}
	return at.UTC().Format("2 Jan 2006 15:04:05 UTC")
}

// Stamp writes a time for programs.
func Stamp(t any) string {
	at, ok := timeOf(t)
	if !ok {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// Ago writes how long ago something was, or in which time it will be.
func Ago(now time.Time, t any) string {
	at, ok := timeOf(t)
	switch {
	case !ok:
		return "never"
	case at.After(now.Add(time.Second)):
		return "in " + Length(at.Sub(now))
	case now.Sub(at) < 2*time.Second:
		return "now"
	}
	return Length(now.Sub(at)) + " ago"
}

func timeOf(t any) (time.Time, bool) {
	switch t := t.(type) {
	case time.Time:
		return t, !t.IsZero()
	case *time.Time:
		if t != nil {
			return *t, true
		}
	}
	return time.Time{}, false
}

// Length writes how long something takes.
func Length(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", max(d/time.Second, 1))
}

// accessText says what an access is.
func accessText(a provision.Access) string {
	switch {
	case a.Status == provision.AccessSuspended:
		return "suspended"
	case a.Status != provision.AccessActive:
		return "no access"
	}
	text := grantText(plan.Granted{Role: a.Role, Teams: a.Teams, Mailboxes: a.Mailboxes, DeskRoles: a.DeskRoles})
	if a.Away != nil {
		text += " · away until " + provision.LastDay(a.Away.Until)
	}
	return text
}

// grantText says what a rule grants.
func grantText(g plan.Granted) string {
	text := cmp.Or(string(g.Role), "no role")
	if len(g.DeskRoles) > 0 {
		text += " with " + strings.Join(g.DeskRoles, ", ")
	}
	if len(g.Teams) > 0 {
		text += " · teams " + strings.Join(g.Teams, ", ")
	}
	if len(g.Mailboxes) > 0 {
		text += " · mailboxes " + strings.Join(g.Mailboxes, ", ")
	}
	if g.Until != "" {
		text += " · until " + g.Until
	}
	return text
}

// changeText says one change of a plan.
func changeText(c plan.Change) string {
	text := c.Action + " " + c.Kind + " " + c.Name
	switch {
	case c.Before != nil && c.After != nil:
		text += ": " + grantText(*c.After) + ", and no more " + grantText(*c.Before)
	case c.After != nil:
		text += ": " + grantText(*c.After)
	case c.Before != nil:
		text += ": " + grantText(*c.Before)
	}
	return text
}

func list(names []string) string { return cmp.Or(strings.Join(names, ", "), "–") }

// Sentence begins with a capital letter, and ends with a full stop.
func Sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// codeText is text in which commands stand between backticks, as the core writes
// it, with these marked.
func codeText(text string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		out.WriteString(part)
	}
	return template.HTML(out.String()) // each part is escaped
}

// Done says what a button has done.
func Done(query url.Values) string {
	n, err := strconv.Atoi(query.Get("n"))
	if err != nil || n < 0 {
		n = 0
	}
	switch query.Get("done") {
	case "retried":
		return Count(n, "account is", "accounts are") + " synced again; this page shows how it goes."
	case "adopted":
		return "Adoption is agreed: the desk user is taken over at the next sync, which is due now."
	case "ended":
		return Count(n, "session", "sessions") + " ended."
	case "released":
		return "Released: access ends for " + Count(n, "account", "accounts") + "."
	case "rejected":
		return "Rejected: nothing changes for " + Count(n, "account", "accounts") + "."
	case "applied":
		return "The plan is applied. " + Count(n, "person changes", "people change") + "; the desks follow within seconds."
	case "unlinked":
		return "The link is revoked: whoever has it sees nothing any more. A token that was made by it goes on, until it is revoked below."
	case "swept":
		return "The desk is swept within seconds; this page shows when it has been."
	case "paused":
		return "The desk is paused: it is not called, and whoever leaves is still in there until then."
	case "resumed":
		return "The desk is called again, and what waits goes on now."
	case "added":
		return "The desk is added. Check it now; then say in a draft who gets what on it."
	case "ignored":
		return "Noted. " + Count(n, "address or id is", "addresses and ids are") + " nobody on this desk now; those users are left alone."
	case "wave":
		return Count(n, "user is", "users are") + " adopted. The runs that follow bring each to what rules grant."
	case "proposed":
		return Count(n, "person is", "people are") + " idle by the policy; the first page says so while that is more than none."
	case "taken":
		return "The seat is taken: the desk follows within seconds, and they get it back when they come again."
	case "given-back":
		return "Given back: what rules grant counts again."
	case "told":
		return "They are told from now on. Send a test."
	case "tried":
		return "A test is on its way; what was answered stands below within seconds."
	case "untold":
		return "They are told no more."
	case "withdrawn":
		return "It is withdrawn: nothing of it is done."
	case "resent":
		return "It is sent again, under the same id."
	case "revoked":
		return "The token is revoked: whoever shows it is refused from now on."
	}
	return ""
}

// Count writes a number with what is counted.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
