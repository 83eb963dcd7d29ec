package store

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

// eachBatch is how many people EachIdentity reads at a time.
const eachBatch = 500

// columnsOfPeople are what is read of people; see [provision.Query].
func columnsOfPeople(brief, bare bool) string {
	switch {
	case bare:
		return bareColumns
	case brief:
		return briefColumns
	}
	return identityColumns
}

// Identities implements [directory.Store].
func (s *Store) Identities(ctx context.Context, c provision.ConnectionID, q provision.Query) (provision.Page[provision.Identity], error) {
	columns := columnsOfPeople(q.Brief, q.Bare)
	return page(s, live(s.read(ctx).Table(identityTable), c), sqlfilter.People, c, q, func(db *gorm.DB, bytes int) ([]provision.Identity, bool, error) {
		return s.findSome(db, columns, bytes)
	}, s.countPeople(ctx, c, q.Where), s.skipPeople(ctx, c))
}

// Person implements [directory.Store].
func (s *Store) Person(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (found provision.Identity, edges []provision.Edge, _ error) {
	var groups *string
	there := false
	err := s.each(ctx, `SELECT `+briefColumns+`, `+s.sql.groups+` FROM identities
		WHERE identities.connection_id = $1 AND identities.status <> 'removed' AND identities.id = $2`, []any{string(c), string(id)},
		func(row scanner) (err error) {
			there = true
			found, err = scanIdentity(row, &groups)
			return err
		})
	if err == nil && !there {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return provision.Identity{}, nil, translateRead(err, "user")
	}
	edges, nested, err := groupEdges(provision.MemberID(id), groups)
	if nested {
		edges, err = s.Edges(ctx, c, []provision.MemberID{provision.MemberID(id)})
	}
	return found, edges, err
}

// groupEdges reads what [sqlWords].groups gives. nested reports whether the way
// up goes on.
func groupEdges(member provision.MemberID, groups *string) (edges []provision.Edge, nested bool, _ error) {
	if groups == nil {
		return nil, false, nil
	}
	var list [][3]any
	if err := json.Unmarshal([]byte(*groups), &list); err != nil {
		return nil, false, fmt.Errorf("store: groups: %w", err)
	}
	for _, g := range list {
		id, _ := g[0].(string)
		name, _ := g[1].(string)
		edges = append(edges, provision.Edge{Member: member, Group: provision.GroupID(id), GroupName: name})
		nested = nested || g[2] != float64(0)
	}
	return edges, nested, nil
}

// FindPeople implements [directory.Store].
func (s *Store) FindPeople(ctx context.Context, text string) ([]provision.Identity, error) {
	if checkText("", text) != nil {
		return nil, nil // nobody is called that
	}
	return s.findIdentities(s.byAnyName(ctx, text), identityColumns)
}

// byAnyName selects people of any connection by id, name or address. It is a
// UNION, because PostgreSQL would read the whole table for an OR; and goes from
// connection to connection, because that is what the indexes begin with: one
// for those who are there, one for those who were removed.
func (s *Store) byAnyName(ctx context.Context, text string) *gorm.DB {
	const each = `UNION SELECT p.id FROM connections c CROSS JOIN identities p WHERE p.connection_id = c.id AND `
	folded := provision.Fold(text)
	args := []any{text, folded, folded, text, text, folded}
	namesakes := ""
	if s.namesakes.Load() {
		namesakes = each + `p.user_name_folded > ? AND p.user_name_folded < ? AND p.status <> 'removed'`
		args = append(args, folded+namesakeMark, folded+behindNamesakes)
	}
	return s.read(ctx).
		Where(`id IN (SELECT id FROM identities WHERE id = ? `+
			each+`p.user_name_folded = ? AND p.status <> 'removed' `+
			each+`p.user_name_folded = ? AND p.status = 'removed' `+
			each+`p.external_id = ? AND p.external_id <> '' AND p.status <> 'removed' `+
			each+`p.external_id = ? AND p.external_id <> '' AND p.status = 'removed' `+
			`UNION SELECT identity_id FROM identity_emails WHERE value_folded = ? `+namesakes+`)`, args...).
		Order("CASE WHEN status = 'removed' THEN 1 ELSE 0 END, id")
}

// CountActive implements [plan.Store].
func (s *Store) CountActive(ctx context.Context, c provision.ConnectionID) (int, error) {
	n, err := s.countLive(ctx, c)
	if err != nil {
		return 0, err
	}
	var suspended int64
	err = s.read(ctx).Model(&identityRow{}).Where("connection_id = ? AND status = 'suspended'", string(c)).Count(&suspended).Error
	return n - int(suspended), err
}

// EachIdentity implements [plan.Store].
func (s *Store) EachIdentity(ctx context.Context, c provision.ConnectionID, fn func([]provision.Identity) error) error {
	last := provision.IdentityID("")
	for {
		batch, err := s.findIdentities(live(s.read(ctx), c).Where("id > ?", string(last)).Order("id").Limit(eachBatch), identityColumns)
		if err != nil || len(batch) == 0 {
			return err
		}
		if err := fn(batch); err != nil {
			return err
		}
		last = batch[len(batch)-1].ID
	}
}
