package store

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

// accountNameRow says whose a name on a desk is.
type accountNameRow struct {
	DeskID    string `gorm:"primaryKey"`
	Name      string `gorm:"primaryKey"` // folded
	AccountID string
}

func (accountNameRow) TableName() string { return "account_names" }

// TakeNames implements [reconcile.Store].
func (s *Store) TakeNames(ctx context.Context, a provision.Account, names []string) error {
	if err := checkText("names", strings.Join(names, " ")); err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *Store) error {
		if len(names) > 0 {
			rows := make([]accountNameRow, len(names))
			for i, name := range names {
				rows[i] = accountNameRow{DeskID: string(a.Desk), Name: name, AccountID: string(a.ID)}
			}
			// Whoever is about to take one of them is waited for, and then has it.
			if err := tx.write(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error; err != nil {
				return translate(err, "account")
			}
		}
		var own []string
		if err := tx.write(ctx).Model(&accountNameRow{}).Where("account_id = ?", string(a.ID)).Pluck("name", &own).Error; err != nil {
			return err
		}
		have := make(map[string]bool, len(own))
		for _, name := range own {
			have[name] = true
		}
		for _, name := range names {
			if !have[name] {
				return provision.Errorf(provision.Conflict, "names", "another person is called so on this desk")
			}
		}
		if len(own) == len(names) {
			return nil
		}
		lost := tx.write(ctx).Where("account_id = ?", string(a.ID))
		if len(names) > 0 {
			lost = lost.Where("NOT (name "+s.sql.inList+")", toList(names)) // of a handful
		}
		return lost.Delete(&accountNameRow{}).Error
	})
}

// NameHolders implements [reconcile.Store].
func (s *Store) NameHolders(ctx context.Context, d provision.DeskID, names []string) ([]provision.Account, error) {
	if len(names) == 0 || checkText("names", strings.Join(names, " ")) != nil { // nobody is called so
		return nil, nil
	}
	return findAccounts(s.read(ctx).Where("id "+fmt.Sprintf(s.sql.oneOf, "SELECT account_id FROM account_names WHERE desk_id = ? AND name "+s.sql.inList),
		string(d), toList(names)).Order("id"))
}

// AccountOfUser implements [reconcile.Store].
func (s *Store) AccountOfUser(ctx context.Context, d provision.DeskID, user provision.DeskUserID) (provision.Account, error) {
	return takeAccount(s.read(ctx).Where("desk_id = ? AND desk_user = ? AND desk_user <> ''", string(d), string(user)))
}
