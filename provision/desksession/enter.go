package desksession

import (
	"context"
	"maps"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// EntryOf returns what a person may do on a desk. A Denied error tells in
// Field why they are not let in.
func (s *Service) EntryOf(ctx context.Context, desk provision.Desk, person provision.IdentityID) (Entry, error) {
	return entryOf(ctx, s.store, desk, person)
}

func entryOf(ctx context.Context, store Store, desk provision.Desk, person provision.IdentityID) (Entry, error) {
	accounts, err := store.AccountsOf(ctx, []provision.IdentityID{person})
	if err != nil {
		return Entry{}, err
	}
	for i := range accounts {
		if accounts[i].Desk == desk.ID {
			return enter(&accounts[i], desk.SignIn.BeforeReady)
		}
	}
	return enter(nil, false)
}

// Enter notes that somebody signs in to a desk, and returns the session
// there: the same for each sign-in with one session of ours. Whoever was
// suspended, signed out or lost access meanwhile gets a Denied error. detail
// goes into the audit log.
func (s *Service) Enter(ctx context.Context, c provision.Cause, desk provision.Desk, session provision.Session, p provision.Protocol, detail map[string]any) (deskSession Session, entry Entry, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		// Under the lock: a suspension that commits before us must not be missed;
		// one that comes after us finds the session that we leave here.
		person, err := tx.LockIdentity(ctx, session.Connection, session.Identity)
		if err != nil && !provision.IsNotFound(err) {
			return err
		}
		live, err := tx.Sessions(ctx, provision.SessionFilter{ID: session.ID}, 1)
		if err != nil {
			return err
		}
		if !person.Admitted(s.now()) || len(live) == 0 {
			return provision.Refuse(RefusedSession, "you are not signed in any more")
		}
		if entry, err = entryOf(ctx, tx, desk, person.ID); err != nil {
			return err
		}
		if entry, err = s.takeNames(ctx, tx, desk, entry); err != nil {
			return err
		}
		if deskSession, err = s.open(ctx, tx, desk, session, p); err != nil {
			return err
		}
		e := s.audit.Entry(c, person.Connection, audit.DeskSessionSignedIn, string(person.ID))
		e.Desk, e.Account, e.Detail = desk.ID, entry.Account, maps.Clone(detail)
		if e.Detail == nil {
			e.Detail = map[string]any{}
		}
		e.Detail["protocol"], e.Detail["desk_session"], e.Detail["session"] = p, deskSession.ID, session.ID
		return s.audit.Record(ctx, tx, e)
	})
	return deskSession, entry, err
}

// takeNames makes what the desk is about to be told the person's alone. Where the
// desk has confirmed nothing yet, they are called so from now on, until it does:
// the name that a desk was told may be of a user that it has made.
func (s *Service) takeNames(ctx context.Context, tx Store, desk provision.Desk, entry Entry) (Entry, error) {
	a, err := tx.LockAccount(ctx, entry.Account)
	if err != nil {
		return entry, err
	}
	if entry, err = enter(&a, desk.SignIn.BeforeReady); err != nil {
		return entry, err
	}
	err = tx.TakeNames(ctx, a, entry.Names.Held(&desk))
	if provision.IsConflict(err) {
		return entry, provision.Refuse(RefusedNameTaken, "the name that the desk would be told is another person's there; "+
			"`deskbridge explain` both, and give one of them another address and userName at the identity provider")
	}
	if err != nil || a.Names == entry.Names {
		return entry, err
	}
	a.Names = entry.Names
	return entry, tx.SaveAccounts(ctx, []provision.Account{a})
}

func (s *Service) open(ctx context.Context, tx Store, desk provision.Desk, session provision.Session, p provision.Protocol) (Session, error) {
	deskSession, err := tx.OpenDeskSession(ctx, session.ID, desk.ID, p)
	if err != nil && !provision.IsNotFound(err) {
		return deskSession, err
	}
	if provision.IsNotFound(err) {
		deskSession = Session{ID: provision.NewID[provision.DeskSessionID](), Session: session.ID, Identity: session.Identity, Connection: session.Connection,
			Desk: desk.ID, Protocol: p, CreatedAt: s.now()}
	}
	deskSession.SeenAt = s.now()
	return deskSession, tx.SaveDeskSession(ctx, deskSession)
}

// Subject is who is behind a desk session, at this moment.
type Subject struct {
	Session    Session
	Person     provision.Identity
	Connection provision.Connection
	Desk       provision.Desk
	Entry      Entry
}

// Subject returns who is behind a desk session. Once it has ended, or
// the person may no longer be there, that is a Denied error.
func (s *Service) Subject(ctx context.Context, id provision.DeskSessionID) (v Subject, err error) {
	over := provision.Refuse(RefusedSession, "the session at the desk is over")
	if v.Session, err = s.store.DeskSession(ctx, id); provision.IsNotFound(err) || err == nil && v.Session.EndedAt != nil {
		return v, over
	}
	if err != nil {
		return v, err
	}
	if v.Person, err = s.store.Identity(ctx, v.Session.Connection, v.Session.Identity); provision.IsNotFound(err) || err == nil && !v.Person.Admitted(s.now()) {
		return v, over
	}
	if err != nil {
		return v, err
	}
	if v.Connection, err = s.store.Connection(ctx, string(v.Session.Connection)); err != nil {
		return v, err
	}
	if v.Desk, err = s.store.Desk(ctx, string(v.Session.Desk)); err != nil {
		return v, err
	}
	if v.Connection.SignIn.Disabled {
		return v, over
	}
	v.Entry, err = entryOf(ctx, s.store, v.Desk, v.Person.ID)
	return v, err
}

// Session returns a desk session, ended ones too.
func (s *Service) Session(ctx context.Context, id provision.DeskSessionID) (Session, error) {
	return s.store.DeskSession(ctx, id)
}

// RecordRefusal notes in the audit log that somebody was not let in to a
// desk. person is empty where nobody had signed in. detail holds no tokens and
// no addresses.
func (s *Service) RecordRefusal(ctx context.Context, c provision.Cause, desk provision.DeskID, conn provision.ConnectionID, person provision.IdentityID, reason string, detail map[string]any) error {
	subject := string(person)
	if subject == "" {
		subject = c.Request
	}
	e := s.audit.Entry(c, conn, audit.DeskSessionRefused, subject)
	e.Desk, e.Detail = desk, maps.Clone(detail)
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	e.Detail["reason"] = reason
	return s.audit.Record(ctx, s.store, e)
}
