package store

import (
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

// Dialect names a database.
type Dialect string

// The databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// sqlWords is the SQL that differs between the databases. Entries with a ? take
// one bound parameter.
type sqlWords struct {
	filter sqlfilter.Dialect // the same of filters
	inList string            // after a column: it is one of the strings of a JSON array, however many
	names  string            // a JSON array of the display names of groups g

	// The groups that a row of identities is directly in: a JSON array of
	// [id, displayName, 1 when that group is itself in another], NULL or empty
	// when there are none.
	groups string

	allotted        string // the highest id that was given to an audit entry
	greatest, least string // functions of two values
	position        string // a function: where in its first value the second one is, from 1 on; 0 nowhere
	elements        string // format: the elements, as one.value, of the list %s of what a desk confirmed of an account
	oneOf           string // format: the condition to be one of the few rows of the query %s
}

var words = map[Dialect]sqlWords{
	SQLite: {
		filter: sqlfilter.SQLite,
		inList: `IN (SELECT value FROM json_each(?))`,
		names:  `json_group_array(g.display_name)`,
		groups: `(SELECT json_group_array(json_array(m.group_id, g.display_name, EXISTS (SELECT 1 FROM members n WHERE n.member_id = m.group_id)))
			FROM members m CROSS JOIN groups g WHERE m.member_id = identities.id AND m.connection_id = identities.connection_id AND g.id = m.group_id)`,
		allotted: `COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0)`,
		greatest: `max`,
		least:    `min`,
		position: `instr`,
		elements: `json_each(accounts.granted, '$.%s') AS one`,
		oneOf:    `IN (%s)`,
	},
	Postgres: {
		filter: sqlfilter.Postgres,
		// Not IN: with statistics from before a group was filled, the planner
		// would read the whole group for one of its members.
		inList: `= ANY (ARRAY(SELECT value COLLATE "C" FROM jsonb_array_elements_text(?::jsonb) AS l (value)))`,
		names:  `COALESCE(json_agg(g.display_name), '[]')`,
		groups: `(SELECT json_agg(json_build_array(m.group_id, g.display_name, CASE WHEN EXISTS (SELECT 1 FROM members n WHERE n.member_id = m.group_id) THEN 1 ELSE 0 END))
			FROM members m JOIN groups g ON g.id = m.group_id WHERE m.member_id = identities.id AND m.connection_id = identities.connection_id)`,
		allotted: `(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_id_seq)`,
		greatest: `greatest`,
		least:    `least`,
		position: `strpos`,
		elements: `json_array_elements_text(accounts.granted -> '%s') AS one (value)`,
		oneOf:    `= ANY (ARRAY(%s))`, // the planner knows no number for IN, and would read the whole table
	},
}

// boundInList is inList with $n in place of the ?.
func (w sqlWords) boundInList(n int) string {
	return strings.Replace(w.inList, "?", "$"+strconv.Itoa(n), 1)
}
