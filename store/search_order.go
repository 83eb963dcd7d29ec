package store

import (
	"context"
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

// fewSpots is how many documents are read at once that may be large.
const fewSpots = 8

// found reads the rows at the first spots, until their documents come to so many
// bytes, unless that is 0. read is how many spots these are. A row that is gone,
// or is no longer asked for, is left out.
func (s *Store) found(kinds []kind, c provision.ConnectionID, spots []spot, bytes int) (out []provision.Found, read int, _ error) {
	all, more, err := s.foundAt(kinds, c, spots, bytes)
	if err != nil || !more {
		return all, len(spots), err
	}
	_, full := newFilling(context.Background(), bytes) // rows came in no order: they are read again in theirs
	defer full.stop()
	out = make([]provision.Found, 0, len(spots))
	for read < len(spots) {
		next := spots[read:min(read+fewSpots, len(spots))]
		some, _, err := s.foundAt(kinds, c, next, 0)
		if err != nil {
			return nil, 0, err
		}
		for _, one := range some {
			out = append(out, one)
			if full.add(size(one)) != nil {
				at := func(p spot) bool { return p.ID == idOf(one) }
				return out, read + slices.IndexFunc(next, at) + 1, nil
			}
		}
		read += len(next)
	}
	return out, read, nil
}

// foundAt reads the rows at spots. With more, it has read some only, in no
// order.
func (s *Store) foundAt(kinds []kind, c provision.ConnectionID, spots []spot, bytes int) (out []provision.Found, more bool, _ error) {
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
		if more, err := k.read(s, c, ids, byID, bytes); err != nil || more {
			return nil, more, err
		}
	}
	out = make([]provision.Found, 0, len(spots))
	for _, p := range spots {
		if found, ok := byID[p.ID]; ok {
			out = append(out, found)
		}
	}
	return out, false, nil
}

// read adds the rows with these ids to byID. With more, there are others.
func (k kind) read(s *Store, c provision.ConnectionID, ids []string, byID map[string]provision.Found, bytes int) (more bool, _ error) {
	base, err := k.selected(s, c)
	if err != nil {
		return false, err
	}
	base = base.Where(k.table+".id "+s.sql.inList, toList(ids))
	if k.name == provision.MemberGroup {
		groups, more, err := findSomeGroups(base, bytes)
		for i := range groups {
			byID[string(groups[i].ID)] = provision.Found{Group: &groups[i]}
		}
		return more, translate(err, "group")
	}
	people, more, err := s.findSome(base, k.columns, bytes)
	for i := range people {
		byID[string(people[i].ID)] = provision.Found{Identity: &people[i]}
	}
	return more, translate(err, "user")
}

func idOf(one provision.Found) string {
	if one.Identity != nil {
		return string(one.Identity.ID)
	}
	return string(one.Group.ID)
}

func size(one provision.Found) int {
	if one.Identity != nil {
		return len(one.Identity.Document)
	}
	return len(one.Group.Document)
}
