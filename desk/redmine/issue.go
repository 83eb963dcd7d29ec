package redmine

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// issue is a conversation. Redmine writes no assignee where there is none.
type issue struct {
	ID       int64     `json:"id"`
	Project  kit.Entry `json:"project"`
	Assignee kit.Entry `json:"assigned_to"` // a user or a group; they share one row of numbers
}

// assignee returns the number of who has the issue; "" for nobody.
func (i *issue) assignee() string {
	if i.Assignee.ID == 0 {
		return ""
	}
	return number(i.Assignee.ID)
}

// OpenConversations returns the issues whose status is not a closing one, in
// active projects: in a closed project nobody may work or reassign. A user that
// Redmine does not know has none.
func (d *redmine) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) (open []desk.Conversation, _ error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Redmine has no user %q: its ids are numbers", id)
	}
	active, err := d.directory.List(ctx, roster.Mailboxes)
	if err != nil {
		return nil, err
	}
	query := url.Values{"assigned_to_id": {string(id)}, "status_id": {"open"}, "sort": {"id"}}
	err = list[issue](d.client, "/issues", "issues", query).List().Each(ctx, func(i issue) bool {
		// Not all of them: one was handed over while we read, another release
		// ignores the filter.
		works := slices.ContainsFunc(active, func(p kit.Entry) bool { return p.ID == i.Project.ID })
		if works && i.assignee() == string(id) && len(open) < limit {
			open = append(open, desk.Conversation{ID: number(i.ID), Assignee: id, Mailbox: i.Project.Name})
		}
		return len(open) < limit
	})
	return open, err
}

// Assign changes the assignee of an issue.
func (d *redmine) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if !kit.IsNumber(conversation) {
		return desk.Errorf(desk.NotFound, "Redmine has no issue %q: its ids are numbers", conversation)
	}
	assignee, err := d.assignee(ctx, to)
	if err != nil {
		return err
	}
	err = d.client.Put(ctx, "/issues/"+conversation, map[string]any{"issue": map[string]any{"assigned_to_id": assignee}}, nil)
	if errors.Is(err, errRefused) {
		return &desk.Error{Kind: desk.Permanent, Err: err, Detail: "Redmine did not assign issue " + conversation +
			": an assignee must be active and have a role in the project with \"Issues can be assigned to users with this role\" (Administration > Roles and permissions), and for groups \"Allow issue assignment to groups\" must be ticked (Administration > Settings > Issue tracking)"}
	}
	if err != nil {
		return err
	}
	read := kit.One[issue]{Client: d.client, What: "issue", Path: "/issues/", Key: "issue", Is: func(i *issue, id string) bool { return number(i.ID) == id }}.Read
	return kit.ReadBack(ctx, conversation, read, func(i *issue) error {
		if i.assignee() != assignee {
			return vendor.Disobeyed("assign issue %s", conversation)
		}
		return nil
	})
}

// assignee returns the number of the user or group; "" for nobody.
func (d *redmine) assignee(ctx context.Context, to desk.Assignee) (string, error) {
	switch {
	case to.Team != "" && !d.settings.assignToTeams:
		return "", desk.Unsupported("assign to a team", "this Redmine is not known to assign issues to groups; tick \"Allow issue assignment to groups\" at Administration > Settings > Issue tracking and set assign_to_teams to true on the desk, or hand over to an agent, to round_robin, or to unassign")
	case to.Team != "":
		g, err := d.teams.Get(ctx, desk.Permanent, to.Team)
		if err != nil {
			return "", err
		}
		return number(g.ID), nil
	case to.User != "" && !kit.IsNumber(to.User):
		return "", desk.Errorf(desk.Permanent, "Redmine has no user %q to assign issues to: its ids are numbers", to.User)
	}
	return string(to.User), nil
}
