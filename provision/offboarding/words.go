package offboarding

import (
	"fmt"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// signalWords say what a signal means, but for who gave it.
var signalWords = map[provision.Action]string{
	audit.UserSuspended:  "the person was suspended (active: false)",
	audit.UserRemoved:    "the person was removed",
	audit.UserAccessLost: "the person lost the last that gave them access to a desk",
	audit.PersonBlocked:  "an admin blocked the person",
	audit.PersonEnded:    "the end of the person's access has passed",
	audit.PersonExpired:  "the person's sign-in has expired, or the identity provider has revoked it",
}

// signalOf puts a signal into words. groups are the names of those that had given
// access.
func signalOf(e provision.Entry, groups []string) Signal {
	what := signalWords[e.Action]
	if because := textOf(e, "because"); because != "" {
		what += ": " + because
	} else if len(groups) > 0 {
		what += ": " + strings.Join(groups, ", ")
	}
	return Signal{At: *utc(e.At), Entry: e.ID, Action: e.Action, What: what, By: provision.Plain(e.Cause.Actor), Operation: provision.Plain(e.Cause.Action), Request: provision.Plain(e.Cause.Request)}
}

// eventWords say what happened at a desk.
var eventWords = map[provision.Action]string{
	audit.AccountInflowStopped:    "the desk was told to deal them no new conversations",
	audit.AccountSessionsEnded:    "the desk said that it ended its sessions and keys of the user; no desk shows that",
	audit.AccountDeactivated:      "deactivated, as the desk showed",
	audit.AccountDeleted:          "deleted, as the desk showed",
	audit.AccountAnonymized:       "anonymized, as the desk showed",
	audit.AccountActivated:        "activated, as the desk showed",
	audit.AccountProfileChanged:   "name or address changed",
	audit.AccountTeamsChanged:     "teams changed",
	audit.AccountMailboxesChanged: "mailboxes changed",
	audit.AccountCreated:          "the user was made",
	audit.AccountAdopted:          "the user was adopted",
	audit.AccountOnHold:           "on hold by mass-change protection: the end of access waits for an admin",
	audit.AccountReleased:         "an admin released the loss: access ends",
	audit.AccountKept:             "an admin had the access stay",
	audit.AccountRetried:          "an admin had the account synced again",
	audit.AccountAdoptionAgreed:   "an admin agreed that the user is adopted",
}

// eventOf puts an entry about an account into words; false: it is no event of a
// desk, or counted elsewhere.
func eventOf(e provision.Entry) (Event, bool) {
	what := eventWords[e.Action]
	switch e.Action {
	case audit.AccountRoleChanged:
		what = fmt.Sprintf("role changed from %s to %s, as the desk showed", textOf(e, "from"), textOf(e, "to"))
	case audit.AccountTeamsChanged, audit.AccountMailboxesChanged:
		for _, change := range []string{"add", "remove"} {
			if names := namesOf(e, change); len(names) > 0 {
				what += ", " + change + ": " + strings.Join(names, ", ")
			}
		}
	case audit.AccountHandedOver:
		what = fmt.Sprintf("conversations handed over: %d of %d, %d of them to the queue; %d left", numberOf(e, "moved"), numberOf(e, "before"), numberOf(e, "to_queue"), numberOf(e, "left"))
		if by := mailboxesOf(e); len(by) > 0 {
			what += "; by mailbox: " + by.String()
		}
	case audit.AccountEnded:
		what = "read back, access is gone: " + shownWords(shownIn(e))
	case audit.AccountConfirmed:
		what = "read back: " + shownWords(shownIn(e))
	case audit.AccountDrifted:
		what = "a sweep found it changed by hand: " + strings.Join(namesOf(e, "differences"), "; ")
	case audit.AccountNeedsAttention:
		what = "a person is needed: " + textOf(e, "reason")
	case audit.AccountReleased, audit.AccountKept, audit.AccountRetried, audit.AccountAdoptionAgreed:
		what += " (" + provision.Plain(e.Cause.Who()) + ")"
	}
	if what == "" {
		return Event{}, false
	}
	if note := textOf(e, "note"); note != "" {
		what += " (" + note + ")"
	}
	return Event{At: utc(e.At), Entry: e.ID, What: what}, true
}

// shownIn is the user as a desk showed them, of an entry that tells of reading back.
func shownIn(e provision.Entry) *Shown {
	return &Shown{At: *utc(e.At), Entry: e.ID, Status: provision.AccessStatus(textOf(e, "status")), Role: provision.Role(textOf(e, "role")),
		Teams: namesOf(e, "teams"), Mailboxes: namesOf(e, "mailboxes")}
}

// shownWords say what a desk showed.
func shownWords(s *Shown) string {
	switch s.Status {
	case provision.AccessAbsent:
		return "no user of theirs"
	case provision.AccessSuspended:
		return "the user is deactivated"
	}
	words := "the user is active, role " + string(s.Role)
	if s.Role == "" {
		words = "the user is active, without a role"
	}
	if len(s.Teams) > 0 {
		words += ", teams " + strings.Join(s.Teams, ", ")
	}
	if len(s.Mailboxes) > 0 {
		words += ", mailboxes " + strings.Join(s.Mailboxes, ", ")
	}
	return words
}
