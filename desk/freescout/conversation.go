package freescout

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// conversation is one, without its threads.
type conversation struct {
	ID       int64  `json:"id"`
	Mailbox  int64  `json:"mailboxId"`
	Status   string `json:"status"`
	State    string `json:"state"`
	Assignee *struct {
		ID int64 `json:"id"`
	} `json:"assignee"` // nil: nobody
}

// owner returns the number of who has it; 0 is nobody.
func (c *conversation) owner() int64 {
	if c.Assignee == nil {
		return 0
	}
	return c.Assignee.ID
}

// nobody stands for no assignee, as in FreeScout's own forms.
const nobody = -1

// openStatuses are those of conversations that somebody has to answer, now or later.
var openStatuses = []string{"active", "pending"}

// OpenConversations returns what a user has that is active or pending. A user that
// FreeScout does not know has none.
func (d *freeScout) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !kit.IsNumber(id) {
		return nil, noUser(id)
	}
	boxes, err := d.mailboxes.List(ctx)
	if err != nil {
		return nil, err
	}
	var open []desk.Conversation
	seen := make(map[int64]bool)
	for _, status := range openStatuses {
		query := url.Values{"assignedTo": {string(id)}, "status": {status}, "state": {"published"}}
		err := scan(ctx, d.client, "/conversations", "conversations", query, func(c conversation) int64 { return c.ID }, func(page []conversation) (more bool) {
			for _, c := range page {
				// What is found is looked at again: a filter that is not known finds everything.
				if userID(c.owner()) == id && c.Status == status && c.State == "published" && !seen[c.ID] && len(open) < limit {
					seen[c.ID] = true
					found := desk.Conversation{ID: strconv.FormatInt(c.ID, 10), Assignee: id}
					if names := kit.NamesOf(boxes, c.Mailbox); len(names) > 0 {
						found.Mailbox = names[0]
					}
					open = append(open, found)
				}
			}
			return len(open) < limit
		})
		if err != nil || len(open) >= limit {
			return open, err
		}
	}
	return open, nil
}

// conversation reads a conversation. One that was merged into another is gone.
func (d *freeScout) conversation(ctx context.Context, id string) (*conversation, error) {
	gone := desk.Errorf(desk.NotFound, "FreeScout has no conversation %q", id)
	if !kit.IsNumber(id) {
		return nil, gone
	}
	var c conversation
	// Whatever is embedded takes the place of the threads, which may be long.
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodGet, Path: "/conversations/" + id, Query: url.Values{"embed": {"tags"}}}, &c)
	if a != nil && a.Status == http.StatusMovedPermanently {
		if other := kit.NumberAt(a.Header.Get("Location")); other != "" && other != id {
			return nil, gone
		}
	}
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, gone
	case err != nil:
		return nil, err
	case strconv.FormatInt(c.ID, 10) != id || c.Status == "" || c.Mailbox <= 0:
		return nil, desk.Errorf(desk.Retryable, "FreeScout answered a question about conversation %s with another record", id)
	case c.State == "deleted":
		return nil, gone
	}
	return &c, nil
}

// Assign gives a conversation to a user who sees its mailbox, or to nobody, and reads it
// back. FreeScout itself looks at nothing.
func (d *freeScout) Assign(ctx context.Context, id string, to desk.Assignee) error {
	if to.Team != "" {
		return desk.Unsupported("assign to a team", "FreeScout has no teams: set hand_over of the desk to an agent, or to unassign")
	}
	c, err := d.conversation(ctx, id)
	if err != nil {
		return err
	}
	var owner int64
	if to.User != "" {
		u, err := d.assignee(ctx, to.User, c)
		if err != nil {
			return err
		}
		owner = u.ID
	}
	if c.owner() == owner {
		return nil
	}
	wanted := owner
	if owner == 0 {
		wanted = nobody
	}
	by, _ := strconv.ParseInt(string(d.settings.by), 10, 64)
	if err := d.client.Put(ctx, "/conversations/"+id, map[string]any{"byUser": by, "assignTo": wanted}, nil); err != nil {
		return err
	}
	return kit.ReadBack(ctx, id, d.conversation, func(now *conversation) error {
		if now.owner() == owner || owner == 0 && now.owner() != c.owner() { // a workflow may have given it to somebody
			return nil
		}
		return vendor.Disobeyed("assign conversation %s", id)
	})
}

// assignee returns the user who is to have a conversation, and may.
func (d *freeScout) assignee(ctx context.Context, id provision.DeskUserID, c *conversation) (*user, error) {
	u, err := d.read(ctx, id)
	if err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Permanent, "FreeScout has no user %q to assign conversations to", string(id))
		}
		return nil, err
	}
	sees, err := d.sees(ctx, u, c.Mailbox)
	if err == nil && !sees {
		err = desk.Errorf(desk.Permanent, "user %d of FreeScout does not see the mailbox of conversation %d: tick it at Manage > Users > (the user) > Permissions, or hand over to somebody who does", u.ID, c.ID)
	}
	return u, err
}
