package store

import (
	"context"
	"encoding/json"
	"errors"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/settings"
)

type deskUnitRow struct {
	DeskID string `gorm:"primaryKey"`
	Kind   string `gorm:"primaryKey"`
	Folded string `gorm:"primaryKey"`
	Name   string
	UnitID string
	Shown  string
	Other  string
	At     int64
}

func (deskUnitRow) TableName() string { return "desk_units" }

// KnownUnits implements [deskhealth.Store].
func (s *Store) KnownUnits(ctx context.Context, d provision.DeskID) ([]deskhealth.KnownUnit, error) {
	query := s.read(ctx).Order("desk_id, kind, folded")
	if d != "" {
		query = query.Where("desk_id = ?", string(d))
	}
	var rows []deskUnitRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row deskUnitRow) (deskhealth.KnownUnit, error) {
		return deskhealth.KnownUnit{Desk: provision.DeskID(row.DeskID), Kind: provision.UnitKind(row.Kind), Name: row.Name,
			ID: row.UnitID, Shown: row.Shown, Other: row.Other, At: toTime(row.At)}, nil
	})
}

// SaveKnownUnit implements [deskhealth.Store].
func (s *Store) SaveKnownUnit(ctx context.Context, u deskhealth.KnownUnit) error {
	row := deskUnitRow{DeskID: string(u.Desk), Kind: string(u.Kind), Folded: provision.Fold(u.Name), Name: u.Name, UnitID: u.ID, Shown: u.Shown, Other: u.Other, At: fromTime(u.At)}
	conflict := clause.OnConflict{Columns: []clause.Column{{Name: "desk_id"}, {Name: "kind"}, {Name: "folded"}}, UpdateAll: true}
	return translate(s.write(ctx).Clauses(conflict).Create(&row).Error, "desk unit")
}

// DeleteKnownUnit implements [deskhealth.Store].
func (s *Store) DeleteKnownUnit(ctx context.Context, d provision.DeskID, k provision.UnitKind, name string) error {
	return s.write(ctx).Where("desk_id = ? AND kind = ? AND folded = ?", string(d), string(k), provision.Fold(name)).Delete(&deskUnitRow{}).Error
}

// NamesOfAccounts implements [deskhealth.Store].
func (s *Store) NamesOfAccounts(ctx context.Context, d provision.DeskID) (named map[provision.UnitKind][]string, _ error) {
	var rows []accountRow
	if err := s.read(ctx).Select("DISTINCT CAST(wanted AS TEXT) AS wanted, CAST(granted AS TEXT) AS granted").Where("desk_id = ?", string(d)).Find(&rows).Error; err != nil {
		return nil, err
	}
	named = make(map[provision.UnitKind][]string)
	for _, row := range rows {
		var desired, confirmed provision.Access
		if err := errors.Join(json.Unmarshal([]byte(row.Desired), &desired), json.Unmarshal([]byte(row.Confirmed), &confirmed)); err != nil {
			return nil, err
		}
		for _, a := range []provision.Access{desired, confirmed} {
			named[provision.UnitTeam] = append(named[provision.UnitTeam], a.Teams...)
			named[provision.UnitMailbox] = append(named[provision.UnitMailbox], a.Mailboxes...)
			named[provision.UnitRole] = append(named[provision.UnitRole], a.DeskRoles...)
		}
	}
	for kind, names := range named {
		named[kind] = provision.Sorted(names)
	}
	return named, nil
}

// MeantUnits implements [settings.Store].
func (s *Store) MeantUnits(ctx context.Context, d provision.DeskID) ([]settings.Meant, error) {
	known, err := s.KnownUnits(ctx, d)
	if err != nil {
		return nil, err
	}
	return convert(known, func(u deskhealth.KnownUnit) (settings.Meant, error) {
		return settings.Meant{Kind: u.Kind, Name: u.Name, Shown: u.Shown}, nil
	})
}
