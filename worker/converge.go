package worker

import (
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// converge reads the desk, writes the difference, and reads again. Its error
// says how the visit ended: confirmed when all is as wanted.
func (w *Worker) converge(ctx context.Context, v *provision.Visit) error {
	d, err := w.desks.get(v.Desk)
	if err != nil {
		return &provision.ParkedError{Reason: fmt.Sprintf("desk %s cannot be used: %v", v.Desk.Name, err)}
	}
	self, err := d.own(ctx)
	if err != nil {
		return err
	}
	around := provision.Surroundings{Self: self, Words: d.Capabilities().Words, Keys: d.Capabilities().EndSessions,
		Admins: func() (int, error) { return d.Admins(ctx) }}
	todo := &tasks{}
	for range rounds {
		have, err := w.find(ctx, d, v)
		if err != nil {
			return err
		}
		steps, err := provision.Steps(v, d.Fit(want(v)), have, around)
		if err != nil {
			return err
		}
		if have != nil && v.Account.Origin == provision.OriginNone && v.Ours(have) {
			if err := w.core.Claim(ctx, v, have.ID, provision.OriginMade); err != nil {
				return err
			}
		}
		if v.Ending() && have != nil && have.ID == v.Account.DeskUser {
			if err := w.handOver(ctx, d, v, have, steps); err != nil {
				return err
			}
		}
		if len(steps) == 0 {
			if _, err := w.core.PlanSteps(ctx, v, nil); err != nil {
				return err
			}
			if v.Ending() && have != nil && have.ID != v.Account.DeskUser {
				have = nil // somebody else's user
			}
			return confirmed{have}
		}
		if len(todo.todo) > 0 {
			return todo // what is left is what the desk cannot do
		}
		if todo.todo, err = w.carryOut(ctx, d, v, have, steps); err != nil && desk.KindOf(err) != desk.NotFound {
			return err
		}
	}
	return desk.Errorf(desk.Retryable, "the desk accepts changes but does not show them afterwards")
}

// want is the user that the desk should show.
func want(v *provision.Visit) provision.DeskUser {
	p, access := v.Account.Profile, v.Account.Wanted
	return provision.DeskUser{
		ID: v.Account.DeskUser, ExternalID: string(v.Account.ID), Email: p.Email,
		DisplayName: p.DisplayName, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Title: p.Title, Phone: p.Phone, Timezone: p.Timezone,
		Active: access.Status == provision.AccessActive, Role: access.Role, Teams: access.Teams, Mailboxes: access.Mailboxes,
	}
}

// find returns the desk user of the account, or nil. One that we knew and that
// is gone is forgotten: whoever has the address now is somebody else's.
func (w *Worker) find(ctx context.Context, d *openDesk, v *provision.Visit) (*provision.DeskUser, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if v.Account.DeskUser != "" {
		have, err := d.Find(ctx, desk.Key{ID: v.Account.DeskUser})
		if err != nil || have != nil {
			return w.seen(d, v, have), err
		}
		if err := w.core.Claim(ctx, v, "", provision.OriginNone); err != nil {
			return nil, err
		}
	}
	have, err := d.Find(ctx, desk.Key{ExternalID: string(v.Account.ID), Email: v.Account.Profile.Email})
	return w.seen(d, v, have), err
}

// seen fills in what a desk does not show: where access to mailboxes follows
// from teams, there is nothing to compare.
func (w *Worker) seen(d *openDesk, v *provision.Visit, have *provision.DeskUser) *provision.DeskUser {
	if have != nil && d.Capabilities().MailboxesByTeam {
		have.Mailboxes = v.Account.Wanted.Mailboxes
	}
	return have
}

// carryOut journals steps and does them in order. What the desk cannot do is
// returned for an admin to do, and does not keep the rest from being done.
func (w *Worker) carryOut(ctx context.Context, d *openDesk, v *provision.Visit, have *provision.DeskUser, steps []provision.Step) (todo []string, _ error) {
	if !v.Ending() {
		if err := w.core.TakeSeat(ctx, v); err != nil {
			return nil, err
		}
	}
	planned, err := w.core.PlanSteps(ctx, v, steps)
	if err != nil {
		return nil, err
	}
	var id provision.DeskUserID
	if have != nil {
		id = have.ID
	}
	for _, s := range planned {
		made, err := w.do(ctx, d, v, id, s)
		if refused(err) {
			// It certainly did not happen: the next visit must not take it for done.
			if err := w.core.DropSteps(ctx, v, []provision.Step{s}); err != nil {
				return todo, err
			}
		}
		if desk.KindOf(err) == desk.CannotDo {
			todo = append(todo, err.(*desk.Error).Detail)
			continue
		}
		if err != nil {
			return todo, err
		}
		if made != "" {
			id = made
		}
		if err := w.core.StepDone(ctx, v, s, id); err != nil {
			return todo, err
		}
		w.metrics.step(v.Desk, s.Kind)
	}
	return todo, nil
}

// refused reports whether err proves that a write did not take place.
func refused(err error) bool {
	switch desk.KindOf(err) {
	case desk.CannotDo, desk.Conflict, desk.Permanent, desk.Unauthorized:
		return true
	}
	return false
}

// do makes one write. made is the id of a user that it created.
func (w *Worker) do(ctx context.Context, d *openDesk, v *provision.Visit, id provision.DeskUserID, s provision.Step) (made provision.DeskUserID, _ error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	switch s.Kind {
	case provision.StepCreate:
		user, err := d.Create(ctx, d.Fit(want(v)))
		if err != nil {
			return "", err
		}
		return user.ID, nil
	case provision.StepAdopt:
		return "", nil // a change on our side only
	case provision.StepActivate:
		return "", d.SetActive(ctx, id, true)
	case provision.StepProfile:
		return "", d.SetProfile(ctx, id, d.Fit(want(v)))
	case provision.StepRole:
		to, err := provision.ParseRole(fmt.Sprint(s.Detail["to"]))
		if err != nil {
			return "", err
		}
		return "", d.SetRole(ctx, id, to)
	case provision.StepTeams:
		return "", d.ChangeTeams(ctx, id, names(s, "add"), names(s, "remove"))
	case provision.StepMailboxes:
		return "", d.ChangeMailboxes(ctx, id, names(s, "add"), names(s, "remove"))
	case provision.StepDeactivate:
		return "", d.SetActive(ctx, id, false)
	case provision.StepDelete:
		return "", d.Delete(ctx, id)
	case provision.StepAnonymize:
		return "", d.Anonymize(ctx, id)
	case provision.StepSessions:
		return "", d.EndSessions(ctx, id)
	}
	return "", fmt.Errorf("worker: unknown step %q", s.Kind)
}

// names returns a list of a step's detail, fresh or as the journal keeps it.
func names(s provision.Step, key string) []string {
	switch list := s.Detail[key].(type) {
	case []string:
		return list
	case []any:
		out := make([]string, len(list))
		for i, name := range list {
			out[i] = fmt.Sprint(name)
		}
		return out
	}
	return nil
}
