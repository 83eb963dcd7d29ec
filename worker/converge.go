package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/evidence"
	"github.com/deskbridge/deskbridge/provision/profile"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/guard"
)

// converge reads the desk, writes the difference, and reads again, until all is
// as desired, or what is left is for an admin to do. An error says why neither
// was reached.
func (w *Worker) converge(ctx context.Context, v *reconcile.Run, calls *guard.Caller) (outcome, error) {
	d, err := w.desks.Session(v.Desk, calls)
	if err != nil {
		return outcome{}, &reconcile.AttentionError{Code: provision.ReasonDeskUnusable, Reason: fmt.Sprintf("desk %s cannot be used: %v", v.Desk.Name, err)}
	}
	self, err := d.Own(ctx)
	if err != nil {
		return outcome{}, err
	}
	around, err := w.facts(ctx, d, self, v)
	if err != nil {
		return outcome{}, err
	}
	shown := &shownLate{lag: d.Capabilities().SearchLag}
	var todo, missing tasks
	for round := 0; ; round++ {
		have, err := w.find(ctx, d, v)
		if err != nil {
			return outcome{}, err
		}
		if err := v.CheckOwner(ctx, have); err != nil {
			return outcome{}, err
		}
		steps, err := w.steps(ctx, d, v, have, around, shown)
		if err != nil {
			return outcome{}, err
		}
		if v.Ending() && have == nil {
			todo = nil // whoever is gone has nothing left to be taken away by hand
		}
		if len(todo) > 0 {
			still := stillThere(v, have)
			return outcome{tasks: append(todo, missing...).after(still), residual: still != ""}, nil // what is left is what the desk cannot do
		}
		if len(shown.never) > 0 {
			return outcome{}, shown.refusal(v.Ending() && have != nil && have.Active)
		}
		if !v.Ending() {
			if err := v.TakeSeat(ctx); err != nil {
				return outcome{}, err
			}
		}
		if len(steps) == 0 {
			if err := shown.settle(ctx, v, have); err != nil {
				return outcome{}, err
			}
			if err := d.Doubt(ctx, keyOf(v)); desk.KindOf(err) == desk.CannotDo && err != nil {
				todo.add(err)
				return outcome{shown: have, tasks: todo}, nil
			} else if err != nil {
				return outcome{}, err
			}
			reached, err := w.asDesired(ctx, d, v, have, around)
			reached.missing = missing
			return reached, err
		}
		if round == rounds-1 {
			break
		}
		err = w.change(ctx, d, v, have, steps, around, shown, &todo)
		if place, ok := errors.AsType[*desk.Error](err); ok && v.Lacks(place.Place) { // the rest goes on
			missing.add(place)
			todo, round = nil, -1 // what the desk cannot do either is found again
		} else if err != nil && desk.KindOf(err) != desk.NotFound {
			return outcome{}, err
		}
	}
	return outcome{}, notShown(shown.accepted)
}

// keyOf is by what a desk knows an account's user for certain.
func keyOf(v *reconcile.Run) desk.Key {
	return desk.Key{ID: v.Account.DeskUser, ExternalID: string(v.Account.ID)}
}

// facts is what the desk says of itself, for a run.
func (w *Worker) facts(ctx context.Context, d *guard.Session, self provision.DeskUserID, v *reconcile.Run) (reconcile.DeskFacts, error) {
	can := d.Capabilities()
	ranks, err := d.RankOf(ctx, v.Granted().DeskRoles)
	_, stops := desk.As[desk.InflowStopper](d.Desk)
	return reconcile.DeskFacts{Self: self, RankOf: ranks, RoleNames: can.RoleNames, CanRevokeSessions: can.EndSessions, CanStopInflow: stops,
		CutFirst: can.Deactivate && can.OnDeactivate == desk.Keeps, MailboxesByTeam: can.MailboxesByTeam, TeamsHidden: can.TeamsWhenInactive == desk.TeamsHidden,
		Admins: func() (int, error) { return d.Admins(ctx) },
		Holder: func(u *provision.DeskUser) (provision.AccountID, error) {
			return w.core.DeskHealth.Holder(ctx, v.Account, u)
		}}, err
}

// asDesired is what a run has reached that found nothing to write. Where access
// ends, that is so only when nobody else is there in the person's name.
func (w *Worker) asDesired(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, around reconcile.DeskFacts) (outcome, error) {
	if !v.Ending() && have != nil {
		return w.asPresent(ctx, d, v, have)
	}
	if have == nil {
		return outcome{shown: have}, nil
	}
	ours := have.ID == v.Account.DeskUser
	if ours {
		// What has come meanwhile, or was given to them by hand.
		left, err := w.handOver(ctx, d, v, have, reconcile.Loss{All: true}, nil)
		if err != nil {
			return outcome{}, err
		}
		if left != nil {
			var todo tasks
			todo.add(left)
			return outcome{tasks: todo}, nil
		}
	}
	for _, email := range addresses(&v.Account) {
		if provision.Fold(email) == provision.Fold(have.Email) {
			continue
		}
		second, err := d.Find(ctx, desk.Key{Email: email})
		if err != nil {
			return outcome{}, err
		}
		if second != nil && second.ID != have.ID {
			if err := strange(v, second, around); err != nil {
				return outcome{}, err
			}
		}
	}
	if !ours {
		return outcome{}, nil // somebody else's user
	}
	return outcome{shown: have}, nil
}

// addresses returns by what addresses a desk may know a person: the present one,
// and the one that the desk had confirmed.
func addresses(a *provision.Account) (all []string) {
	for _, email := range []string{a.Profile.Email, a.Names.Email} {
		if email != "" && (len(all) == 0 || provision.Fold(email) != provision.Fold(all[0])) {
			all = append(all, email)
		}
	}
	return all
}

// findLeaver looks for a user of somebody whose access ends: by key,
// and then by the other addresses that the desk may know them by. Whoever stays
// is not looked for so: an address that was theirs may be a colleague's by now.
func findLeaver(ctx context.Context, d *guard.Session, a *provision.Account, key desk.Key) (*provision.DeskUser, error) {
	have, err := d.Find(ctx, key)
	for _, email := range addresses(a) {
		if err == nil && have == nil && email != key.Email {
			have, err = d.Find(ctx, desk.Key{Email: email})
		}
	}
	return have, err
}

// strange returns why u, who is not the account's user, keeps its access from
// having ended; nil when it does not.
func strange(v *reconcile.Run, u *provision.DeskUser, around reconcile.DeskFacts) error {
	if u.ID == around.Self {
		return nil
	}
	if other, err := around.Holder(u); err != nil || other != "" {
		return err
	}
	return reconcile.Residual(v, u)
}

// change makes steps, and hands over before that what would be lost by them.
func (w *Worker) change(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, steps []reconcile.Write, around reconcile.DeskFacts, shown *shownLate, todo *tasks) error {
	shown.accepted = nil
	if have == nil || have.ID != v.Account.DeskUser {
		return w.execute(ctx, d, v, have, steps, shown, todo)
	}
	steps = reconcile.UntilRaised(v, have, steps, around)
	loss := reconcile.Losing(v, have, steps, around)
	rest := steps
	if v.Ending() {
		var first []reconcile.Write
		first, rest = reconcile.BeforeHandOver(steps, around)
		for i := range first { // each by itself: what is refused keeps nothing else from being done
			if err := w.execute(ctx, d, v, have, first[i:i+1], shown, todo); desk.KindOf(err) == desk.Permanent {
				todo.add(err)
			} else if err != nil {
				return err
			}
		}
		if err := w.see(ctx, d, v, have.ID); err != nil {
			return err
		}
		if shown.has(reconcile.WriteDeactivate) {
			copied := *have
			copied.Active = false
			have = &copied
		}
		loss = reconcile.Loss{All: true}
	}
	if err := w.mailboxesLost(ctx, d, v, have, &loss); err != nil {
		return err
	}
	if loss.Any() {
		left, err := w.handOver(ctx, d, v, have, loss, rest)
		if err != nil {
			return err
		}
		if left != nil { // access ends all the same, as far as that can be undone
			todo.add(left)
			rest = reconcile.Reversible(v, rest, have)
		}
	}
	err := w.execute(ctx, d, v, have, rest, shown, todo)
	if refused, ok := errors.AsType[*refusedWrite](err); ok {
		refused.residual = v.Ending() && have.Active
	}
	return err
}

// mailboxesLost adds to what is lost the mailboxes that follow from teams, where the desk tells them: those of the
// teams that are left, but for those of the teams that stay or are joined, and for those that stay by themselves.
func (w *Worker) mailboxesLost(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, loss *reconcile.Loss) error {
	if _, tells := desk.As[desk.TeamMailboxes](d.Desk); !tells || loss.All || len(loss.Teams) == 0 {
		return nil
	}
	of := func(teams []string) (all []string, _ error) {
		for _, team := range teams {
			names, _, err := d.MailboxesOf(ctx, team)
			if err != nil && desk.KindOf(err) != desk.NotFound {
				return nil, err
			}
			all = append(all, names...)
		}
		return all, nil
	}
	without := func(names, gone []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return provision.ContainsFold(gone, name) })
	}
	going, err := of(loss.Teams)
	if err != nil {
		return err
	}
	staying, err := of(slices.Concat(without(have.Teams, loss.Teams), v.Granted().Teams))
	if err != nil {
		return err
	}
	if !d.Capabilities().MailboxesByTeam {
		staying = slices.Concat(staying, without(have.Mailboxes, loss.Mailboxes), v.Granted().Mailboxes)
	}
	loss.Mailboxes = append(loss.Mailboxes, without(going, staying)...)
	return nil
}

// steps returns what is to be written, and notes what an earlier run wrote
// before it was cut short.
func (w *Worker) steps(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, around reconcile.DeskFacts, shown *shownLate) ([]reconcile.Write, error) {
	fit := wanted(d, v, have)
	v.Seen(fit, have)
	steps, err := reconcile.Writes(v, fit, have, around)
	if err != nil {
		return nil, err
	}
	if have != nil && v.Account.Origin == provision.OriginNone && v.Ours(have) {
		if err := v.Claim(ctx, have.ID, provision.OriginMade); err != nil {
			return nil, err
		}
	}
	if err := shown.look(ctx, v, steps); err != nil {
		return nil, err
	}
	var open []string
	if have != nil && slices.ContainsFunc(v.Unfinished, func(s reconcile.Write) bool { return s.Kind == reconcile.WriteHandOver }) {
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

// wanted is the user that the desk should show, in its own spelling; have is the one that
// it shows now, or nil.
func wanted(d *guard.Session, v *reconcile.Run, have *provision.DeskUser) provision.DeskUser {
	return profile.Wanted(v.Desk.Profile, d.Fit(said(v)), have)
}

// said is the user that the desk would show by what is said of the person.
func said(v *reconcile.Run) provision.DeskUser { return profile.Of(&v.Account, v.Granted()) }

// find returns the desk user of the account, or nil. One that we knew and that
// is gone is forgotten: whoever has the address now is somebody else's. That one
// is gone is believed when the desk says so twice, and shows nobody with the same
// id by external id or address. One that was made a moment ago is waited for. Who somebody else is under it a person is asked.
func (w *Worker) find(ctx context.Context, d *guard.Session, v *reconcile.Run) (*provision.DeskUser, error) {
	known := v.Account.DeskUser
	if known != "" {
		have, err := d.Find(ctx, desk.Key{ID: known})
		if err != nil || have != nil && !evidence.Another(&v.Account, have) {
			return seen(d, v, have), err
		}
		if have != nil {
			if code, said, logged := evidence.Question(&v.Account, v.Desk.Name, have); code != "" {
				return nil, &reconcile.AttentionError{Code: code, Reason: said, Logged: logged, Recheck: true, Doubts: true}
			} else if err := v.Claim(ctx, "", provision.OriginNone); err != nil {
				return nil, err
			}
			known = ""
		}
	}
	key, look := desk.Key{ExternalID: string(v.Account.ID), Email: v.Account.Profile.Email}, d.Find
	if v.Ending() {
		look = func(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
			return findLeaver(ctx, d, &v.Account, key)
		}
	}
	have, err := look(ctx, key)
	if err != nil || known == "" {
		return seen(d, v, have), err
	}
	again := have
	if have == nil || have.ID != known {
		if again, err = d.Find(ctx, desk.Key{ID: known}); err != nil {
			return nil, err
		}
	}
	switch {
	case again != nil:
		return nil, wrongAnswer(known)
	case have == nil && made(d, v):
		return nil, nil
	}
	v.Seen(wanted(d, v, nil), nil) // while it is known who that was
	return seen(d, v, have), v.Claim(ctx, "", provision.OriginNone)
}

func wrongAnswer(id provision.DeskUserID) *desk.Error {
	return desk.Errorf(desk.Retryable, "it says that there is no user %s, and shows that user all the same", id)
}

// seen fills in what a desk does not show: where access to mailboxes follows
// from teams, or from the role of an admin, there is nothing to compare; nor where
// teams of deactivated users are hidden.
func seen(d *guard.Session, v *reconcile.Run, have *provision.DeskUser) *provision.DeskUser {
	if have == nil {
		return nil
	}
	can := d.Capabilities()
	have.TeamsHidden = !have.Active && can.TeamsWhenInactive == desk.TeamsHidden
	manages := have.Role == provision.RoleAdmin || have.Role == provision.RoleOwner
	if can.MailboxesByTeam || can.AdminsSeeAll && manages {
		have.Mailboxes = v.Granted().Mailboxes
	}
	return have
}

// execute journals steps and does them in order. What the desk cannot do is
// added to todo for an admin, and does not keep the rest from being done.
func (w *Worker) execute(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, steps []reconcile.Write, shown *shownLate, todo *tasks) error {
	steps = slices.Clone(steps)
	if len(steps) > 0 {
		steps[0].Tried = !last(steps[0])
	}
	planned, err := v.Journal(ctx, steps)
	if err != nil {
		return err
	}
	var id provision.DeskUserID
	if have != nil {
		id = have.ID
	}
	for _, s := range planned {
		if last(s) {
			if err := w.see(ctx, d, v, id); err != nil {
				return err
			}
		}
		if !s.Tried {
			if err := v.Try(ctx, s); err != nil {
				return err
			}
		}
		made, err := w.do(ctx, d, v, have, id, s)
		if made != "" {
			id = made
		}
		if e := desk.AcceptedOnly(err); e != nil && looked(s.Kind, made) {
			shown.said(s, e)
			err = nil
		}
		if s.Kind == reconcile.WriteAway && (desk.KindOf(err) == desk.CannotDo || desk.KindOf(err) == desk.Permanent) && err != nil {
			s, err = awayByHand(v, s, err), nil
		}
		if err == nil {
			err = v.Accepted(ctx, s, id)
		}
		if guard.IsPaused(err) { // neither this one nor what follows was tried
			return errors.Join(err, v.DropPlanned(ctx, nil))
		}
		if refused(err) {
			if err := v.Drop(ctx, []reconcile.Write{s}); err != nil {
				return err
			}
		}
		if s.Kind == reconcile.WriteInflow && refused(err) {
			continue // a help only: what is dealt out meanwhile is handed over as well
		}
		if desk.KindOf(err) == desk.CannotDo {
			todo.add(err)
			continue
		}
		if err != nil {
			if refused(err) {
				_ = w.see(ctx, d, v, id) // what came before is entered all the same; to see it is a help only
			}
			return w.refusal(ctx, d, v, id, s, err)
		}
		shown.accepted = append(shown.accepted, s)
		w.metrics.step(v.Desk, s.Kind)
	}
	return nil
}

// looked reports whether what became of a write that the desk has accepted and does
// not show is looked at in the next round. Where nobody knows who was made, whoever
// is found then would be taken for them; and of the inflow there is nothing to see.
func looked(kind reconcile.WriteKind, made provision.DeskUserID) bool {
	return kind != reconcile.WriteInflow && kind != reconcile.WriteAway && (kind != reconcile.WriteCreate || made != "")
}

// last reports whether nobody can see after a write what came before it.
func last(w reconcile.Write) bool {
	return w.Kind == reconcile.WriteDelete || w.Kind == reconcile.WriteAnonymize
}

// see enters what the desk has accepted and shows by now of a user.
func (w *Worker) see(ctx context.Context, d *guard.Session, v *reconcile.Run, id provision.DeskUserID) error {
	if len(v.Awaited()) == 0 {
		return nil
	}
	have, err := d.Find(ctx, desk.Key{ID: id})
	if err != nil || have == nil {
		return err
	}
	have = seen(d, v, have)
	v.Seen(wanted(d, v, have), have)
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

// do makes one write on the user with this id, of whom have is what the desk showed
// before the run wrote anything, or nil. made is the id of a user that it created, also where the
// desk does not show all of what was asked for.
func (w *Worker) do(ctx context.Context, d *guard.Session, v *reconcile.Run, have *provision.DeskUser, id provision.DeskUserID, s reconcile.Write) (made provision.DeskUserID, _ error) {
	switch s.Kind {
	case reconcile.WriteCreate:
		user, err := d.Create(ctx, wanted(d, v, nil))
		if desk.KindOf(err) == desk.Conflict { // with itself, when the request has arrived twice
			if mine, find := d.Find(ctx, desk.Key{ExternalID: string(v.Account.ID)}); find == nil && mine != nil && mine.ExternalID == string(v.Account.ID) {
				return mine.ID, nil
			}
		}
		if user == nil {
			return "", err
		}
		return user.ID, err
	case reconcile.WriteAdopt:
		return "", nil // a change on our side only
	case reconcile.WriteActivate:
		return "", d.SetActive(ctx, id, true)
	case reconcile.WriteProfile:
		return "", d.SetProfile(ctx, id, profile.Written(v.Desk.Profile, d.Fit, said(v), have))
	case reconcile.WriteRole:
		to, err := provision.ParseRole(fmt.Sprint(s.Detail["to"]))
		if err != nil {
			return "", err
		}
		return "", d.SetRole(ctx, id, to)
	case reconcile.WriteTeams:
		return "", d.ChangeTeams(ctx, id, s.Names("add"), s.Names("remove"))
	case reconcile.WriteDeskRoles:
		return "", d.ChangeRoles(ctx, id, s.Names("add"), s.Names("remove"))
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
	case reconcile.WriteInflow:
		return "", d.StopInflow(ctx, id)
	case reconcile.WriteAway:
		return "", d.SetAway(ctx, id, s.Detail["away"] == true)
	}
	return "", fmt.Errorf("worker: unknown step %q", s.Kind)
}
