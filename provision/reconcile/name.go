package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// nameWaiters bounds how many accounts are looked at again at once because a name
// is free. The others look by themselves, some minutes later.
const nameWaiters = 100

// CheckOwner makes sure that a run that grants access writes nothing under a name
// that is not the person's to have: an address or userName at a domain that
// another connection has proven to own, or what the desk knows another person of
// ours by; and that have, which the desk shows under the person's address or
// nil, is no other account's. It returns an [AttentionError] otherwise.
func (r *Run) CheckOwner(ctx context.Context, have *provision.DeskUser) error {
	if r.Ending() {
		return nil // only what is the account's own is written then
	}
	if err := r.checkDomains(ctx); err != nil {
		return err
	}
	if have != nil && have.ID != r.Account.DeskUser {
		if err := r.checkUser(ctx, have); err != nil {
			return err
		}
	}
	return r.checkNames(ctx, provision.DeskNames{Email: r.Account.Profile.Email, UserName: r.Account.UserName})
}

// checkDomains refuses names at domains that other connections own.
func (r *Run) checkDomains(ctx context.Context) error {
	person := provision.Identity{Connection: r.Account.Connection, UserName: r.Account.UserName, Profile: r.Account.Profile}
	own := func(domain string) bool { return slices.Contains(r.Connection.Domains, domain) }
	foreign := slices.DeleteFunc(person.Domains(), own)
	if len(foreign) == 0 {
		return nil
	}
	all, err := r.service.store.Connections(ctx)
	if err != nil {
		return err
	}
	for _, domain := range foreign {
		for _, c := range all {
			if slices.Contains(c.Domains, domain) {
				return needsAttention(provision.ReasonDomain, "this person of connection %s goes by a name at %s, a domain that is verified for connection %s, and so gets no account under it; "+
					"change their userName and address at the identity provider of %s, then run `deskbridge retry`; if the domain is theirs, `deskbridge domain remove` it at %s first",
					r.Connection.Name, domain, c.Name, r.Connection.Name, c.Name)
			}
		}
	}
	return nil
}

// checkUser refuses a desk user that is another account's.
func (r *Run) checkUser(ctx context.Context, have *provision.DeskUser) error {
	s := r.service
	holder, err := s.store.AccountOfUser(ctx, r.Desk.ID, have.ID)
	if provision.IsNotFound(err) || err == nil && holder.ID == r.Account.ID {
		return nil
	}
	if err != nil {
		return err
	}
	if r.adoptionAgreed() { // that was about a user of nobody's
		if err := r.Claim(ctx, "", provision.OriginNone); err != nil {
			return err
		}
	}
	if len(r.Unfinished) > 0 && !slices.ContainsFunc(r.Unfinished, func(w Write) bool { return w.Kind == WriteCreate }) {
		if err := r.Drop(ctx, r.Unfinished); err != nil { // what was to be written to that user never was
			return err
		}
	}
	how := "was made by Deskbridge"
	if holder.Origin == provision.OriginAdopted {
		how = "was taken over by Deskbridge"
	}
	return r.namesake(ctx, provision.ReasonUserTaken, holder, fmt.Sprintf("desk user %s of %s has this person's address, and %s for", have.ID, r.Desk.Name, how))
}

// checkNames refuses names that the desk knows another person of ours by.
func (r *Run) checkNames(ctx context.Context, names provision.DeskNames) error {
	held := r.Account.Names.Held(&r.Desk)
	others := slices.DeleteFunc(names.Held(&r.Desk), func(name string) bool { return slices.Contains(held, name) })
	if len(others) == 0 {
		return nil
	}
	holders, err := r.service.store.NameHolders(ctx, r.Desk.ID, others)
	if err != nil {
		return err
	}
	for _, holder := range holders {
		if holder.ID == r.Account.ID {
			continue
		}
		return r.namesake(ctx, provision.ReasonNameTaken, holder, fmt.Sprintf("this person's address or userName is the name by which %s knows", r.Desk.Name))
	}
	return nil
}

// whose says in words whose account on the desk a is; logged is the same without
// what they are called.
func (r *Run) whose(ctx context.Context, a provision.Account) (full, logged string, _ error) {
	owner := "another person in Deskbridge, of the same connection"
	if a.Connection != r.Account.Connection {
		c, err := r.service.store.Connection(ctx, string(a.Connection))
		if err != nil {
			return "", "", err
		}
		owner = "a person of another connection, " + c.Name
	}
	if a.State == provision.AccountEnded {
		owner += ", whose access has ended"
	}
	logged = owner + " (account " + string(a.ID) + ")"
	return owner + " (" + cmp.Or(a.UserName, a.Names.Email) + ", account " + string(a.ID) + ")", logged, nil
}

// namesake says that holder stands in the way, after what is theirs, and what to
// do. Where its access has ended, the desk is looked at once more: its user may
// be gone by now.
func (r *Run) namesake(ctx context.Context, code provision.ReasonCode, holder provision.Account, theirs string) error {
	full, logged, err := r.whose(ctx, holder)
	if err != nil {
		return err
	}
	todo := "; `deskbridge explain` both, and give one of them another address and userName at the identity provider"
	if holder.State == provision.AccountEnded {
		todo = "; remove that user on the desk, or give it another address"
		err := r.service.inTx(ctx, func(tx Store) error {
			return r.service.entitlement.Requeue(ctx, tx, []provision.Account{holder})
		})
		if err != nil {
			return err
		}
	}
	todo += ". Deskbridge looks again by itself"
	return &AttentionError{Code: code, Recheck: true, Reason: theirs + " " + full + todo, Logged: theirs + " " + logged + todo}
}

// shownNames returns what the desk knows the person by: what it shows, and where it
// shows no login name the userName.
func (r *Run) shownNames(have *provision.DeskUser) provision.DeskNames {
	if have == nil {
		return provision.DeskNames{}
	}
	names := provision.DeskNames{Email: have.Email, UserName: have.UserName}
	switch {
	case names.UserName != "":
	case r.Ending(): // its user stays what it was
		names.UserName = r.Account.Names.UserName
	default:
		names.UserName = r.Account.UserName
	}
	return names
}

// takeNames notes what the desk knows the account's person by. It reports whether
// a name has become free. That one is another person's keeps nobody's access
// from ending.
func (r *Run) takeNames(ctx context.Context, tx Store, a *provision.Account, names provision.DeskNames) (freed bool, _ error) {
	if a.Names == names {
		return false, nil
	}
	before, now := a.Names.Held(&r.Desk), names.Held(&r.Desk)
	err := tx.TakeNames(ctx, *a, now)
	if r.Ending() && provision.IsConflict(err) {
		names, now = provision.DeskNames{}, nil
		err = tx.TakeNames(ctx, *a, nil)
	}
	if err != nil {
		return false, err
	}
	a.Names = names
	return slices.ContainsFunc(before, func(name string) bool { return !slices.Contains(now, name) }), nil
}

// requeueNamesakes has those reconciled who wait for a name on the desk.
func (r *Run) requeueNamesakes(ctx context.Context) error {
	s := r.service
	return s.inTx(ctx, func(tx Store) error {
		waiting, err := tx.AccountsWhere(ctx, provision.AccountFilter{Desk: r.Desk.ID, State: provision.AccountNeedsAttention, ReasonCode: provision.ReasonNameTaken}, nameWaiters)
		if err != nil {
			return err
		}
		return s.entitlement.Requeue(ctx, tx, waiting)
	})
}
