package output

import (
	"regexp"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/handover"
)

// Grant says what a rule grants.
func Grant(role provision.Role, deskRoles, teams, mailboxes []string) string {
	text := "role " + string(role)
	if role == "" {
		text = "no role"
	}
	if len(deskRoles) > 0 {
		text += " with " + List(PlainAll(deskRoles))
	}
	if len(teams) > 0 {
		text += ", teams " + List(PlainAll(teams))
	}
	if len(mailboxes) > 0 {
		text += ", mailboxes " + List(PlainAll(mailboxes))
	}
	return text
}

// Access says what an access is.
func Access(a provision.Access) string {
	switch {
	case a.Status == provision.AccessSuspended:
		return "suspended"
	case a.Status != provision.AccessActive:
		return "no access"
	}
	text := strings.TrimPrefix(Grant(a.Role, a.DeskRoles, a.Teams, a.Mailboxes), "role ")
	if a.Away != nil {
		text += ", away until " + provision.LastDay(a.Away.Until)
	}
	return text
}

// HandOver is how far the hand-over of an account's conversations is, as read
// back from the desk.
type HandOver struct {
	Before  int `json:"before"`   // that were to be handed over
	Moved   int `json:"moved"`    // that are the person's no more
	ToQueue int `json:"to_queue"` // of those, given to nobody
	Left    int `json:"left"`     // that were the person's when the desk was last read

	Mailboxes handover.Counts `json:"by_mailbox,omitempty"` // of those, what goes by rules of mailboxes
}

// HandOverOf returns how far a hand-over is; nil when none is on its way.
func HandOverOf(t provision.Transfer) *HandOver {
	if t.Before == 0 {
		return nil
	}
	return &HandOver{Before: t.Before, Moved: t.Moved, ToQueue: t.ToQueue, Left: t.Left, Mailboxes: t.Mailboxes}
}

// earlier is how far a hand-over was when a reason was written.
var earlier = regexp.MustCompile(`\d+ of \d+ conversations are handed over`)

// Reason says why an account is not as it should be, and how far the hand-over
// is now: once, although the reason may tell of it. "" when there is nothing to
// say. reason may hold anything.
func (h *HandOver) Reason(reason string) string {
	if h == nil {
		return Plain(reason)
	}
	now := Plain(handover.Progress(h.Moved, h.Before, h.Mailboxes))
	switch {
	case reason == "":
		return now
	case earlier.MatchString(reason):
		return Plain(earlier.ReplaceAllLiteralString(reason, now))
	}
	return Plain(reason) + "; " + now
}
