package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// homePage says what needs somebody, and how connections and desks are.
type homePage struct {
	Cards       []card
	Connections []connectionLine
	Desks       []deskLine
	Now         time.Time
}

// card is one thing that needs somebody, with its one button.
type card struct {
	Title  string
	At     *time.Time // since when, or when something ends; nil: not known
	Why    string     // what the core says of it; commands stand between backticks
	Do     string     // what now, likewise
	Grave  bool       // it cannot wait
	People []plan.Person
	More   int // people beyond those

	Link, Name string   // where the button leads, and what it says
	Retry      []string // ids of accounts that the button has synced again; none: it is a link
}

// mostNamed is how many people a card names.
const mostNamed = 5

// mostRetried is how many accounts a button of a card has synced again.
const mostRetried = 200

// connectionLine is one connection at a glance.
type connectionLine struct {
	plan.ConnectionOverview
	Silent *time.Time // since when, when that is too long; nil: it is not
	Usable int        // tokens
}

// deskLine is one desk at a glance.
type deskLine struct {
	plan.DeskOverview
	Ready, Waiting, Attention int // accounts
}

func (h *handler) home(p *page) error {
	o, err := h.core.Plan.Overview(p.Context())
	if err != nil {
		return err
	}
	names, err := p.names()
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, "home", "/admin/", "What needs you", layout.Frame{Body: homeOf(&o, names), Live: true, Command: "deskbridge status"})
}

func homeOf(o *plan.Overview, names *names) homePage {
	body := homePage{Now: o.At}
	silent := make(map[string]*time.Time)
	for _, c := range o.Causes {
		body.Cards = append(body.Cards, cardOfCause(c, names))
	}
	for _, f := range o.Findings {
		if f.Code == plan.FindingSilent {
			silent[f.Connection] = f.At
		}
		if f.Code == plan.FindingNeedAttention { // its causes are there
			continue
		}
		body.Cards = append(body.Cards, cardOfFinding(f))
	}
	slices.SortStableFunc(body.Cards, func(a, b card) int { return cmp.Compare(rank(a), rank(b)) })
	for _, c := range o.Connections {
		body.Connections = append(body.Connections, connectionLine{c, silent[c.Connection.Name], c.UsableTokens(o.At)})
	}
	for _, d := range o.Desks {
		body.Desks = append(body.Desks, deskLineOf(d))
	}
	return body
}

// rank has what cannot wait come first.
func rank(c card) int {
	if c.Grave {
		return 0
	}
	return 1
}

func deskLineOf(d plan.DeskOverview) deskLine {
	return deskLine{d, d.Accounts[provision.AccountReady], d.Accounts[provision.AccountWaiting],
		d.Accounts[provision.AccountNeedsAttention] + d.Accounts[provision.AccountOnHold]}
}

// cardOfCause says why accounts wait for a person.
func cardOfCause(c plan.Cause, names *names) card {
	desk := ""
	if len(c.Desks) == 1 {
		desk = " on " + names.desk(c.Desks[0])
	}
	out := card{Title: words.Count(c.People(), "person", "people") + desk + ": " + inShort(c.Code), At: c.Since(), Why: c.Reason}
	seen := make(map[provision.IdentityID]bool)
	for _, a := range c.Accounts {
		if seen[a.Identity] {
			continue
		}
		seen[a.Identity] = true
		if len(out.People) < mostNamed {
			out.People = append(out.People, a.Person)
		} else {
			out.More++
		}
	}
	first := c.Accounts[0]
	if out.At == nil { // the first of them has been so since
		for _, a := range c.Accounts {
			if out.At == nil || a.UpdatedAt.Before(*out.At) {
				out.At = &a.UpdatedAt
			}
		}
	}
	switch {
	case c.State == provision.AccountOnHold && c.Code == provision.ReasonRejected:
		out.Do, out.Link, out.Name = "They keep their access until the identity provider grants it again, or suspends them.", "/admin/holds", "See who keeps access"
	case c.State == provision.AccountOnHold:
		out.Grave = true
		out.Do, out.Link, out.Name = "Nothing changes on a desk until you decide: it was meant, or it was a mistake.", "/admin/holds", "Decide"
	case c.Code == provision.ReasonAdoption || len(c.Accounts) == 1:
		out.Do, out.Link, out.Name = "Look at the person, and decide there.", "/admin/people/"+string(first.Identity), "Open "+cmp.Or(first.Person.Name, first.Person.Address, "the person")
	case c.Code == provision.ReasonByHand || c.Code == provision.ReasonSeat:
		out.Do, out.Link, out.Name = "The desk's page has the list.", "/admin/desks/"+names.desk(c.Desks[0]), "Open the desk"
	default:
		out.Do, out.Name = "When that is mended, have them synced again.", "Sync again"
		for _, a := range c.Accounts[:min(len(c.Accounts), mostRetried)] {
			out.Retry = append(out.Retry, string(a.ID))
		}
	}
	return out
}

// inShort says why accounts wait for a person, in a few words.
func inShort(code provision.ReasonCode) string {
	switch code {
	case provision.ReasonSeat:
		return "no seat is free"
	case provision.ReasonAdoption:
		return "the desk has a user already"
	case provision.ReasonOwner:
		return "the desk's owner"
	case provision.ReasonLastAdmin:
		return "the last admin there"
	case provision.ReasonResidual:
		return "still active there"
	case provision.ReasonSelf:
		return "our own service account"
	case provision.ReasonUserTaken, provision.ReasonNameTaken, provision.ReasonConflict:
		return "somebody else has that name"
	case provision.ReasonDomain:
		return "the address is of another connection"
	case provision.ReasonRefused:
		return "the desk refuses a value"
	case provision.ReasonByHand:
		return "to be done by hand"
	case provision.ReasonPlace:
		return "a team or mailbox is not there"
	case provision.ReasonDeskUnusable:
		return "the desk's settings are mistaken"
	case provision.ReasonGaveUp:
		return "it failed too often"
	case provision.ReasonMassChange:
		return "the end of access is on hold"
	case provision.ReasonRejected:
		return "they keep access, as decided"
	}
	return "somebody is needed"
}

func cardOfFinding(f plan.Finding) card {
	out := card{Title: words.Sentence(f.Text), At: f.At, Do: f.Do}
	switch f.Code {
	case plan.FindingNoServer, plan.FindingNoToken, plan.FindingDeskRefuses, plan.FindingLeavers:
		out.Grave = true
	}
	switch {
	case f.Desk != "":
		out.Link, out.Name = "/admin/desks/"+f.Desk, "Open "+f.Desk
	case f.Connection != "":
		out.Link, out.Name = "/admin/connections/"+f.Connection, "Open "+f.Connection
	case f.Code == plan.FindingNoConnection:
		out.Link, out.Name = "/admin/connections", "See connections"
	}
	return out
}

// retry has the accounts of a card synced again.
func (h *handler) retry(p *page) error {
	if err := p.ParseForm(); err != nil {
		return provision.Errorf(provision.Invalid, "", "the form could not be read")
	}
	total := 0
	ids := p.PostForm["account"]
	for _, id := range ids[:min(len(ids), mostRetried)] {
		n, err := h.core.Reconcile.Retry(p.Context(), p.Cause(), provision.AccountFilter{}, provision.AccountID(id), false)
		if err != nil {
			return err
		}
		total += n
	}
	return p.Done(p.Back(), "retried", total)
}
