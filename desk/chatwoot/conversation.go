package chatwoot

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// conversation is one, with the number that people see. Who has it may be a bot.
type conversation struct {
	ID     int64  `json:"id"`
	Inbox  int64  `json:"inbox_id"`
	Status string `json:"status"`
	Meta   struct {
		AssigneeType string `json:"assignee_type"`
		Assignee     struct {
			ID   int64  `json:"id"`
			Type string `json:"type"`
		} `json:"assignee"` // null, or not there: nobody
		Team struct {
			ID int64 `json:"id"`
		} `json:"team"`
	} `json:"meta"`
}

// agent returns the number of the agent who has it; 0 where nobody has, or a bot.
func (c *conversation) agent() int64 {
	if c.Meta.AssigneeType == "AgentBot" || c.Meta.Assignee.Type == "agent_bot" {
		return 0
	}
	return c.Meta.Assignee.ID
}

// openStatuses are those of conversations that somebody has to answer, now or later.
var openStatuses = []string{"open", "pending", "snoozed"}

const maxPages = 1_000

// found is a page of what a filter found.
type found struct {
	Meta struct {
		All *int `json:"all_count"` // of all pages; nil: not said
	} `json:"meta"`
	Payload []conversation `json:"payload"`
}

// filter reads a page of the conversations that an agent has in a status.
func (d *chatwoot) filter(ctx context.Context, id int64, status string, n int) (f found, total int, err error) {
	condition := func(key string, value any, and any) map[string]any {
		return map[string]any{"attribute_key": key, "filter_operator": "equal_to", "values": []any{value}, "query_operator": and}
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: d.client.path("/conversations/filter"), Read: true, Query: url.Values{"page": {strconv.Itoa(n)}},
		Body: map[string]any{"payload": []any{condition("assignee_id", id, "AND"), condition("status", status, nil)}}}, &f)
	switch {
	case err != nil:
		return f, 0, err
	case f.Payload == nil:
		return f, 0, desk.Errorf(desk.Retryable, "Chatwoot's answer to a filter holds no conversations; is a proxy in the way?")
	case f.Meta.All == nil:
		return f, -1, nil
	}
	return f, *f.Meta.All, nil
}

// OpenConversations returns what an agent has that is open, pending or snoozed. An
// agent that Chatwoot does not know has none.
func (d *chatwoot) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Chatwoot has no agent %q: its ids are numbers", string(id))
	}
	boxes, err := d.places.of[inboxes].List(ctx)
	if err != nil {
		return nil, err
	}
	box := make(map[int64]string, len(boxes))
	for _, p := range boxes {
		box[p.ID] = p.Name
	}
	var open []desk.Conversation
	seen := make(map[int64]bool)
	for _, status := range openStatuses {
		err := d.scan(ctx, n, status, func(c *conversation) (more bool) {
			if c.agent() == n && c.Status != "resolved" && !seen[c.ID] && len(open) < limit {
				seen[c.ID] = true
				open = append(open, desk.Conversation{ID: strconv.FormatInt(c.ID, 10), Assignee: id, Mailbox: box[c.Inbox]})
			}
			return len(open) < limit
		})
		if err != nil || len(open) >= limit {
			return open, err
		}
	}
	return open, nil
}

// scan calls do with all conversations of an agent in a status, until it returns false.
func (d *chatwoot) scan(ctx context.Context, id int64, status string, do func(*conversation) (more bool)) error {
	var pages kit.Pages
	for n := 1; n <= maxPages; n++ {
		f, total, err := d.filter(ctx, id, status, n)
		if err != nil {
			return err
		}
		var ids []int64
		for i := range f.Payload {
			if ids = append(ids, f.Payload[i].ID); !do(&f.Payload[i]) {
				return nil
			}
		}
		if more, err := pages.Next(vendor, "conversations", ids, total); err != nil || !more {
			return err
		}
	}
	return desk.Errorf(desk.Permanent, "the list of conversations has more than %d pages", maxPages)
}

// conversation reads a conversation.
func (d *chatwoot) conversation(ctx context.Context, id string) (*conversation, error) {
	gone := desk.Errorf(desk.NotFound, "account %s of Chatwoot has no conversation %s", d.client.account, id)
	if !kit.IsNumber(id) {
		return nil, gone
	}
	var c conversation
	err := d.client.Get(ctx, d.client.path("/conversations/%s", id), nil, &c)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, gone
	case err == nil && (strconv.FormatInt(c.ID, 10) != id || c.Status == "" || c.Inbox <= 0):
		err = desk.Errorf(desk.Retryable, "Chatwoot answered a question about conversation %s with another record", id)
	}
	return &c, err
}

// Assign gives a conversation to an agent, to a team without an agent, or takes its
// agent away. What is taken from an agent stays with its team.
func (d *chatwoot) Assign(ctx context.Context, id string, to desk.Assignee) error {
	c, err := d.conversation(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case to.Team != "":
		return d.assignTeam(ctx, c, to.Team)
	case to.User != "":
		return d.assignAgent(ctx, c, to.User)
	}
	return d.unassign(ctx, c)
}

// assignAgent gives a conversation to an agent of the account who sees its inbox: in
// place of a stranger Chatwoot takes nobody, and the agent away, without a word.
func (d *chatwoot) assignAgent(ctx context.Context, c *conversation, to provision.DeskUserID) error {
	a, err := d.read(ctx, to)
	if err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Permanent, "Chatwoot has no agent %q to assign conversations to", string(to))
		}
		return err
	}
	if a.role() != provision.RoleAdmin {
		in, err := d.places.members(ctx, place{ID: c.Inbox, kind: inboxes}, 0)
		if err != nil {
			return err
		}
		if !in[a.ID] {
			return desk.Errorf(desk.Permanent, "agent %d of Chatwoot is not in the inbox of conversation %d, and would not see it: add them at Settings > Inboxes > (the inbox) > Collaborators, or hand over to somebody who is", a.ID, c.ID)
		}
	}
	if c.agent() == a.ID {
		return nil
	}
	return d.assign(ctx, c, map[string]any{"assignee_id": a.ID}, func(now *conversation) bool { return now.agent() == a.ID })
}

// assignTeam gives a conversation to a team. Chatwoot takes the agent away when they
// are not in it, and may deal it out to another one.
func (d *chatwoot) assignTeam(ctx context.Context, c *conversation, team string) error {
	t, err := d.places.of[teams].Find(ctx, team)
	if err == nil && t == nil {
		err = noPlace(desk.Permanent, teams, team)
	}
	if err != nil {
		return err
	}
	if c.Meta.Team.ID != t.ID {
		if err := d.assign(ctx, c, map[string]any{"team_id": t.ID}, func(now *conversation) bool { return now.Meta.Team.ID == t.ID }); err != nil {
			return err
		}
	}
	now, err := d.conversation(ctx, strconv.FormatInt(c.ID, 10))
	if err != nil || now.agent() != c.agent() {
		return err
	}
	return d.unassign(ctx, now)
}

// unassign takes a conversation from its agent. That another one has it at once is an
// inbox or a team that deals out.
func (d *chatwoot) unassign(ctx context.Context, c *conversation) error {
	if c.agent() == 0 {
		return nil
	}
	return d.assign(ctx, c, map[string]any{"assignee_id": nil}, func(now *conversation) bool { return now.agent() != c.agent() })
}

// assign changes whose a conversation is, and reads it back.
func (d *chatwoot) assign(ctx context.Context, c *conversation, to map[string]any, done func(*conversation) bool) error {
	id := strconv.FormatInt(c.ID, 10)
	if err := d.client.Post(ctx, d.client.path("/conversations/%s/assignments", id), to, nil); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.NotFound, "account %s of Chatwoot has no conversation %s", d.client.account, id)
		}
		return err
	}
	return kit.ReadBack(ctx, id, d.conversation, func(now *conversation) error {
		if !done(now) {
			return vendor.Disobeyed("assign conversation %s", id)
		}
		return nil
	})
}
