package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

type ruleRow struct {
	ID           string `gorm:"primaryKey"`
	ConnectionID string
	DeskID       string
	GroupName    string
	GroupID      string
	Attribute    string
	Equals       string
	Role         string
	Teams        string
	Mailboxes    string
	Until        *int64
	UntilDue     *int64 // Until, for as long as it has not passed, and been seen to
	DeskRoles    string
}

func (ruleRow) TableName() string { return "rules" }

func newRuleRow(r provision.Rule) ruleRow {
	return ruleRow{
		ID:           string(r.ID),
		ConnectionID: string(r.Connection),
		DeskID:       string(r.Desk),
		GroupName:    r.Group,
		GroupID:      string(r.GroupID),
		Attribute:    r.Attribute,
		Equals:       r.Equals,
		Role:         string(r.Role),
		Teams:        toList(r.Teams),
		Mailboxes:    toList(r.Mailboxes),
		Until:        fromTimePtr(r.Until),
		UntilDue:     fromTimePtr(r.Until),
		DeskRoles:    toList(r.DeskRoles),
	}
}

func (row ruleRow) rule() (provision.Rule, error) {
	teams, err1 := fromList(row.Teams)
	mailboxes, err2 := fromList(row.Mailboxes)
	roles, err3 := fromList(row.DeskRoles)
	if err := errors.Join(err1, err2, err3); err != nil {
		return provision.Rule{}, fmt.Errorf("store: rule %s: %w", row.ID, err)
	}
	return provision.Rule{
		ID:         provision.RuleID(row.ID),
		Connection: provision.ConnectionID(row.ConnectionID),
		Desk:       provision.DeskID(row.DeskID),
		Group:      row.GroupName,
		GroupID:    provision.GroupID(row.GroupID),
		Attribute:  row.Attribute,
		Equals:     row.Equals,
		Role:       provision.Role(row.Role),
		Teams:      teams,
		Mailboxes:  mailboxes,
		Until:      toTimePtr(row.Until),
		DeskRoles:  roles,
	}, nil
}

// Rules implements [entitlement.Store].
func (s *Store) Rules(ctx context.Context, c provision.ConnectionID) ([]provision.Rule, error) {
	s.order.note(rankRules, rulesShared)
	if s.pg != nil && c != "" {
		var rules []provision.Rule
		err := s.pg.send(ctx, s.readRules(c, &rules)...)
		return rules, err
	}
	if err := s.advisoryLock(ctx, lockRules, true); err != nil {
		return nil, err
	}
	query := s.read(ctx).Order("id")
	if c != "" {
		query = query.Where("connection_id = ?", string(c))
	}
	var rows []ruleRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, ruleRow.rule)
}

// LockRules implements [directory.Store].
func (s *Store) LockRules(ctx context.Context) error {
	s.order.note(rankRules, rulesExclusive)
	return s.advisoryLock(ctx, lockRules, false)
}

// SaveRule implements [directory.Store].
func (s *Store) SaveRule(ctx context.Context, r provision.Rule) error {
	row := newRuleRow(r)
	// An end that has been seen to stays so; it is that of the rule for good.
	kept := clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{
		"connection_id", "desk_id", "group_name", "group_id", "attribute", "equals", "role", "teams", "mailboxes", "until"})}
	return translate(s.write(ctx).Clauses(kept).Create(&row).Error, "rule")
}

// DeleteRule implements [settings.Store].
func (s *Store) DeleteRule(ctx context.Context, id provision.RuleID) error {
	return missing(s.write(ctx).Where("id = ?", string(id)).Delete(&ruleRow{}), "rule")
}
