package store

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
	list     string // rows of one column, value: the strings of a JSON array
	seals    string // rows of id, seal, hash from a JSON array of [id, seal, hash in hex]
	document string // the JSON document of the row
	names    string // a JSON array of the display names of groups g

	position string // function: where a text contains another, 0: nowhere
	tail     string // format: the last ? characters of the text %s
}

var words = map[Dialect]sqlWords{
	SQLite: {
		list:     `SELECT value FROM json_each(?)`,
		seals:    `SELECT value ->> 0 AS id, value ->> 1 AS seal, unhex(value ->> 2) AS hash FROM json_each(?)`,
		document: `document`,
		names:    `json_group_array(g.display_name)`,
		position: `instr`,
		tail:     `substr(%s, -?)`,
	},
	Postgres: {
		list:     `SELECT value COLLATE "C" AS value FROM jsonb_array_elements_text(?::jsonb) AS l (value)`,
		seals:    `SELECT (e ->> 0)::bigint AS id, (e ->> 1)::bigint AS seal, decode(e ->> 2, 'hex') AS hash FROM jsonb_array_elements(?::jsonb) AS l (e)`,
		document: `document::jsonb`,
		names:    `COALESCE(json_agg(g.display_name), '[]')`,
		position: `strpos`,
		tail:     `right(%s, ?)`,
	},
}
