package helpscout

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
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
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Help Scout has no user %s: its ids are numbers", id)
	}
	var open []desk.Conversation
	seen := map[int64]bool{}
	take := func(c conversation) bool {
		if len(open) < limit && c.ID > 0 && c.Assignee != nil && formatID(c.Assignee.ID) == string(id) && !seen[c.ID] {
			seen[c.ID] = true
			open = append(open, desk.Conversation{ID: formatID(c.ID), Assignee: id, Mailbox: d.directory.Name(roster.Mailboxes, c.MailboxID)})
		}
		return len(open) < limit
	}
	for _, state := range openStates { // when one leaves the list, another slips to a page that was read
		query := url.Values{"assigned_to": {string(id)}, "status": {state}}
		if err := listing.HAL[conversation](d.client.Client, vendor, "/conversations", "conversations", query, maxPages).Again(ctx, take); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// assignment is the body of PATCH /conversations/{id}: one operation. The
// reference shows it as an object of JSON; the vendor's llms.txt (August 2026)
// as a list of one, of type [jsonPatch] (RFC 6902).
type assignment struct {
	Op    string      `json:"op"`
	Path  string      `json:"path"`
	Value json.Number `json:"value,omitempty"` // id of a user or a team
}

// Assign gives a conversation to a user, a team or nobody. One that was merged
// into another is NotFound.
func (d *helpScout) Assign(ctx context.Context, id string, to desk.Assignee) error {
	if !kit.IsNumber(id) {
		return noConversation(id)
	}
	change, err := d.assignment(ctx, to)
	if err != nil {
		return err
	}
	err = d.patch(ctx, "/conversations/"+id, change)
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
	r, ok := errors.AsType[*kit.HALRefusal](err)
	return ok && (r.Status == http.StatusPreconditionFailed || r.Status == http.StatusRequestEntityTooLarge)
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
	r, ok := errors.AsType[*kit.HALRefusal](err)
	if !ok || r.Status != http.StatusUnsupportedMediaType && (r.Status != http.StatusBadRequest || known != formUnknown) {
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
	_, err := d.client.Do(ctx, call, nil)
	return err
}

func (d *helpScout) assignment(ctx context.Context, to desk.Assignee) (assignment, error) {
	change := assignment{Op: "replace", Path: "/assignTo"}
	switch {
	case to.Team != "":
		team, err := d.teams.Get(ctx, desk.Permanent, to.Team)
		if err != nil {
			return change, err
		}
		change.Value = json.Number(formatID(team.ID))
	case to.User != "":
		if !kit.IsNumber(to.User) {
			return change, desk.Errorf(desk.Permanent, "Help Scout has no user %s to own conversations: its ids are numbers", to.User)
		}
		change.Value = json.Number(to.User)
	default:
		change.Op = "remove"
	}
	return change, nil
}

func noConversation(id string) *desk.Error {
	return desk.Errorf(desk.NotFound, "Help Scout has no conversation %s any more; it may have been merged or deleted", id)
}
