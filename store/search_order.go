package store

import (
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

// searchOrder returns what follows ORDER BY: absent keys are the greatest, as
// in [sqlfilter.Order].
func searchOrder(q provision.Search, key sqlfilter.Fragment, id string) sqlfilter.Fragment {
	switch {
	case q.Sorted && q.Descending:
		return sqlfilter.Join(key, sqlfilter.Frag(" DESC NULLS FIRST, "+id))
	case q.Sorted:
		return sqlfilter.Join(key, sqlfilter.Frag(" ASC NULLS LAST, "+id))
	case q.Descending:
		return sqlfilter.Frag(id + " DESC")
	}
	return sqlfilter.Frag(id)
}

// searchBehind returns the condition that a row stands behind q.After in the
// order that [searchOrder] gives.
func searchBehind(q provision.Search, key sqlfilter.Key, id string) sqlfilter.Fragment {
	at := q.After
	bound := "?"
	if key.Number {
		bound = "CAST(? AS BIGINT)"
	}
	absent := "(" + key.SQL + ") IS NULL"
	beside := func(operator string) sqlfilter.Fragment { // the first comparison is for an index
		return sqlfilter.Join(sqlfilter.Frag("(("), key.Fragment, sqlfilter.Frag(") "+operator+"= "+bound+" AND ((", at.Key),
			key.Fragment, sqlfilter.Frag(") "+operator+" "+bound+" OR "+id+" > ?))", at.Key, at.ID))
	}
	switch {
	case !q.Sorted && q.Descending:
		return sqlfilter.Frag(id+" < ?", at.ID)
	case !q.Sorted:
		return sqlfilter.Frag(id+" > ?", at.ID)
	case at.Key == nil && q.Descending:
		return sqlfilter.Frag("("+absent+" AND "+id+" > ? OR NOT "+absent+")", slices.Concat(key.Args, []any{at.ID}, key.Args)...)
	case at.Key == nil:
		return sqlfilter.Frag("("+absent+" AND "+id+" > ?)", append(slices.Clone(key.Args), at.ID)...)
	case q.Descending:
		return beside("<")
	case key.Required:
		return beside(">")
	}
	return sqlfilter.Join(sqlfilter.Frag("("), beside(">"), sqlfilter.Frag(" OR "+absent+")", key.Args...))
}

// fits returns an Invalid error unless p can be a position in an order by text
// or, with number, by numbers. It comes from outside.
func fits(p *provision.Position, number bool) error {
	ok := checkText("", p.ID) == nil
	switch key := p.Key.(type) {
	case nil:
	case string:
		ok = ok && !number && checkText("", key) == nil
	case int64:
		ok = ok && number
	default:
		ok = false
	}
	if !ok {
		return provision.Unusable(provision.ParameterCursor, "The position does not belong to this query.")
	}
	return nil
}

// found reads the rows at spots. One that is gone, or is no longer asked for,
// is left out.
func (s *Store) found(kinds []kind, c provision.ConnectionID, spots []spot) ([]provision.Found, error) {
	byID := make(map[string]provision.Found, len(spots))
	for _, k := range kinds {
		var ids []string
		for _, p := range spots {
			if p.kind == k.name {
				ids = append(ids, p.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		if err := k.read(s, c, ids, byID); err != nil {
			return nil, err
		}
	}
	out := make([]provision.Found, 0, len(spots))
	for _, p := range spots {
		if found, ok := byID[p.ID]; ok {
			out = append(out, found)
		}
	}
	return out, nil
}

// read adds the rows with these ids to byID.
func (k kind) read(s *Store, c provision.ConnectionID, ids []string, byID map[string]provision.Found) error {
	base, err := k.selected(s, c)
	if err != nil {
		return err
	}
	base = base.Where(k.table+".id "+s.sql.inList, toList(ids))
	if k.name == provision.MemberGroup {
		groups, err := findGroups(base)
		for i := range groups {
			byID[string(groups[i].ID)] = provision.Found{Group: &groups[i]}
		}
		return translate(err, "group")
	}
	people, err := s.findIdentities(base, k.columns)
	for i := range people {
		byID[string(people[i].ID)] = provision.Found{Identity: &people[i]}
	}
	return translate(err, "user")
}
