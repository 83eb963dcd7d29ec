package helpscout

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
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
		w := walked{shrank: true}
		for try := 0; w.shrank; try++ { // when one leaves the list, another slips to a page that was read
			if try == maxTries {
				return nil, errShrinks
			}
			var err error
			if w, err = walk(ctx, d.client, "/conversations", "conversations", query, take); err != nil {
				return nil, err
			}
		}
	}
	return open, nil
}

// assignment is the body of PATCH /conversations/{id}: one operation. The
// reference shows it as an object of JSON; the vendor's llms.txt (August 2026)
// as a list of one, of type [jsonPatch] (RFC 6902).
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
	err = d.patch(ctx, "/conversations/"+formatID(n), change)
	switch e, _ := errors.AsType[*desk.Error](err); {
	case err == nil:
		return nil
	case desk.KindOf(err) == desk.NotFound:
		return noConversation(id)
	case tooLarge(err):
		return refusedTo("change conversation "+id+", which may have too many threads or be too large; reassign it by hand", err)
	case errors.Is(err, errRefused):
		return &desk.Error{Kind: desk.Permanent, Field: e.Field, Err: err,
			Detail: "Help Scout does not give conversation " + id + " to this assignee; one must have access to its inbox and be no light user"}
	}
	return err
}

// tooLarge reports whether a change was refused for what the conversation is,
// and not for its new assignee.
func tooLarge(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && (r.status == http.StatusPreconditionFailed || r.status == http.StatusRequestEntityTooLarge)
}

const jsonPatch = "application/json-patch+json"

// The forms of a PATCH.
const (
	formUnknown int32 = iota // none has been taken yet
	formObject
	formList
)

// patch sends one operation in the form that is known to be taken. As long as
// none is, what may have been refused for its form is tried once more in the
// other one.
func (d *helpScout) patch(ctx context.Context, path string, change assignment) error {
	known := d.patchForm.Load()
	form, other := formObject, formList
	if known == formList {
		form, other = formList, formObject
	}
	err := d.patchAs(ctx, path, change, form == formList)
	if err == nil {
		d.patchForm.Store(form)
		return nil
	}
	r, ok := errors.AsType[*refusal](err)
	if !ok || r.status != http.StatusUnsupportedMediaType && (r.status != http.StatusBadRequest || known != formUnknown) {
		return err
	}
	if d.patchAs(ctx, path, change, other == formList) != nil {
		return err // it is not the form
	}
	d.patchForm.Store(other)
	return nil
}

func (d *helpScout) patchAs(ctx context.Context, path string, change assignment, asList bool) error {
	if !asList {
		return d.client.write(ctx, http.MethodPatch, path, change)
	}
	call := kit.Call{Method: http.MethodPatch, Path: path, Body: []assignment{change}, Want: http.StatusNoContent, Header: http.Header{"Content-Type": {jsonPatch}}}
	_, err := d.client.do(ctx, call, nil)
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
