package output

import (
	"encoding/csv"
	"io"
	"strings"
)

// CSV prints a table for spreadsheets (RFC 4180). The cells of every row but the
// header are made harmless by [Cell].
type CSV struct{ w *csv.Writer }

// NewCSV returns a CSV whose header is printed.
func NewCSV(w io.Writer, header ...string) (*CSV, error) {
	c := &CSV{csv.NewWriter(w)}
	return c, c.w.Write(header)
}

// Row prints a row.
func (c *CSV) Row(cells ...string) error {
	row := make([]string, len(cells))
	for i := range cells {
		row[i] = Cell(cells[i])
	}
	return c.w.Write(row)
}

// End prints what is not printed yet.
func (c *CSV) End() error {
	c.w.Flush()
	return c.w.Error()
}

// Cell makes a text harmless to spreadsheets, which take what begins like a
// formula for one, whatever the quotes: it gets an apostrophe in front. What
// cannot be seen is spelled out.
func Cell(s string) string {
	s = Plain(s)
	if begin := strings.TrimLeft(s, " \u00a0\u3000"); begin != "" && strings.ContainsRune("=+-@|%＝＋－＠", []rune(begin)[0]) {
		return "'" + s
	}
	return s
}
