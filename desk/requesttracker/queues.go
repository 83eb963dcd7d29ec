package requesttracker

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// teamQueues are the queues that a group opens, as the administrator says: REST
// 2.0 shows nobody's rights.
type teamQueues struct {
	team   string
	queues []string
}

// parseTeamQueues reads "Team: Queue, Queue; Team: Queue". ok is false when text
// has another form, or a team twice.
func parseTeamQueues(text string) (all []teamQueues, ok bool) {
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		team, list, found := strings.Cut(part, ":")
		t := teamQueues{team: strings.TrimSpace(team)}
		for queue := range strings.SplitSeq(list, ",") {
			t.queues = append(t.queues, strings.TrimSpace(queue))
		}
		twice := slices.ContainsFunc(all, func(o teamQueues) bool { return provision.Fold(o.team) == provision.Fold(t.team) })
		if !found || twice || t.team == "" || slices.Contains(t.queues, "") {
			return nil, false
		}
		slices.Sort(t.queues)
		t.queues = slices.Compact(t.queues)
		all = append(all, t)
	}
	return all, true
}

// openedQueues tells which queues groups open, and the ids of groups. It is a
// [desk.TeamMailboxes] and a [desk.Numbered].
type openedQueues struct {
	of     []teamQueues
	groups *directory
}

// MailboxesOf returns what the setting team_queues says; without it, no group is
// known to open a queue.
func (o openedQueues) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	group, err := o.groups.find(ctx, team)
	if err != nil {
		return nil, err
	}
	if group == "" {
		return nil, noTeam(desk.NotFound, team)
	}
	for _, t := range o.of {
		if provision.Fold(t.team) == provision.Fold(team) {
			return slices.Clone(t.queues), nil
		}
	}
	return nil, nil
}

// check looks for groups and queues that team_queues names and RT does not show.
func (o openedQueues) check(ctx context.Context, _ *record, p *desk.Profile) error {
	groups, err := o.groups.list(ctx)
	if err != nil {
		return err
	}
	for _, t := range o.of {
		if groups.id(t.team) == "" {
			p.Problemf("the setting team_queues names the group %q, which RT does not show; correct the setting", t.team)
		}
		for _, queue := range t.queues {
			if !containsFold(p.Mailboxes, queue) {
				p.Problemf("the setting team_queues names the queue %q, which RT does not show; correct the setting", queue)
			}
		}
	}
	return nil
}
