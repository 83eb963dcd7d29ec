package settings

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Rules returns the rules of a connection, or with "" all.
func (s *Service) Rules(ctx context.Context, conn provision.ConnectionID) ([]provision.Rule, error) {
	return s.store.Rules(ctx, conn)
}

// AddRule makes a rule, and has everybody of its connection evaluated. It asks
// the desk first whether it has what the rule names; see [Service.CheckRules].
func (s *Service) AddRule(ctx context.Context, c provision.Cause, r provision.Rule) (_ provision.Rule, warnings []string, _ error) {
	desk, err := s.store.Desk(ctx, string(r.Desk))
	if err == nil {
		err = s.notEnded(r)
	}
	if err != nil {
		return r, nil, err
	}
	if warnings, err = s.CheckRules(ctx, desk, []provision.Rule{r}); err != nil {
		return r, nil, err
	}
	r, err = s.AddRuleUnchecked(ctx, c, r)
	return r, warnings, err
}

// AddRuleUnchecked is AddRule without asking the desk, for an admin who knows
// that the desk will have what the rule names.
func (s *Service) AddRuleUnchecked(ctx context.Context, c provision.Cause, r provision.Rule) (provision.Rule, error) {
	if err := s.notEnded(r); err != nil {
		return r, err
	}
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		var err error
		if r, err = s.SaveRuleIn(ctx, tx, c, r); err != nil {
			return err
		}
		return s.entitlement.MarkChanged(ctx, tx, r.Connection, "new rule on "+r.String()+" by "+c.Who())
	})
	return r, err
}

// notEnded refuses a new rule that would grant nothing. In a file one may stay.
func (s *Service) notEnded(r provision.Rule) error {
	if r.Ended(s.now()) {
		return provision.Errorf(provision.Invalid, "until", "%s has passed: the rule would grant nothing", provision.LastDay(*r.Until))
	}
	return nil
}

// SaveRuleIn makes a rule and binds it to its group; rules are locked.
func (s *Service) SaveRuleIn(ctx context.Context, tx Store, c provision.Cause, r provision.Rule) (provision.Rule, error) {
	r.ID = provision.NewID[provision.RuleID]()
	r.Sort()
	if err := r.Validate(); err != nil {
		return provision.Rule{}, err
	}
	if err := s.there(ctx, tx, r); err != nil {
		return provision.Rule{}, err
	}
	rules, err := tx.Rules(ctx, r.Connection)
	if err != nil {
		return provision.Rule{}, err
	}
	if slices.ContainsFunc(rules, r.SameText) {
		return provision.Rule{}, provision.Errorf(provision.Conflict, "rule", "there is already a rule that says just this (%s); `deskbridge rule list` shows it", r)
	}
	if err := oneName(ctx, tx, r); err != nil {
		return provision.Rule{}, err
	}
	if r, err = entitlement.BindRule(ctx, tx, r); err != nil {
		return provision.Rule{}, err
	}
	if err := tx.SaveRule(ctx, r); err != nil {
		return provision.Rule{}, err
	}
	return r, s.audit.Record(ctx, tx, ruleEntry(s.audit, c, r, audit.RuleCreated))
}

// oneName refuses a rule that names a renamed team or mailbox otherwise than others
// do; see [Units.Mixed].
func oneName(ctx context.Context, tx Store, r provision.Rule) error {
	units := Units{}
	var err error
	if units.Meant, err = tx.MeantUnits(ctx, r.Desk); err != nil || !units.renamed() {
		return err
	}
	rules, err := tx.Rules(ctx, "")
	if err != nil {
		return err
	}
	rules = slices.DeleteFunc(rules, func(o provision.Rule) bool { return o.Desk != r.Desk })
	if mixed := units.Mixed(r, append(rules, r)); len(mixed) > 0 {
		return provision.Errorf(provision.Conflict, "rule", "%s", strings.Join(mixed, "\n"))
	}
	return nil
}

// there refuses a rule about a connection or desk that is being removed, and one
// that the desk could never follow.
func (s *Service) there(ctx context.Context, tx Store, r provision.Rule) error {
	conn, err := tx.Connection(ctx, string(r.Connection))
	if err != nil {
		return err
	}
	desk, err := tx.Desk(ctx, string(r.Desk))
	if err != nil {
		return err
	}
	_, wrong := s.CheckRule(desk, r)
	return provision.AllOf(conn.Removal.Refuse("connection "+conn.Name), desk.Removal.Refuse("desk "+desk.Name), wrong)
}

// RemoveRule deletes a rule, and has everybody of its connection evaluated.
func (s *Service) RemoveRule(ctx context.Context, c provision.Cause, id provision.RuleID) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		rules, err := tx.Rules(ctx, "")
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rules, func(r provision.Rule) bool { return r.ID == id })
		if at < 0 {
			return provision.Errorf(provision.NotFound, "rule", "there is no rule %q; `deskbridge rule list` shows them", provision.Clip(string(id)))
		}
		if err := s.DeleteRuleIn(ctx, tx, c, rules[at]); err != nil {
			return err
		}
		return s.entitlement.MarkChanged(ctx, tx, rules[at].Connection, "removal of the rule on "+rules[at].String()+" by "+c.Who())
	})
}

// DeleteRuleIn deletes a rule in somebody else's transaction; rules are locked.
func (s *Service) DeleteRuleIn(ctx context.Context, tx Store, c provision.Cause, r provision.Rule) error {
	if err := tx.DeleteRule(ctx, r.ID); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, ruleEntry(s.audit, c, r, audit.RuleRemoved))
}

func ruleEntry(log *audit.Service, c provision.Cause, r provision.Rule, action provision.Action) provision.Entry {
	e := log.Entry(c, r.Connection, action, string(r.ID))
	e.Desk = r.Desk
	e.Detail = map[string]any{"when": r.String(), "role": r.Role, "teams": r.Teams, "mailboxes": r.Mailboxes}
	if r.Until != nil {
		e.Detail["until"] = provision.FormatUntil(r.Until)
	}
	if len(r.DeskRoles) > 0 {
		e.Detail["desk_roles"] = r.DeskRoles
	}
	return e
}
