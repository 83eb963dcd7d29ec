package redmine

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// issue is a conversation. Redmine writes no assignee where there is none.
type issue struct {
	ID       int64 `json:"id"`
	Project  entry `json:"project"`
	Assignee entry `json:"assigned_to"` // a user or a group; they share one row of numbers
}

// OpenConversations returns the issues whose status is not a closing one, in
// active projects: in a closed project nobody may work or reassign. A user that
// Redmine does not know has none.
func (d *redmine) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Redmine has no user %q: its ids are numbers", id)
	}
	projects, err := d.directory.projects.List(ctx)
	if err != nil {
		return nil, err
	}
	active := make(map[int64]bool, len(projects))
	for _, p := range projects {
		active[p.ID] = true
	}
	var open []desk.Conversation
	query := url.Values{"assigned_to_id": {string(id)}, "status_id": {"open"}, "sort": {"id"}}
	err = each(ctx, d.client, "/issues", "issues", query, func(i issue) bool {
		// Not all of them: one was handed over while we read, another release
		// ignores the filter.
		if i.Assignee.number() == string(id) && active[i.Project.ID] && len(open) < limit {
			open = append(open, desk.Conversation{ID: strconv.FormatInt(i.ID, 10), Assignee: id, Mailbox: i.Project.Name})
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
	path := "/issues/" + conversation
	err = d.client.Put(ctx, path, map[string]any{"issue": map[string]any{"assigned_to_id": assignee}}, nil)
	if errors.Is(err, errRefused) {
		return &desk.Error{Kind: desk.Permanent, Err: err, Detail: "Redmine did not assign issue " + conversation +
			": an assignee must be active and have a role in the project with \"Issues can be assigned to users with this role\" (Administration > Roles and permissions), and for groups \"Allow issue assignment to groups\" must be ticked (Administration > Settings > Issue tracking)"}
	}
	if err != nil {
		return issueError(err, conversation)
	}
	var answer struct {
		Issue issue `json:"issue"`
	}
	if err := d.client.Get(ctx, path, nil, &answer); err != nil {
		return issueError(err, conversation)
	}
	got := ""
	if answer.Issue.Assignee.ID != 0 {
		got = answer.Issue.Assignee.number()
	}
	if got != assignee {
		return disobeyed("assign issue " + conversation)
	}
	return nil
}

// assignee returns the number of the user or group; "" for nobody.
func (d *redmine) assignee(ctx context.Context, to desk.Assignee) (string, error) {
	switch {
	case to.Team != "" && !d.settings.assignToTeams:
		return "", desk.Unsupported("assign to a team", "this Redmine is not known to assign issues to groups; tick \"Allow issue assignment to groups\" at Administration > Settings > Issue tracking and set assign_to_teams to true on the desk, or hand over to an agent, to round_robin, or to unassign")
	case to.Team != "":
		group, err := d.team(ctx, to.Team)
		if err == nil && group == nil {
			err = noTeam(desk.Permanent, to.Team)
		}
		if err != nil {
			return "", err
		}
		return group.number(), nil
	case to.User != "" && !kit.IsNumber(to.User):
		return "", desk.Errorf(desk.Permanent, "Redmine has no user %q to assign issues to: its ids are numbers", to.User)
	}
	return string(to.User), nil
}

func issueError(err error, conversation string) error {
	if desk.KindOf(err) == desk.NotFound {
		return desk.Errorf(desk.NotFound, "Redmine has no issue %s", conversation)
	}
	return err
}
