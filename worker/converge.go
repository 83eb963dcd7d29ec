package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// converge reads the desk, writes the difference, and reads again, until all is
// as desired, or what is left is for an admin to do. An error says why neither
// was reached.
func (w *Worker) converge(ctx context.Context, v *reconcile.Run, calls *callOptions) (outcome, error) {
	open, err := w.desks.get(v.Desk)
	if err != nil {
		return outcome{}, &reconcile.AttentionError{Code: provision.ReasonDeskUnusable, Reason: fmt.Sprintf("desk %s cannot be used: %v", v.Desk.Name, err)}
	}
	d := open.session(calls)
	self, err := d.own(ctx)
	if err != nil {
		return outcome{}, err
	}
	around := reconcile.DeskFacts{Self: self, RoleNames: d.Capabilities().RoleNames, CanRevokeSessions: d.Capabilities().EndSessions,
		Admins: func() (int, error) { return d.Admins(ctx) }}
	var todo tasks
	for round := range rounds {
		have, err := w.find(ctx, d, v)
		if err != nil {
			return outcome{}, err
		}
		if err := v.CheckOwner(ctx, have); err != nil {
			return outcome{}, err
		}
		steps, err := w.steps(ctx, d, v, have, around)
		if err != nil {
			return outcome{}, err
		}
		if v.Ending() && have == nil {
			todo = nil // whoever is gone has nothing left to be taken away by hand
		}
		if len(todo) > 0 {
			return outcome{tasks: todo}, nil // what is left is what the desk cannot do
		}
		if !v.Ending() {
			if err := v.TakeSeat(ctx); err != nil {
				return outcome{}, err
			}
		}
		if v.Ending() && have != nil && have.ID == v.Account.DeskUser {
			left, err := w.handOver(ctx, d, v, have, steps)
			if err != nil {
				return outcome{}, err
			}
			if left != nil { // access ends all the same, as far as that can be undone
				todo.add(left)
				steps = reconcile.Reversible(v, steps, have)
			}
		}
		if len(steps) == 0 {
			if len(todo) > 0 {
				return outcome{tasks: todo}, nil
			}
			if v.Ending() && have != nil && have.ID != v.Account.DeskUser {
				have = nil // somebody else's user
			}
			return outcome{shown: have}, nil
		}
		if round == rounds-1 {
			break
		}
		if err := w.execute(ctx, d, v, have, steps, &todo); err != nil && desk.KindOf(err) != desk.NotFound {
			return outcome{}, err
		}
	}
	return outcome{}, desk.Errorf(desk.Retryable, "the desk accepts changes but does not show them afterwards")
}

// steps returns what is to be written, and notes what an earlier run wrote
// before it was cut short.
func (w *Worker) steps(ctx context.Context, d *session, v *reconcile.Run, have *provision.DeskUser, around reconcile.DeskFacts) ([]reconcile.Write, error) {
	fit := d.Fit(want(v))
	steps, err := reconcile.Writes(v, fit, have, around)
	if err != nil {
		return nil, err
	}
	if have != nil && v.Account.Origin == provision.OriginNone && v.Ours(have) {
		if err := v.Claim(ctx, have.ID, provision.OriginMade); err != nil {
			return nil, err
		}
	}
	var open []string
	if len(v.Unfinished) > 0 && v.Unfinished[0].Kind == reconcile.WriteHandOver && have != nil {
		conversations, err := d.OpenConversations(ctx, have.ID, handOverMost)
		if err != nil {
			return nil, err
		}
		for _, c := range conversations {
			open = append(open, c.ID)
		}
	}
	return steps, v.ResolveInterrupted(ctx, fit, have, open)
}

// want is the user that the desk should show.
func want(v *reconcile.Run) provision.DeskUser {
	p, access := v.Account.Profile, v.Account.Desired
	return provision.DeskUser{
		ID: v.Account.DeskUser, ExternalID: string(v.Account.ID), Email: p.Email,
		DisplayName: p.DisplayName, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Title: p.Title, Phone: p.Phone, Timezone: p.Timezone,
		Active: access.Status == provision.AccessActive, Role: access.Role, Teams: access.Teams, Mailboxes: access.Mailboxes,
	}
}

// find returns the desk user of the account, or nil. One that we knew and that
// is gone is forgotten: whoever has the address now is somebody else's.
func (w *Worker) find(ctx context.Context, d *session, v *reconcile.Run) (*provision.DeskUser, error) {
	if v.Account.DeskUser != "" {
		have, err := d.Find(ctx, desk.Key{ID: v.Account.DeskUser})
		if err != nil || have != nil {
			return seen(d, v, have), err
		}
		if err := v.Claim(ctx, "", provision.OriginNone); err != nil {
			return nil, err
		}
	}
	have, err := d.Find(ctx, desk.Key{ExternalID: string(v.Account.ID), Email: v.Account.Profile.Email})
	return seen(d, v, have), err
}

// seen fills in what a desk does not show: where access to mailboxes follows
// from teams, or from the role of an admin, there is nothing to compare.
func seen(d *session, v *reconcile.Run, have *provision.DeskUser) *provision.DeskUser {
	if have == nil {
		return nil
	}
	can := d.Capabilities()
	manages := have.Role == provision.RoleAdmin || have.Role == provision.RoleOwner
	if can.MailboxesByTeam || can.AdminsSeeAll && manages {
		have.Mailboxes = v.Account.Desired.Mailboxes
	}
	return have
}

// execute journals steps and does them in order. What the desk cannot do is
// added to todo for an admin, and does not keep the rest from being done.
func (w *Worker) execute(ctx context.Context, d *session, v *reconcile.Run, have *provision.DeskUser, steps []reconcile.Write, todo *tasks) error {
	planned, err := v.Journal(ctx, steps)
	if err != nil {
		return err
	}
	var id provision.DeskUserID
	if have != nil {
		id = have.ID
	}
	for _, s := range planned {
		made, err := w.do(ctx, d, v, id, s)
		if err == nil {
			if made != "" {
				id = made
			}
			err = v.Done(ctx, s, id)
		}
		if isPaused(err) { // neither this one nor what follows was tried
			return errors.Join(err, v.Drop(ctx, v.Unfinished))
		}
		if refused(err) {
			if err := v.Drop(ctx, []reconcile.Write{s}); err != nil {
				return err
			}
		}
		if desk.KindOf(err) == desk.CannotDo {
			todo.add(err)
			continue
		}
		if err != nil {
			return err
		}
		w.metrics.step(v.Desk, s.Kind)
	}
	return nil
}

// refused reports whether err proves that a write did not take place: the next
// run must not take it for done.
func refused(err error) bool {
	if e, ok := errors.AsType[*provision.Error](err); ok { // the desk user is another account's
		return e.Code == provision.Conflict
	}
	switch desk.KindOf(err) {
	case desk.CannotDo, desk.Conflict, desk.Permanent, desk.Unauthorized, desk.NotFound:
		return err != nil
	}
	return false
}

// do makes one write. made is the id of a user that it created.
func (w *Worker) do(ctx context.Context, d *session, v *reconcile.Run, id provision.DeskUserID, s reconcile.Write) (made provision.DeskUserID, _ error) {
	switch s.Kind {
	case reconcile.WriteCreate:
		user, err := d.Create(ctx, d.Fit(want(v)))
		if err != nil {
			return "", err
		}
		return user.ID, nil
	case reconcile.WriteAdopt:
		return "", nil // a change on our side only
	case reconcile.WriteActivate:
		return "", d.SetActive(ctx, id, true)
	case reconcile.WriteProfile:
		return "", d.SetProfile(ctx, id, d.Fit(want(v)))
	case reconcile.WriteRole:
		to, err := provision.ParseRole(fmt.Sprint(s.Detail["to"]))
		if err != nil {
			return "", err
		}
		return "", d.SetRole(ctx, id, to)
	case reconcile.WriteTeams:
		return "", d.ChangeTeams(ctx, id, s.Names("add"), s.Names("remove"))
	case reconcile.WriteMailboxes:
		return "", d.ChangeMailboxes(ctx, id, s.Names("add"), s.Names("remove"))
	case reconcile.WriteDeactivate:
		return "", d.SetActive(ctx, id, false)
	case reconcile.WriteDelete:
		return "", d.Delete(ctx, id)
	case reconcile.WriteAnonymize:
		return "", d.Anonymize(ctx, id)
	case reconcile.WriteSessions:
		return "", d.EndSessions(ctx, id)
	}
	return "", fmt.Errorf("worker: unknown step %q", s.Kind)
}
