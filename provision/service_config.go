package provision

import (
	"context"
	"slices"
)

// AddConnection makes a connection with its first token, and returns both; the
// token's text can be seen only now.
func (s *Service) AddConnection(ctx context.Context, c Cause, conn Connection) (Connection, string, error) {
	if err := validateConnection(&conn); err != nil {
		return Connection{}, "", err
	}
	var secret string
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil { // one at a time: a domain has one owner
			return err
		}
		conn.ID, conn.CreatedAt = NewID[ConnectionID](), s.now()
		if err := freeDomains(ctx, tx, conn); err != nil {
			return err
		}
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		if err := s.record(ctx, tx, s.entry(c, conn.ID, "connection.created", string(conn.ID))); err != nil {
			return err
		}
		var err error
		_, secret, err = s.createToken(ctx, tx, c, conn.ID, TokenDraft{Name: "first"})
		return err
	})
	return conn, secret, err
}

func validateConnection(conn *Connection) error {
	if err := ValidateName("name", conn.Name); err != nil {
		return err
	}
	if slices.Contains(reservedNames, conn.Name) {
		return Errorf(Invalid, "name", "%q is reserved; choose another name", conn.Name)
	}
	if !slices.Contains(IdPs, conn.IdP) {
		return Errorf(Invalid, "idp", "unknown idp %q; use one of %v", conn.IdP, IdPs)
	}
	domains := make([]string, len(conn.Domains))
	for i, d := range conn.Domains {
		var err error
		if domains[i], err = normalDomain(d); err != nil {
			return err
		}
	}
	conn.Domains = sorted(domains)
	if err := conn.JWT.Validate(); err != nil {
		return err
	}
	return conn.SignIn.Validate()
}

// Connection returns the connection with this name or id.
func (s *Service) Connection(ctx context.Context, nameOrID string) (Connection, error) {
	return s.store.Connection(ctx, nameOrID)
}

// Connections returns all connections, by name.
func (s *Service) Connections(ctx context.Context) ([]Connection, error) {
	return s.store.Connections(ctx)
}

// ReleaseConnection lets go what the mass-change brake holds: every held
// account is visited, and access that ends from now on is counted anew. It
// returns how many accounts that are.
func (s *Service) ReleaseConnection(ctx context.Context, c Cause, nameOrID string) (released int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		conn, err := tx.Connection(ctx, nameOrID)
		if err != nil {
			return err
		}
		if conn, err = tx.LockConnection(ctx, conn.ID); err != nil {
			return err
		}
		now := s.now()
		conn.HeldAt, conn.ReleasedAt = nil, &now
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		held, err := tx.AccountsWhere(ctx, AccountFilter{Connection: conn.ID, State: AccountHeld}, 0)
		if err != nil {
			return err
		}
		released = len(held)
		if err := s.wake(ctx, tx, held); err != nil {
			return err
		}
		entry := s.entry(c, conn.ID, "brake.released", string(conn.ID))
		entry.Detail = map[string]any{"accounts": released}
		return s.record(ctx, tx, entry)
	})
	return released, err
}

// wake makes accounts due for a visit now. The revision grows even where one is
// due: a visit that is under way has looked already, and must not have the last
// word.
func (s *Service) wake(ctx context.Context, tx Store, accounts []Account) error {
	jobs := make([]Job, 0, len(accounts))
	for i := range accounts {
		a, err := tx.LockAccount(ctx, accounts[i].ID)
		if err != nil {
			return err
		}
		a.State, a.Reason, a.Attempts, a.RetryAt, a.UpdatedAt = AccountWaiting, "", 0, nil, s.now()
		a.Revision++
		accounts[i] = a
		jobs = append(jobs, Job{Kind: JobVisit, Account: a.ID, Urgent: a.Wanted.Status != AccessActive})
	}
	if len(jobs) == 0 {
		return nil
	}
	if err := tx.SaveAccounts(ctx, accounts); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs...)
}

// AddDesk makes a desk.
func (s *Service) AddDesk(ctx context.Context, c Cause, d Desk) (Desk, error) {
	if err := d.Validate(); err != nil {
		return Desk{}, err
	}
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil { // one at a time: a client_id has one owner
			return err
		}
		d.ID, d.CreatedAt = NewID[DeskID](), s.now()
		if err := freeClientID(ctx, tx, d); err != nil {
			return err
		}
		if err := tx.SaveDesk(ctx, d); err != nil {
			return err
		}
		entry := s.entry(c, "", "desk.created", string(d.ID))
		entry.Desk = d.ID
		return s.record(ctx, tx, entry)
	})
	return d, err
}

// Desk returns the desk with this name or id.
func (s *Service) Desk(ctx context.Context, nameOrID string) (Desk, error) {
	return s.store.Desk(ctx, nameOrID)
}

// Desks returns all desks, by name.
func (s *Service) Desks(ctx context.Context) ([]Desk, error) { return s.store.Desks(ctx) }

// Rules returns the rules of a connection, or with "" all.
func (s *Service) Rules(ctx context.Context, conn ConnectionID) ([]Rule, error) {
	return s.store.Rules(ctx, conn)
}

// AddRule makes a rule, and has everybody of its connection evaluated.
func (s *Service) AddRule(ctx context.Context, c Cause, r Rule) (Rule, error) {
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		var err error
		if r, err = s.saveRule(ctx, tx, c, r); err != nil {
			return err
		}
		return s.markDirty(ctx, tx, r.Connection, "")
	})
	return r, err
}

// saveRule makes a rule and binds it to its group; rules are locked.
func (s *Service) saveRule(ctx context.Context, tx Store, c Cause, r Rule) (Rule, error) {
	r.ID, r.Teams, r.Mailboxes = NewID[RuleID](), sorted(r.Teams), sorted(r.Mailboxes)
	if err := r.Validate(); err != nil {
		return Rule{}, err
	}
	rules, err := tx.Rules(ctx, r.Connection)
	if err != nil {
		return Rule{}, err
	}
	if slices.ContainsFunc(rules, r.sameText) {
		return Rule{}, Errorf(Conflict, "rule", "there is already a rule that says just this (%s); `deskbridge rule list` shows it", r)
	}
	if r, err = bindRule(ctx, tx, r); err != nil {
		return Rule{}, err
	}
	if err := tx.SaveRule(ctx, r); err != nil {
		return Rule{}, err
	}
	return r, s.record(ctx, tx, s.ruleEntry(c, r, "rule.created"))
}

// bindRule binds r to the group that it names, when there is one.
func bindRule(ctx context.Context, store Store, r Rule) (Rule, error) {
	if r.Group == "" {
		return r, nil
	}
	g, err := store.GroupByName(ctx, r.Connection, r.Group)
	if err != nil && !isNotFound(err) {
		return Rule{}, err
	}
	r.GroupID = ""
	if err == nil && sameWord(r.Group, g.DisplayName) {
		r.GroupID = g.ID
	}
	return r, nil
}

// RemoveRule deletes a rule, and has everybody of its connection evaluated.
func (s *Service) RemoveRule(ctx context.Context, c Cause, id RuleID) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		rules, err := tx.Rules(ctx, "")
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
		if at < 0 {
			return Errorf(NotFound, "rule", "there is no rule %q; `deskbridge rule list` shows them", clip(string(id)))
		}
		if err := s.deleteRule(ctx, tx, c, rules[at]); err != nil {
			return err
		}
		return s.markDirty(ctx, tx, rules[at].Connection, "")
	})
}

func (s *Service) deleteRule(ctx context.Context, tx Store, c Cause, r Rule) error {
	if err := tx.DeleteRule(ctx, r.ID); err != nil {
		return err
	}
	return s.record(ctx, tx, s.ruleEntry(c, r, "rule.removed"))
}

func (s *Service) ruleEntry(c Cause, r Rule, action string) Entry {
	e := s.entry(c, r.Connection, action, string(r.ID))
	e.Desk = r.Desk
	e.Detail = map[string]any{"when": r.String(), "role": r.Role, "teams": r.Teams, "mailboxes": r.Mailboxes}
	return e
}
