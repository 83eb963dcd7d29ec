package csvimport

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/internal/spelling"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// What a file may hold, and how many of its mistakes are told.
const (
	maxFile     = 16 << 20
	maxRows     = 100_000
	maxCell     = 16 << 10
	maxMistakes = 100
)

// Mistake is what is wrong with a cell, or with a row.
type Mistake struct {
	Line   int    `json:"line"`
	Column int    `json:"column,omitempty"` // the byte in the line at which the cell begins, from 1; 0: the whole row
	Name   string `json:"name,omitempty"`   // of the column
	Text   string `json:"text"`
}

// String is for people.
func (m Mistake) String() string {
	at := fmt.Sprintf("line %d", m.Line)
	if m.Column > 0 {
		at += fmt.Sprintf(", column %d", m.Column)
	}
	if m.Name != "" {
		at += " (" + m.Name + ")"
	}
	return at + ": " + m.Text
}

// Mistakes are those of one file, the first hundred of them.
type Mistakes struct {
	List []Mistake
	More int          // that are not told
	rows map[int]bool // by the lines of those that have one
}

func (m *Mistakes) add(one Mistake) {
	if len(m.List) == maxMistakes {
		m.More++
		return
	}
	m.List = append(m.List, one)
}

// row is one line of a file under its header.
type row struct {
	line  int
	cells map[string]cell // by the name of the column; the empty ones, too
}

type cell struct {
	text   string
	line   int
	column int
}

func (r row) at() row { return r }

// text returns a cell without the blanks around it; "" where the file has no such column.
func (r row) text(name string) string { return strings.TrimSpace(r.cells[name].text) }

// wrong adds a mistake of a cell.
func (r row) wrong(m *Mistakes, name, format string, args ...any) {
	at, ok := r.cells[name]
	if !ok {
		at.line, name = r.line, ""
	}
	if m.rows == nil {
		m.rows = make(map[int]bool)
	}
	m.rows[r.line] = true
	m.add(Mistake{Line: at.line, Column: at.column, Name: name, Text: fmt.Sprintf(format, args...)})
}

// refused adds what is said against a row, at the cell that is meant; fields are the
// columns by the names that the core and SCIM have for them. It reports whether that was
// a refusal: any other error says nothing of the row.
func (r row) refused(m *Mistakes, err error, fields map[string]string) bool {
	field, detail, ok := scimerr.Said(err)
	if e, ours := errors.AsType[*provision.Error](err); !ok && ours && e.Code != provision.Unavailable {
		field, detail, ok = e.Field, e.Detail, true
	}
	if ok {
		r.wrong(m, r.column(field, fields), "%s", detail)
	}
	return ok
}

// column returns which column a field is: by its own name, or by that of what it is a part
// of, as in emails.value and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value.
func (r row) column(field string, fields map[string]string) string {
	parts := strings.FieldsFunc(field, func(r rune) bool { return strings.ContainsRune(".:[", r) })
	for _, name := range slices.Backward(parts) {
		if known, ok := fields[name]; ok {
			name = known
		}
		if _, ok := r.cells[name]; ok {
			return name
		}
	}
	return ""
}

// read reads a CSV with a header: UTF-8, with a byte order mark or without, cells
// between commas, semicolons or tabs, quoted where they hold one of these or a newline
// (RFC 4180). known are the columns that there can be, needed those that there must.
func read(text []byte, known, needed []string) (rows []row, mistakes Mistakes) {
	var columns []string
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		mistakes.add(Mistake{Line: 1 + bytes.Count(text[:invalidAt(text)], []byte("\n")), Text: "this is not UTF-8; have the spreadsheet save \"CSV UTF-8\""})
		return nil, mistakes
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator(text), -1, true
	header, err := r.Read()
	if err != nil {
		mistakes.add(Mistake{Line: 1, Text: "there is no header; its columns can be " + strings.Join(known, ", ")})
		return nil, mistakes
	}
	for i, name := range header {
		_, at := r.FieldPos(i)
		found := match(name, known)
		switch {
		case found == "":
			say := "there is no such column; there can be " + strings.Join(known, ", ")
			if near := spelling.Closest(strings.TrimSpace(name), known); near != "" {
				say = "there is no such column; did you mean " + near + "?"
			}
			mistakes.add(Mistake{Line: 1, Column: at, Name: provision.Clip(name), Text: say})
		case slices.Contains(columns, found):
			mistakes.add(Mistake{Line: 1, Column: at, Name: found, Text: "this column is there twice"})
		}
		columns = append(columns, found)
	}
	for _, name := range needed {
		if !slices.Contains(columns, name) {
			mistakes.add(Mistake{Line: 1, Text: "the column " + name + " is missing"})
		}
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, mistakes
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			mistakes.add(Mistake{Line: parse.Line, Column: parse.Column, Text: parse.Err.Error()})
			return rows, mistakes // what follows may be inside a quoted cell
		}
		if err != nil {
			mistakes.add(Mistake{Line: 1, Text: err.Error()})
			return rows, mistakes
		}
		line, _ := r.FieldPos(0)
		if len(rows) == maxRows {
			mistakes.add(Mistake{Line: line, Text: fmt.Sprintf("a file has at most %d rows; cut it", maxRows)})
			return rows, mistakes
		}
		if len(record) != len(columns) {
			mistakes.add(Mistake{Line: line, Text: fmt.Sprintf("%d cells, and the header has %d", len(record), len(columns))})
			continue
		}
		one, good := row{line: line, cells: make(map[string]cell, len(record))}, true
		for i, text := range record {
			at, column := r.FieldPos(i)
			if len(text) > maxCell || strings.ContainsRune(text, 0) {
				mistakes.add(Mistake{Line: at, Column: column, Name: columns[i], Text: fmt.Sprintf("a cell has at most %d bytes, and no NUL", maxCell)})
				good = false
			}
			one.cells[columns[i]] = cell{text, at, column}
		}
		if good {
			rows = append(rows, one)
		}
	}
}

// invalidAt returns where text is no UTF-8 any more.
func invalidAt(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(text)
}

// separator returns what stands between the cells of a header.
func separator(text []byte) rune {
	header, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', 0
	for _, one := range []rune{',', ';', '\t'} {
		if n := strings.Count(string(header), string(one)); n > most {
			best, most = one, n
		}
	}
	return best
}

// match returns the known column that a name means: letter case, blanks, hyphens and
// underscores say nothing.
func match(name string, known []string) string {
	plain := func(s string) string {
		return strings.NewReplacer(" ", "", "_", "", "-", "").Replace(provision.Fold(strings.TrimSpace(s)))
	}
	for _, k := range known {
		if plain(k) == plain(name) {
			return k
		}
	}
	return ""
}
