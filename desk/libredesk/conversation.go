package libredesk

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/provision"
)

// conversation is one, as it is shown by itself. A list leaves out who has it,
// in releases before 2.
type conversation struct {
	UUID   string `json:"uuid"`
	Inbox  string `json:"inbox_name"`
	Status string `json:"status"`
	User   *int64 `json:"assigned_user_id"`
	Team   int64  `json:"assigned_team_id"` // 0: none
}

// user returns the number of the agent who has it; 0 where nobody has.
func (c *conversation) user() int64 { return *cmp.Or(c.User, new(int64)) }

const (
	pageSize = 100 // the most that releases before 2 take
	maxPages = 1_000
)

// page is one page of a list.
type page struct {
	Results []conversation `json:"results"`
	Total   *int           `json:"total"` // of all pages
}

// pageOf reads a page of the conversations that a user has in one of some states.
func (d *libredesk) pageOf(ctx context.Context, user, states string, n, size int) (page, error) {
	const filters = `[{"model":"conversations","field":"assigned_user_id","operator":"equals","value":%q},{"model":"conversations","field":"status_id","operator":"in","value":%q}]`
	var p page
	err := d.client.get(ctx, "/conversations/all", url.Values{
		"filters": {fmt.Sprintf(filters, user, states)}, "order_by": {"conversations.created_at"}, "order": {"ASC"},
		"page": {strconv.Itoa(n)}, "page_size": {strconv.Itoa(size)},
	}, &p)
	if err == nil && p.Total == nil {
		err = desk.Errorf(desk.Retryable, "Libredesk's answer does not say how many conversations there are; is a proxy in the way?")
	}
	return p, err
}

// OpenConversations returns what is assigned to the user and neither resolved
// nor closed, the oldest first. A user that Libredesk does not know has none.
func (d *libredesk) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Libredesk has no user %q: its ids are numbers", id)
	}
	states, open, err := d.openStates(ctx)
	if err != nil {
		return nil, err
	}
	var found []desk.Conversation
	size := max(min(limit, pageSize), 1)
	err = listing.List[conversation]{Vendor: vendor, What: "conversations", Most: maxPages, Steady: true, Read: func(ctx context.Context, n, _ int) (listing.Page[conversation], error) {
		p, err := d.pageOf(ctx, string(id), states, n, size)
		if err == nil && n == 1 {
			err = d.obeysFilter(ctx, p, states)
		}
		return listing.Page[conversation]{Items: p.Results, Total: *cmp.Or(p.Total, new(int))}, err
	}}.Each(ctx, func(c conversation) bool {
		if (c.User == nil || strconv.FormatInt(*c.User, 10) == string(id)) && slices.Contains(open, c.Status) && len(found) < limit {
			found = append(found, desk.Conversation{ID: c.UUID, Assignee: id, Mailbox: c.Inbox})
		}
		return len(found) < limit
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// openStates returns the states in which a conversation is not done with: their
// ids as a filter has them, and their names.
func (d *libredesk) openStates(ctx context.Context) (ids string, open []string, _ error) {
	all, err := d.statuses.List(ctx)
	if err != nil {
		return "", nil, err
	}
	var numbers []string
	for _, s := range all {
		done := s.Category == "resolved" || s.Category == "" && (s.Name == "Resolved" || s.Name == "Closed")
		if !done {
			numbers, open = append(numbers, strconv.FormatInt(s.ID, 10)), append(open, s.Name)
		}
	}
	if len(open) == 0 {
		return "", nil, desk.Errorf(desk.Retryable, "Libredesk shows no status in which a conversation is open")
	}
	return `["` + strings.Join(numbers, `","`) + `"]`, open, nil
}

// obeysFilter makes sure, where a list does not show who has what is on it, that
// it is about one user: one with the number 0 has nothing.
func (d *libredesk) obeysFilter(ctx context.Context, p page, states string) error {
	if len(p.Results) == 0 || p.Results[0].User != nil {
		return nil
	}
	nobody, err := d.pageOf(ctx, "0", states, 1, 1)
	if err == nil && len(nobody.Results) > 0 {
		err = desk.Errorf(desk.Retryable, "Libredesk shows everybody's conversations when asked for one agent's; is a proxy in the way?")
	}
	return err
}

// conversation returns the conversation with an id.
func (d *libredesk) conversation(ctx context.Context, id string) (*conversation, error) {
	gone := desk.Errorf(desk.NotFound, "Libredesk has no conversation %s", id)
	if !provision.IsUUID(id) {
		return nil, gone
	}
	var c conversation
	err := d.client.get(ctx, "/conversations/"+id, nil, &c)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, gone
	case err == nil && c.UUID != id:
		err = desk.Errorf(desk.Retryable, "Libredesk answered a question about conversation %s with another one", id)
	}
	return &c, err
}

// Assign gives a conversation to an agent, to a team without an agent, or takes
// its agent away. What is taken from an agent stays with its team.
func (d *libredesk) Assign(ctx context.Context, id string, to desk.Assignee) error {
	before, err := d.conversation(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case to.Team != "":
		return d.assignTeam(ctx, before, to.Team)
	case to.User != "":
		return d.assignUser(ctx, before, to.User)
	case before.user() == 0:
		return nil
	}
	return d.unassign(ctx, before)
}

// assignUser gives a conversation to an agent who is enabled and may read it:
// Libredesk takes anybody.
func (d *libredesk) assignUser(ctx context.Context, before *conversation, user provision.DeskUserID) error {
	a, err := d.read(ctx, user)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return desk.Errorf(desk.Permanent, "Libredesk has no user %q to assign conversations to", user)
	case err != nil:
		return err
	case !*a.Enabled:
		return desk.Errorf(desk.Permanent, "user %s of Libredesk is disabled, and can be assigned nothing", user)
	case !a.maySee(before):
		return desk.Errorf(desk.Permanent, "user %s of Libredesk would not see conversation %s: the role lacks %s, at Admin > Teammates > Roles, or the person is in another team", user, before.UUID, labelled(readAny, readAll, readOwn))
	case before.user() == a.ID:
		return nil
	}
	_, err = d.assign(ctx, before, "user", a.ID, func(now *conversation) bool { return now.user() == a.ID })
	return err
}

// maySee reports whether an agent who is given a conversation may read it, by
// Libredesk's own rule.
func (a *agent) maySee(c *conversation) bool {
	return a.may(readAny) && (a.may(readAll) || a.may(readOwn) || a.may(readTeams) && a.memberOf(entry{ID: c.Team}))
}

// assignTeam gives a conversation to a team. Libredesk takes the agent away when
// the team changes, and only then.
func (d *libredesk) assignTeam(ctx context.Context, before *conversation, team string) error {
	t, err := d.team(ctx, desk.Permanent, team)
	if err != nil {
		return err
	}
	now := before
	if before.Team != t.ID {
		if now, err = d.assign(ctx, before, "team", t.ID, func(now *conversation) bool { return now.Team == t.ID }); err != nil {
			return err
		}
	}
	if now.user() == 0 || now.user() != before.user() {
		return nil
	}
	return d.unassign(ctx, now)
}

// unassign takes a conversation from its agent. That another one has it at once
// is a team that deals out.
func (d *libredesk) unassign(ctx context.Context, before *conversation) error {
	_, err := d.assign(ctx, before, "user/remove", 0, func(now *conversation) bool { return now.user() != before.user() })
	return err
}

// assign changes the assignee in one way, and reads the conversation back, which
// it returns.
func (d *libredesk) assign(ctx context.Context, before *conversation, how string, to int64, done func(*conversation) bool) (*conversation, error) {
	if err := d.client.write(ctx, http.MethodPut, "/conversations/"+before.UUID+"/assignee/"+how, map[string]int64{"assignee_id": to}); err != nil {
		return nil, err
	}
	now, err := d.conversation(ctx, before.UUID)
	if err == nil && !done(now) {
		err = disobeyed("assign conversation %s", before.UUID)
	}
	return now, err
}
