package store

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// toTerms returns terms as they are stored: NULL for those that say nothing.
func toTerms(t provision.Terms) (*string, error) {
	if t.Empty() {
		return nil, nil
	}
	text, err := toJSON(t)
	return &text, err
}

// SaveTerms implements [terms.Store].
func (s *Store) SaveTerms(ctx context.Context, id provision.IdentityID, t provision.Terms, due *time.Time) error {
	if t.Block != nil {
		if err := checkText("reason", t.Block.Reason); err != nil {
			return err
		}
	}
	text, err := toTerms(t)
	if err != nil {
		return err
	}
	return missing(s.write(ctx).Model(&identityRow{}).Where("id = ?", string(id)).
		UpdateColumns(map[string]any{"terms": text, "terms_due": fromTimePtr(due)}), "user")
}

// DueTerms implements [terms.Store].
func (s *Store) DueTerms(ctx context.Context, at time.Time, limit int) ([]provision.Identity, error) {
	return s.findIdentities(s.read(ctx).Where("terms_due <= ?", fromTime(at)).Order("terms_due").Limit(limit), identityColumns)
}

// PeopleWithTerms implements [plan.Store].
func (s *Store) PeopleWithTerms(ctx context.Context, before time.Time) ([]provision.Identity, error) {
	return s.findIdentities(s.read(ctx).Where(`terms IS NOT NULL AND (terms LIKE '%"block":{%' OR terms LIKE '%"until":{%' OR terms LIKE '%"away":{%'
		OR terms LIKE '%"unread":true%' OR terms_due < ?)`, fromTime(before)).Order("id"), identityColumns)
}

// IdlePeople implements [seat.Store].
func (s *Store) IdlePeople(ctx context.Context) ([]provision.Identity, error) {
	return s.findIdentities(s.read(ctx).Where(`terms IS NOT NULL AND terms LIKE '%"idle":[%'`).Order("id"), identityColumns)
}

// DueRules implements [terms.Store].
func (s *Store) DueRules(ctx context.Context, at time.Time) ([]provision.Rule, error) {
	var rows []ruleRow
	if err := s.read(ctx).Where("until_due <= ?", fromTime(at)).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, ruleRow.rule)
}

// RuleSeen implements [terms.Store].
func (s *Store) RuleSeen(ctx context.Context, id provision.RuleID) error {
	return missing(s.write(ctx).Model(&ruleRow{}).Where("id = ?", string(id)).UpdateColumn("until_due", nil), "rule")
}

// OverdueApprovals implements [approval.Store].
func (s *Store) OverdueApprovals(ctx context.Context, at time.Time, limit int) ([]provision.Account, error) {
	return findAccounts(s.read(ctx).Where("approval_due <= ?", fromTime(at)).Order("approval_due, id").Limit(limit))
}

// UnreadEnds implements [terms.Store].
func (s *Store) UnreadEnds(ctx context.Context) ([]provision.Connection, error) {
	var rows []connectionRow
	if err := s.read(ctx).Where("valid_until <> valid_until_read").Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.connection)
}

// EndsRead implements [terms.Store].
func (s *Store) EndsRead(ctx context.Context, c provision.ConnectionID, attribute string) error {
	return s.write(ctx).Model(&connectionRow{}).Where("id = ?", string(c)).UpdateColumn("valid_until_read", attribute).Error
}
