package sqlfilter

import (
	"encoding/json"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// Order returns what follows ORDER BY for q.SortBy and q.Descending. Absent
// values are the greatest: last when ascending, first when descending (RFC 7644
// §3.4.2.3). Equal ones are in order of id. An attribute that nothing can be
// sorted by is Invalid, about [provision.ParameterSortBy].
func Order(d Dialect, sc *Scope, q provision.Query) (Fragment, error) {
	id := sc.columns["id"].(text).exact
	direction := " ASC NULLS LAST, "
	if q.Descending {
		direction = " DESC NULLS FIRST, "
	}
	if len(q.SortBy) == 0 || pathKey(q.SortBy) == "id" {
		if q.Descending {
			return Frag(id + " DESC"), nil
		}
		return Frag(id), nil
	}
	key, err := SortKey(d, sc, q.SortBy)
	return Join(key.Fragment, Frag(direction+id)), err
}

// Key is an expression to sort by: text, or with Number a whole number. NULL
// stands for an absent value.
type Key struct {
	Fragment
	Number   bool
	Required bool // every resource has one
}

// SortKey returns the expression to sort by: NULL where the attribute is
// absent, folded where letter case does not matter, and of a multi-valued
// attribute the primary value, else the first. Errors are as with [Order].
func SortKey(d Dialect, sc *Scope, path provision.Path) (Key, error) {
	key, err := sortKey(d, sc, path)
	if err != nil {
		return Key{}, err
	}
	switch col := sc.columns[pathKey(path)].(type) {
	case flag, instant:
		return Key{key, true, true}, nil
	case text:
		return Key{key, false, !col.optional}, nil
	}
	return Key{key, false, false}, nil
}

func sortKey(d Dialect, sc *Scope, path provision.Path) (Fragment, error) {
	if col, ok := sc.columns[pathKey(path)]; ok {
		return Frag(sortColumn(col)), nil
	}
	if rows, sub, ok := sc.rowsAt(path); ok {
		col, ok := rows.columns[pathKey(sub)].(text)
		if !ok {
			return Fragment{}, provision.Unusable(provision.ParameterSortBy, "cannot sort by %s", pathKey(path))
		}
		return Frag("(SELECT " + sortColumn(col) + " FROM " + rows.from + " WHERE " + rows.owner + " = " + rows.key +
			" ORDER BY " + rows.order + " LIMIT 1)"), nil
	}
	keys := keyList(path)
	if d.postgres {
		return Frag(`deskbridge_sort_key(`+string(sc.document.(tableDocument))+`.`+d.document+`, ?::jsonb) COLLATE "C"`, keys), nil
	}
	return Frag(`deskbridge_sort_key(`+string(sc.document.(tableDocument))+`.`+d.document+`, ?)`, keys), nil
}

// keyList returns the keys of a path as a JSON array, those left out that no
// document has: PostgreSQL refuses their characters.
func keyList(path provision.Path) string {
	keys := slices.DeleteFunc(slices.Clone(path), func(key string) bool { return !storable(key) })
	if len(keys) == 0 {
		return "[]"
	}
	list, _ := json.Marshal(keys) // strings always encode
	return string(list)
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
