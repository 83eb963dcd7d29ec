package helpscout

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// conversation is a conversation in a list.
type conversation struct {
	ID        int64 `json:"id"`
	MailboxID int64 `json:"mailboxId"`
	Assignee  *struct {
		ID int64 `json:"id"`
	} `json:"assignee"`
}

// openStates are what is not closed. A conversation goes from pending to active
// when the customer answers, at any time: in this order it is seen all the same.
var openStates = []string{"pending", "active"}

// OpenConversations returns the pending and the active conversations of a user.
// Others than the user's are dropped: they were handed over while we read, or
// the question was ignored.
func (d *helpScout) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	n, ok := parseID(id)
	if !ok {
		return nil, noUser(id)
	}
	var open []desk.Conversation
	seen := map[int64]bool{}
	take := func(c conversation) bool {
		if len(open) < limit && c.ID > 0 && c.Assignee != nil && c.Assignee.ID == n && !seen[c.ID] {
			seen[c.ID] = true
			open = append(open, desk.Conversation{ID: formatID(c.ID), Assignee: id, Mailbox: d.directory.mailboxName(c.MailboxID)})
		}
		return len(open) < limit
	}
	for _, state := range openStates {
		query := url.Values{"assigned_to": {formatID(n)}, "status": {state}}
		if _, err := walk(ctx, d.client, "/conversations", "conversations", query, take); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// assignment is the body of PATCH /conversations/{id}: one operation, and no
// list of them.
type assignment struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value int64  `json:"value,omitempty"` // id of a user or a team
}

// Assign gives a conversation to a user, a team or nobody. One that was merged
// into another is NotFound.
func (d *helpScout) Assign(ctx context.Context, id string, to desk.Assignee) error {
	n, ok := parseID(id)
	if !ok {
		return noConversation(id)
	}
	change, err := d.assignment(ctx, to)
	if err != nil {
		return err
	}
	err = d.client.write(ctx, http.MethodPatch, "/conversations/"+formatID(n), change)
	switch e, _ := errors.AsType[*desk.Error](err); {
	case err == nil:
		return nil
	case desk.KindOf(err) == desk.NotFound:
		return noConversation(id)
	case errors.Is(err, errRefused):
		return &desk.Error{Kind: desk.Permanent, Field: e.Field, Err: err,
			Detail: "Help Scout does not give conversation " + id + " to this assignee; one must have access to its inbox and be no light user"}
	}
	return err
}

func (d *helpScout) assignment(ctx context.Context, to desk.Assignee) (assignment, error) {
	change := assignment{Op: "replace", Path: "/assignTo"}
	switch {
	case to.Team != "":
		p, err := d.directory.find(ctx, teams, to.Team)
		if err != nil {
			return change, err
		}
		if p == nil {
			return change, noTeam(desk.Permanent, to.Team)
		}
		change.Value = p.ID
	case to.User != "":
		n, ok := parseID(to.User)
		if !ok {
			return change, desk.Errorf(desk.Permanent, "Help Scout has no user %s to own conversations: its ids are numbers", to.User)
		}
		change.Value = n
	default:
		change.Op = "remove"
	}
	return change, nil
}

func noConversation(id string) *desk.Error {
	return desk.Errorf(desk.NotFound, "Help Scout has no conversation %s any more; it may have been merged or deleted", id)
}
