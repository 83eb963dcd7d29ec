package worker

import (
	"context"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/assignee"
	"github.com/deskbridge/deskbridge/worker/guard"
)

// notePolicy notes whether the desk's hand-over policy found somebody who takes over from a leaver:
// it is a fact of the desk, which people are shown. A desk that
// does not tell changes nothing of what is known.
func (w *Worker) notePolicy(ctx context.Context, d *guard.Session, v *reconcile.Run, leaver *provision.DeskUser, found *assignee.List) {
	problem, known := found.Problem(ctx, d, v.Desk.HandOver, leaver)
	if !known {
		return
	}
	if err := w.core.DeskHealth.NoteHandOver(ctx, v.Desk, problem); err != nil {
		w.log.ErrorContext(ctx, "noting a hand-over policy failed", "desk", v.Desk.Name, "err", err)
	}
}

// CheckPolicy asks a desk whether its hand-over policy finds somebody who takes
// over, and has core note it. It returns what is in the way. A team that nobody is in is not
// noted: who was the last one there to leave is, by their run.
func CheckPolicy(ctx context.Context, core Core, d desk.Desk, settings provision.Desk) (problems []string, _ error) {
	rules, err := core.Settings.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	var teams []string
	for _, r := range rules {
		if r.Desk == settings.ID {
			teams = append(teams, r.Teams...)
		}
	}
	problems, err = assignee.Problems(ctx, d, settings.HandOver, provision.Sorted(teams), "")
	if err != nil || len(problems) > 0 && settings.HandOver.Agent == "" {
		return problems, err
	}
	return problems, core.DeskHealth.NoteHandOver(ctx, settings, strings.Join(problems, "; "))
}
