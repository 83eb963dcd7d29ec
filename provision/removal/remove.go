package removal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

// Ends says what the removal of a connection or desk ends.
type Ends struct {
	Access []AccessCount
	Rules  []provision.Rule

	// Of a connection.
	Counts
	Tokens  []string // names of those that have not ended
	Domains []string

	// Of a desk.
	Hosted bool // it is kept here: it goes with all that is on it
}

// Accounts returns how many accounts have access that is concerned.
func (e *Ends) Accounts() (n int) {
	for _, a := range e.Access {
		n += a.People
	}
	return n
}

// OfConnection says what the removal of a connection would end.
func (s *Service) OfConnection(ctx context.Context, conn provision.Connection) (e Ends, err error) {
	if e.Access, err = s.store.CountAccess(ctx, Scope{Connection: conn.ID}); err != nil {
		return e, err
	}
	if e.Rules, err = s.store.Rules(ctx, conn.ID); err != nil {
		return e, err
	}
	if e.Counts, err = s.store.CountOf(ctx, conn.ID); err != nil {
		return e, err
	}
	tokens, err := s.store.Tokens(ctx, conn.ID)
	for _, t := range tokens {
		if t.Usable(s.now()) {
			e.Tokens = append(e.Tokens, t.Name)
		}
	}
	e.Domains = conn.Domains
	return e, err
}

// OfDesk says what the removal of a desk would end.
func (s *Service) OfDesk(ctx context.Context, d provision.Desk) (e Ends, err error) {
	e.Hosted = s.hosting.hosts(d)
	if e.Access, err = s.store.CountAccess(ctx, Scope{Desk: d.ID}); err != nil {
		return e, err
	}
	rules, err := s.store.Rules(ctx, "")
	e.Rules = slices.DeleteFunc(rules, func(r provision.Rule) bool { return r.Desk != d.ID })
	return e, err
}

// freed is what something is called that is being removed, so that its name is
// free: no name has a dot.
func freed[ID ~string](name string, id ID) string {
	const shown = 8
	return name + ".removed-" + string(id)[max(len(id)-shown, 0):]
}

// how returns what the removal does before it deletes: next to nothing where
// access is kept, or where there is no desk to end it on.
func how(was provision.Removal, keep bool) (provision.Removal, error) {
	switch {
	case was == provision.RemovalNone && !keep:
		return provision.RemovalEnding, nil
	case was != provision.RemovalKeeping && keep:
		return provision.RemovalKeeping, nil
	}
	return was, provision.Errorf(provision.Conflict, "name", "it is being removed already; `deskbridge status` shows whose access has not ended yet, and with --keep-access what people have on the desks stays")
}

// access says in the audit log what becomes of access.
func access(r provision.Removal) string {
	return map[provision.Removal]string{provision.RemovalEnding: "ends first", provision.RemovalKeeping: "stays"}[r]
}

// RemoveDesk removes a desk. Its rules end now, and so do signing in there and the
// desk sessions that are open. Access ends on the desk first, by its policy, and then nothing is left of it; with
// keep, or when that was begun and cannot come to an end, what people have there
// stays, and no call is made to it any more. A desk that is kept here goes at once
// with all that is on it.
//
// Where the server wants two admins for what takes access away, this is Denied with
// [secondadmin.Reason] until a second one removes it likewise.
func (s *Service) RemoveDesk(ctx context.Context, c provision.Cause, id provision.DeskID, keep bool) (d provision.Desk, _ error) {
	err := secondadmin.InTx(ctx, s.inTx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		var err error
		if d, err = tx.LockDesk(ctx, id); err != nil {
			return err
		}
		name := d.Name
		fresh := d.Removal == provision.RemovalNone
		if d.Removal, err = how(d.Removal, keep || s.hosting.hosts(d)); err != nil {
			return err
		}
		ends := d.Removal == provision.RemovalEnding || s.hosting.hosts(d)
		if err := s.agreed(ctx, tx, c, secondadmin.KindRemoveDesk, string(d.ID), "remove desk "+d.Name, ends, Scope{Desk: d.ID}); err != nil {
			return err
		}
		if fresh {
			d.Name = freed(d.Name, d.ID)
		}
		d.SignIn.SAML, d.SignIn.OIDC = nil, nil
		if d.Removal == provision.RemovalKeeping {
			d.Secret = "" // it is called no more
		}
		if err := tx.SaveDesk(ctx, d); err != nil {
			return err
		}
		sessions, err := tx.EndDeskSessions(ctx, d.ID, s.now())
		if err != nil {
			return err
		}
		entry := s.audit.Entry(c, "", audit.DeskRemoved, string(d.ID))
		entry.Desk, entry.Detail = d.ID, map[string]any{"name": name, "access": access(d.Removal), "desk_sessions": sessions}
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return err
		}
		concerned, err := s.endRules(ctx, tx, c, "", func(r provision.Rule) bool { return r.Desk == d.ID })
		if err != nil || d.Removal == provision.RemovalKeeping {
			return err
		}
		having, err := tx.ConnectionsOn(ctx, d.ID)
		if err != nil {
			return err
		}
		for _, conn := range having {
			concerned[conn] = true
		}
		return s.evaluate(ctx, tx, concerned)
	})
	if err != nil {
		return d, err
	}
	return d, s.letGo(ctx, d.Removal, Scope{Desk: d.ID})
}

// agreed asks for the second admin whom a removal may need that ends the access of
// somebody.
func (s *Service) agreed(ctx context.Context, tx Store, c provision.Cause, kind secondadmin.Kind, id, what string, ends bool, of Scope) error {
	needed, err := s.second.Needed(ctx, tx, c)
	if err != nil || !needed || !ends {
		return err
	}
	having, err := tx.CountAccess(ctx, of)
	if err != nil || len(having) == 0 {
		return err
	}
	var set []string
	for _, a := range having {
		set = append(set, fmt.Sprint(a.Connection, " ", a.Desk, " ", a.People))
	}
	return s.second.Remove(ctx, tx, c, kind, id, what, (&Ends{Access: having}).Accounts(), set)
}

// endRules removes the rules that end, of one connection or with "" of all, and
// returns whose they were.
func (s *Service) endRules(ctx context.Context, tx Store, c provision.Cause, conn provision.ConnectionID, ends func(provision.Rule) bool) (map[provision.ConnectionID]bool, error) {
	rules, err := tx.Rules(ctx, conn)
	concerned := make(map[provision.ConnectionID]bool)
	for _, r := range rules {
		if !ends(r) {
			continue
		}
		concerned[r.Connection] = true
		if err := s.settings.DeleteRuleIn(ctx, tx, c, r); err != nil {
			return nil, err
		}
	}
	return concerned, err
}

// evaluate has everybody of connections evaluated.
func (s *Service) evaluate(ctx context.Context, tx Store, connections map[provision.ConnectionID]bool) error {
	for _, conn := range slices.Sorted(maps.Keys(connections)) {
		if err := s.entitlement.MarkDirty(ctx, tx, conn, ""); err != nil {
			return err
		}
	}
	return nil
}

// letGo reconciles the accounts of what is removed that are on hold, a batch at a
// time: an admin has said what is meant. What it leaves because it is cut short,
// [Service.Finish] does.
func (s *Service) letGo(ctx context.Context, how provision.Removal, of Scope) error {
	if how != provision.RemovalEnding {
		return nil
	}
	for {
		n := 0
		err := s.inTx(ctx, func(tx Store) error {
			onHold, err := tx.AccountsWhere(ctx, provision.AccountFilter{Connection: of.Connection, Desk: of.Desk, State: provision.AccountOnHold}, batch)
			if n = len(onHold); err != nil {
				return err
			}
			return s.entitlement.Requeue(ctx, tx, onHold)
		})
		if err != nil || n < batch {
			return err
		}
	}
}

// RemoveConnection removes a connection. Its rules, tokens, sessions, domains and
// settings of signing in end now: nobody is pushed or signs in through it from
// here on. Its people's access ends on the desks first, and then nothing is left
// of it; with keep, or when that was begun and cannot come to an end, what they
// have on the desks stays there. It may need a second admin as [Service.RemoveDesk] does.
func (s *Service) RemoveConnection(ctx context.Context, c provision.Cause, id provision.ConnectionID, keep bool) (conn provision.Connection, _ error) {
	err := secondadmin.InTx(ctx, s.inTx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		var err error
		if conn, err = tx.LockConnection(ctx, id); err != nil {
			return err
		}
		name := conn.Name
		fresh := conn.Removal == provision.RemovalNone
		if conn.Removal, err = how(conn.Removal, keep); err != nil {
			return err
		}
		if err := s.agreed(ctx, tx, c, secondadmin.KindRemoveConnection, string(conn.ID), "remove connection "+conn.Name, conn.Removal == provision.RemovalEnding, Scope{Connection: conn.ID}); err != nil {
			return err
		}
		if fresh {
			conn.Name = freed(conn.Name, conn.ID)
		}
		conn.Domains, conn.JWT, conn.SignIn = nil, nil, provision.SignIn{Disabled: true}
		conn.HeldAt, conn.ReleasedAt = nil, new(s.now())
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		if err := s.closeDoors(ctx, tx, c, conn.ID); err != nil {
			return err
		}
		entry := s.audit.Entry(c, conn.ID, audit.ConnectionRemoved, string(conn.ID))
		entry.Detail = map[string]any{"name": name, "access": access(conn.Removal)}
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return err
		}
		concerned, err := s.endRules(ctx, tx, c, conn.ID, func(provision.Rule) bool { return true })
		if err != nil || conn.Removal == provision.RemovalKeeping {
			return err
		}
		concerned[conn.ID] = true
		return s.evaluate(ctx, tx, concerned)
	})
	if err != nil {
		return conn, err
	}
	return conn, s.letGo(ctx, conn.Removal, Scope{Connection: conn.ID})
}

// closeDoors ends all by which somebody comes in through a connection.
func (s *Service) closeDoors(ctx context.Context, tx Store, c provision.Cause, id provision.ConnectionID) error {
	tokens, err := tx.Tokens(ctx, id)
	if err != nil {
		return err
	}
	if err := s.tokens.RevokeIn(ctx, tx, c, tokens); err != nil {
		return err
	}
	claims, err := tx.DomainClaims(ctx, id)
	if err != nil {
		return err
	}
	for _, d := range claims {
		if err := tx.DeleteDomainClaim(ctx, id, d.Domain); err != nil {
			return err
		}
	}
	return s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Connection: id}, provision.EndedByAdmin)
}
