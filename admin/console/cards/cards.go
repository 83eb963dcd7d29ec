// Package cards says what needs somebody, each thing with its one button: for the first
// page of the console.
package cards

import (
	"cmp"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/seconds"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Card is one thing that needs somebody, with its one button.
type Card struct {
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

// MostRetried is how many accounts a button of a card has synced again.
const MostRetried = 200

// Rank has what cannot wait come first.
func (c Card) Rank() int {
	if c.Grave {
		return 0
	}
	return 1
}

// OfCause says why accounts wait for a person. called returns the name of a desk.
func OfCause(c plan.Cause, called func(provision.DeskID) string) Card {
	desk := ""
	if len(c.Desks) == 1 {
		desk = " on " + called(c.Desks[0])
	}
	out := Card{Title: words.Count(c.People, "person", "people") + desk + ": " + inShort(c.Code), At: c.Since, Why: c.Reason}
	seen := make(map[provision.IdentityID]bool)
	for _, a := range c.Accounts {
		if seen[a.Identity] {
			continue
		}
		seen[a.Identity] = true
		if len(out.People) < mostNamed {
			out.People = append(out.People, a.Person)
		}
	}
	out.More = c.People - len(out.People)
	first := c.Accounts[0]
	if out.At == nil { // the first of them has been so since
		out.At = &c.Changed
	}
	switch {
	case c.State == provision.AccountOnHold && c.Code == provision.ReasonRejected:
		out.Do, out.Link, out.Name = "They keep their access until the identity provider grants it again, or suspends them.", "/admin/holds", "See who keeps access"
	case c.State == provision.AccountOnHold:
		out.Grave = true
		out.Do, out.Link, out.Name = "Nothing changes on a desk until you decide: it was meant, or it was a mistake.", "/admin/holds", "Decide"
	case c.Code == provision.ReasonAdoption || c.Count == 1:
		out.Do, out.Link, out.Name = "Look at the person, and decide there.", "/admin/people/"+string(first.Identity), "Open "+cmp.Or(first.Person.Name, first.Person.Address, "the person")
	case c.Code == provision.ReasonByHand || c.Code == provision.ReasonSeat:
		out.Do, out.Link, out.Name = "The desk's page has the list.", "/admin/desks/"+called(c.Desks[0]), "Open the desk"
	default:
		out.Do, out.Name = "When that is mended, have them synced again.", "Sync again"
		for _, a := range c.Accounts[:min(len(c.Accounts), MostRetried)] {
			out.Retry = append(out.Retry, string(a.ID))
		}
	}
	return out
}

// OfSecondAdmin says what waits for a second admin: with a button for who may be that, and
// none for who asked.
func OfSecondAdmin(w seconds.Waiting) Card {
	out := Card{Title: "Waits for a second admin: to " + w.What, At: &w.AskedAt, Why: "asked for by " + w.Who() + ". It waits until " + words.Moment(w.Until) + ", and nothing of it is done before"}
	if w.Mine {
		out.Do = "Another admin has to do the same; you have asked, or it may have been you."
		return out
	}
	out.Do, out.Link, out.Name = "Look at it, and do the same if you agree.", "/admin/second-admin", "See what waits"
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

// OfFinding says what somebody has to see to.
func OfFinding(f plan.Finding) Card {
	out := Card{Title: words.Sentence(f.Text), At: f.At, Do: f.Do}
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
