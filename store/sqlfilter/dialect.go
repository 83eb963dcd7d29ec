package sqlfilter

import (
	"strings"
	"unicode/utf8"
)

// Dialect is how a database spells what filters need.
type Dialect struct {
	postgres bool // JSON is jsonb, else text and json_each

	document string // the JSON document of the row
	position string // function: where a text contains another, 0: nowhere
	tail     string // format: the last ? characters of the text %s
}

// The databases. Both must have the functions deskbridge_fold,
// deskbridge_instant and deskbridge_sort_key.
var (
	SQLite   = Dialect{document: `document`, position: `instr`, tail: `substr(%s, -?)`}
	Postgres = Dialect{postgres: true, document: `document::jsonb`, position: `strpos`, tail: `right(%s, ?)`}
)

// storable reports whether a database can hold, and be asked for, a text.
func storable(text string) bool { return !strings.ContainsRune(text, 0) && utf8.ValidString(text) }
