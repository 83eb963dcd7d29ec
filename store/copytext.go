package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// What an embedded database has, as text that PostgreSQL takes for a column of
// the same name (COPY, text format): https://www.postgresql.org/docs/15/sql-copy.html

// copiedColumn is a column that both databases have.
type copiedColumn struct {
	name  string
	typ   string // in PostgreSQL, as format_type says it
	array bool   // of typ; JSON in the embedded database
}

// columns returns the columns of a table, which must be the same ones in both
// databases.
func (c *copying) columns(ctx context.Context, table string) (columns []copiedColumn, _ error) {
	names, err := sqliteTexts(ctx, c.from, `SELECT name FROM pragma_table_info(?) ORDER BY cid`, table)
	if err != nil {
		return nil, err
	}
	rows, err := c.to.Query(ctx, `SELECT a.attname::text, format_type(coalesce(e.oid, t.oid), CASE WHEN e.oid IS NULL THEN a.atttypmod END), e.oid IS NOT NULL
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`, quoted(table))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	there := make(map[string]copiedColumn)
	for rows.Next() {
		var col copiedColumn
		if err := rows.Scan(&col.name, &col.typ, &col.array); err != nil {
			return nil, err
		}
		there[col.name] = col
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, name := range names {
		col, ok := there[name]
		if !ok {
			return nil, fmt.Errorf("%w: the new one has no column %s.%s; bring both up to date with `deskbridge migrate`", ErrCopy, table, name)
		}
		columns = append(columns, col)
	}
	if len(columns) < len(there) {
		return nil, fmt.Errorf("%w: the old one lacks columns of %s; bring both up to date with `deskbridge migrate`", ErrCopy, table)
	}
	return columns, nil
}

// read returns the expression that reads a column: without the declared type,
// by which the driver would make times and booleans of what is there, and JSON
// as text.
func (col copiedColumn) read() string {
	name := quoted(col.name)
	if col.json() {
		return `CASE typeof(` + name + `) WHEN 'blob' THEN json(` + name + `) ELSE ` + name + ` END`
	}
	return `+` + name
}

func (col copiedColumn) json() bool { return col.array || strings.HasPrefix(col.typ, "json") }

// toldEvery is how many rows are copied between two tellings of it.
const toldEvery = 5000

// write writes the rows of a table to w.
func (c *copying) write(ctx context.Context, w io.Writer, copied Copied, columns []copiedColumn) error {
	reads := make([]string, len(columns))
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i, col := range columns {
		reads[i], into[i] = col.read(), &values[i]
	}
	rows, err := c.from.QueryContext(ctx, `SELECT `+strings.Join(reads, ", ")+` FROM `+quoted(copied.Table))
	if err != nil {
		return err
	}
	defer rows.Close()
	out := bufio.NewWriterSize(w, 64<<10)
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, col := range columns {
			text, err := col.text(values[i])
			if err != nil {
				return fmt.Errorf("column %s: %w", col.name, err)
			}
			if i > 0 {
				_ = out.WriteByte('\t') // an error stays, and comes with Flush
			}
			_, _ = out.WriteString(text)
		}
		if err := out.WriteByte('\n'); err != nil {
			return err // nobody reads on
		}
		if copied.Rows++; copied.Rows%toldEvery == 0 {
			c.told(copied)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return out.Flush()
}

// copyEscapes are the characters that mean something in a line of COPY.
var copyEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// text returns a value as a line of COPY has it.
func (col copiedColumn) text(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return `\N`, nil
	case int64:
		if width, ok := strings.CutPrefix(col.typ, "bit("); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(width, ")"))
			return fmt.Sprintf("%0*b", n, v), err
		}
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case []byte:
		if col.typ == "bytea" {
			return `\\x` + hex.EncodeToString(v), nil
		}
		return col.text(string(v))
	case string:
		if col.array {
			array, err := arrayOf(v)
			return copyEscapes.Replace(array), err
		}
		if col.typ == "bytea" {
			return `\\x` + hex.EncodeToString([]byte(v)), nil
		}
		return copyEscapes.Replace(v), nil
	default:
		return "", fmt.Errorf("%w: a value of type %T", ErrCopy, value)
	}
}

// arrayOf returns a JSON array as a literal of PostgreSQL: strings as they are,
// anything else as JSON.
func arrayOf(text string) (string, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(text), &elements); err != nil {
		return "", err
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for i, e := range elements {
		if i > 0 {
			out.WriteByte(',')
		}
		element := string(e)
		if e[0] == '"' {
			if err := json.Unmarshal(e, &element); err != nil {
				return "", err
			}
		}
		out.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(element) + `"`)
	}
	out.WriteByte('}')
	return out.String(), nil
}
