package takeover

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/worker/assignee"
)

// Core is what is asked of the core, and told to it.
type Core struct {
	Settings   *settings.Service
	DeskHealth *deskhealth.Service
}

// Check asks a desk whether its hand-over policy finds somebody who takes
// over, and has core note it. It returns what is in the way. A team that nobody is in is not
// noted: who was the last one there to leave is, by their run.
func Check(ctx context.Context, core Core, d desk.Desk, of provision.Desk) (problems []string, _ error) {
	rules, err := core.Settings.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	var teams []string
	for _, r := range rules {
		if r.Desk == of.ID {
			teams = append(teams, r.Teams...)
		}
	}
	known, err := core.DeskHealth.KnownUnits(ctx, of.ID)
	if err != nil {
		return nil, err
	}
	kind := d.Capabilities().ConversationsIn
	found := make(map[string]string)
	for mailbox, rule := range of.HandOver.Rules() {
		some, err := assignee.Problems(ctx, d, mailbox, rule, provision.Sorted(teams), "")
		if err != nil {
			return problems, err
		}
		gone := slices.ContainsFunc(known, func(u deskhealth.KnownUnit) bool {
			return u.Kind == kind && provision.Fold(u.Name) == provision.Fold(mailbox) && u.Shown == ""
		})
		if mailbox != "" && gone {
			some = append(some, fmt.Sprintf("hand_over: the %s %q is not on the desk any more", kind, mailbox))
		}
		if problems = append(problems, some...); len(some) == 0 || rule.Agent != "" || gone {
			found[mailbox] = strings.Join(some, "; ")
		}
	}
	return problems, core.DeskHealth.NoteHandOver(ctx, of, found)
}
