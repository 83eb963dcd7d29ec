package store

import (
	"github.com/deskbridge/deskbridge/provision"
)

// order returns what follows ORDER BY. Absent values are the greatest: last
// when ascending, first when descending (RFC 7644 §3.4.2.3). Equal ones are in
// order of id.
func (c *compiler) order(sc *scope, q provision.Query) (fragment, error) {
	id := sc.columns["id"].(text).exact
	direction := " ASC NULLS LAST, "
	if q.Descending {
		direction = " DESC NULLS FIRST, "
	}
	if len(q.SortBy) == 0 || pathKey(q.SortBy) == "id" {
		if q.Descending {
			return frag(id + " DESC"), nil
		}
		return frag(id), nil
	}
	key, err := c.sortKey(sc, q.SortBy)
	return join(key, frag(direction+id)), err
}

// sortKey returns the expression to sort by: NULL where the attribute is
// absent, folded where letter case does not matter, and of a multi-valued
// attribute the primary value, else the first.
func (c *compiler) sortKey(sc *scope, path provision.Path) (fragment, error) {
	if col, ok := sc.columns[pathKey(path)]; ok {
		return frag(sortColumn(col)), nil
	}
	if rows, sub, ok := sc.rowsAt(path); ok {
		col, ok := rows.columns[pathKey(sub)].(text)
		if !ok {
			return fragment{}, provision.Errorf(provision.Invalid, "sortBy", "cannot sort by %s", pathKey(path))
		}
		return frag("(SELECT " + sortColumn(col) + " FROM " + rows.from + " WHERE " + rows.owner + " = " + rows.key +
			" ORDER BY " + rows.order + " LIMIT 1)"), nil
	}
	keys := bindIDs(path)
	if c.dialect == Postgres {
		return frag(`deskbridge_sort_key(`+string(sc.document.(tableDocument))+`.`+c.sql.document+`, ?::jsonb) COLLATE "C"`, keys), nil
	}
	return frag(`deskbridge_sort_key(`+string(sc.document.(tableDocument))+`.`+c.sql.document+`, ?)`, keys), nil
}

func sortColumn(v value) string {
	switch v := v.(type) {
	case text:
		key := v.exact
		switch {
		case v.folded != "":
			key = v.folded
		case v.fold:
			key = "deskbridge_fold(" + v.exact + ")"
		}
		if v.optional {
			return "nullif(" + key + ", '')"
		}
		return key
	case flag:
		return "CASE WHEN " + v.yes + " THEN 1 ELSE 0 END"
	case instant:
		return v.column
	}
	return "NULL"
}
