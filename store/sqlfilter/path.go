package sqlfilter

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// Scope is one kind of resource: it says where the attributes are that an
// expression names.
type Scope struct {
	columns  columns
	rows     map[string]*rowSet // by path
	document value              // where all others are; nil: there are no others
}

type columns map[string]value // by path

// rowSet is a multi-valued attribute whose values are rows of a table.
type rowSet struct {
	key        string // the resource's id
	from       string // the table, called r
	owner      string // the column of r with the resource's id
	connection string // the column of r with the connection; "" where owner is enough
	order      string // of the rows: the primary one, else the first
	columns    columns
	only       bool // the document knows nothing of this attribute
	nested     bool // the values are groups, those around them count too
}

// People are the rows of identities. Attributes that RFC 7643 makes caseExact, id and
// externalId, have no folded column: they are always compared by case.
var People = &Scope{
	columns: columns{
		"id":                text{exact: "identities.id"},
		"userName":          text{exact: "identities.user_name", folded: "identities.user_name_folded"},
		"externalId":        text{exact: "identities.external_id", optional: true},
		"displayName":       text{exact: "identities.display_name", folded: "identities.display_name_folded", optional: true},
		"active":            flag{yes: "identities.status = 'active'", no: "identities.status = 'suspended'"},
		"meta.created":      instant{"identities.created_at"},
		"meta.lastModified": instant{"identities.updated_at"},
	},
	rows: map[string]*rowSet{
		"emails": {key: "identities.id", from: "identity_emails r", owner: "r.identity_id", connection: "r.connection_id", order: "r.is_primary DESC, r.position", columns: columns{
			"value":   text{exact: "r.value", folded: "r.value_folded", optional: true},
			"type":    text{exact: "r.type", optional: true, fold: true},
			"primary": flag{yes: "r.is_primary", no: "NOT r.is_primary"},
		}},
		"groups": {key: "identities.id", from: "members r JOIN groups g ON g.id = r.group_id", owner: "r.member_id", order: "r.id", only: true, nested: true, columns: columns{
			"value":   text{exact: "g.id"},
			"display": text{exact: "g.display_name", folded: "g.display_name_folded", optional: true},
		}},
	},
	document: tableDocument("identities"),
}

// Groups are the rows of groups.
var Groups = &Scope{
	columns: columns{
		"id":                text{exact: "groups.id"},
		"displayName":       text{exact: "groups.display_name", folded: "groups.display_name_folded", optional: true},
		"externalId":        text{exact: "groups.external_id", optional: true},
		"meta.created":      instant{"groups.created_at"},
		"meta.lastModified": instant{"groups.updated_at"},
	},
	rows: map[string]*rowSet{
		"members": {key: "groups.id", from: "members r", owner: "r.group_id", order: "r.id", only: true, columns: columns{
			"value": text{exact: "r.member_id"},
			"type":  text{exact: "CASE r.kind WHEN 'group' THEN 'Group' ELSE 'User' END", fold: true},
			"display": text{optional: true, fold: true, exact: `coalesce(
				(SELECT coalesce(nullif(i.display_name, ''), i.user_name) FROM identities i WHERE r.kind = 'identity' AND i.id = r.member_id),
				(SELECT n.display_name FROM groups n WHERE r.kind = 'group' AND n.id = r.member_id), '')`},
		}},
	},
	document: tableDocument("groups"),
}

// pathKey returns a path as scopes spell it.
func pathKey(p provision.Path) string { return strings.Join(p, ".") }

// rowsAt returns the rows that hold the attribute at path, and the path within
// them. An attribute that names no sub-attribute means its value.
func (sc *Scope) rowsAt(path provision.Path) (_ *rowSet, sub provision.Path, _ bool) {
	if len(path) == 0 || len(path) > 2 {
		return nil, nil, false
	}
	rows, ok := sc.rows[path[0]]
	if !ok {
		return nil, nil, false
	}
	sub = provision.Path{"value"}
	if len(path) == 2 {
		sub = path[1:]
	}
	_, known := rows.columns[pathKey(sub)]
	return rows, sub, known || rows.only
}

// know reports whether e names these columns only.
func (cs columns) know(e provision.Expr) bool {
	switch e := e.(type) {
	case provision.And:
		return cs.know(e.Left) && cs.know(e.Right)
	case provision.Or:
		return cs.know(e.Left) && cs.know(e.Right)
	case provision.Not:
		return cs.know(e.Expr)
	case provision.Compare:
		_, ok := cs[pathKey(e.Path)]
		return ok
	}
	return false
}

// tableDocument is the document of a row of a table.
type tableDocument string

// node is a JSON value inside a document: a row of the table alias.
type node string

// values returns a FROM clause that yields what is at path under base, each
// element of a multi-valued attribute by itself, and how to refer to one. It
// is forgiving about where the lists are: on every level a list stands for its
// elements, as in the lax mode of SQL/JSON.
func (c *compiler) values(base value, path provision.Path) (Fragment, node, error) {
	// The JSON paths of SQLite know no escapes, and no attribute is called so
	// (RFC 7643 §2.1).
	odd := func(key string) bool { return strings.ContainsAny(key, `"\`) || !storable(key) }
	if len(path) == 0 || slices.ContainsFunc(path, odd) {
		return Fragment{}, "", unanswerable("there is no such attribute to search by")
	}
	if c.dialect.postgres {
		return c.postgresValues(base, path)
	}
	from, v := c.sqliteValues(base, path)
	return from, v, nil
}

func (c *compiler) postgresValues(base value, path provision.Path) (Fragment, node, error) {
	query := strings.Builder{}
	query.WriteString("lax $")
	for _, key := range path {
		name, err := json.Marshal(key) // the syntax of JSON strings is that of jsonpath
		if err != nil {
			return Fragment{}, "", err
		}
		query.WriteByte('.')
		query.Write(name)
	}
	query.WriteString("[*]")
	from := ""
	switch base := base.(type) {
	case tableDocument:
		from = string(base) + "." + c.dialect.document
	case node: // a list in a list would be unwrapped too
		from = "CASE jsonb_typeof(" + string(base) + ".v) WHEN 'object' THEN " + string(base) + ".v END"
	}
	alias := c.alias()
	return Frag("jsonb_path_query("+from+", ?::jsonpath) AS "+alias+" (v)", query.String()), node(alias), nil
}

func (c *compiler) sqliteValues(base value, path provision.Path) (from Fragment, v node) {
	for i, key := range path {
		child := ""
		switch base := base.(type) {
		case tableDocument:
			child = string(base) + "." + c.dialect.document + " -> ?"
		case node:
			child = "CASE " + string(base) + ".type WHEN 'object' THEN " + string(base) + ".value -> ? END"
		}
		if i > 0 {
			from = Join(from, Frag(", "))
		}
		v = node(c.alias())
		from = Join(from, Frag("json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT "+
			child+" AS x))) AS "+string(v), `$."`+key+`"`))
		base = v
	}
	return from, v
}
