package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// Two people, or two groups, may have come to one name when names began to be
// compared by width and Unicode form: see 00027_names.sql. The later is a
// namesake: found by id, in lists, and by [Store.FindPeople], and by its name as
// soon as that is free. Hardly any database has one, and none gets any more; so
// nothing is asked of the others.

// namesakeMark stands between the folded name of a namesake and its id.
const namesakeMark = "\x1f"

// behindNamesakes is the first text, by bytes, behind all that a mark follows.
const behindNamesakes = "\x20"

// foldedTable is a table with names that are one's only.
type foldedTable struct{ table, column, there string }

var (
	foldedPeople = foldedTable{identityTable, "user_name_folded", "status <> 'removed'"}
	foldedGroups = foldedTable{"groups", "display_name_folded", "id IS NOT NULL"}
)

// findNamesakes looks whether there are namesakes, and tells who they are: an admin
// has to rename one of the two at the identity provider.
func (s *Store) findNamesakes(ctx context.Context, tell func(what, id, connection string)) error {
	found := false
	for what, t := range map[string]foldedTable{"person": foldedPeople, "group": foldedGroups} {
		err := s.each(ctx, `SELECT t.id, c.name FROM namesakes n JOIN `+t.table+` t ON t.id = n.id JOIN connections c ON c.id = t.connection_id
			WHERE t.`+t.there+` AND t.`+t.column+` LIKE '%' || $1 || t.id ORDER BY t.id`, []any{namesakeMark}, func(row scanner) error {
			var id, connection string
			err := row.Scan(&id, &connection)
			tell(what, id, connection)
			found = true
			return err
		})
		if err != nil {
			return fmt.Errorf("store: namesakes: %w", err)
		}
	}
	s.namesakes.Store(found)
	return nil
}

// heedNamesakes runs save, which writes the row with that id and the folded name
// that key points to, or removes it. A namesake keeps its mark for as long as it
// has the name, and a name that becomes free is its oldest namesake's.
func (s *Store) heedNamesakes(ctx context.Context, t foldedTable, connection, id string, key *string, removes bool, save func(*Store) error) error {
	if !s.namesakes.Load() {
		return save(s)
	}
	return s.InTx(ctx, func(tx *Store) error {
		was := ""
		if err := tx.each(ctx, `SELECT `+t.column+` FROM `+t.table+` WHERE id = $1 AND `+t.there, []any{id}, func(row scanner) error { return row.Scan(&was) }); err != nil {
			return err
		}
		if was == *key+namesakeMark+id && !removes {
			*key = was
		}
		if err := save(tx); err != nil || was == "" || was == *key && !removes {
			return err
		}
		return tx.do(ctx, "name", func(db *gorm.DB) *gorm.DB {
			return db.Exec(`UPDATE `+t.table+` SET `+t.column+` = ? WHERE id = (SELECT min(id) FROM `+t.table+` WHERE connection_id = ? AND `+
				t.column+` > ? AND `+t.column+` < ? AND `+t.there+`)`, was, connection, was+namesakeMark, was+behindNamesakes)
		})
	})
}
