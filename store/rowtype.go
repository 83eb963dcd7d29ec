package store

import (
	"context"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"gorm.io/gorm/schema"
)

// rowType is a row type with the statements that write rows of it, spelled once:
// gorm spells them anew each time, which takes longer than sending them.
type rowType struct {
	table   string
	columns []string        // quoted
	fields  []*schema.Field // of the columns
}

var rowTypes sync.Map // reflect.Type → *rowType

// rowTypeOf returns the type of R.
func rowTypeOf[R any]() *rowType {
	if known, ok := rowTypes.Load(reflect.TypeFor[R]()); ok {
		return known.(*rowType)
	}
	parsed, err := schema.Parse(new(R), &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		panic(err) // our own types
	}
	t := &rowType{table: `"` + parsed.Table + `"`}
	for _, name := range parsed.DBNames {
		field := parsed.FieldsByDBName[name]
		if field.AutoIncrement {
			continue
		}
		t.columns = append(t.columns, `"`+name+`"`)
		t.fields = append(t.fields, field)
	}
	known, _ := rowTypes.LoadOrStore(reflect.TypeFor[R](), t)
	return known.(*rowType)
}

// insertion returns the INSERT of rows for PostgreSQL, in place of those with the
// same id where replace is set.
func insertion[R any](ctx context.Context, rows []R, replace bool) (string, []any) {
	t := rowTypeOf[R]()
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.table + " (" + strings.Join(t.columns, ", ") + ") VALUES ")
	args := make([]any, 0, len(rows)*len(t.fields))
	for i := range rows {
		row := reflect.ValueOf(&rows[i]).Elem()
		for j, field := range t.fields {
			value, _ := field.ValueOf(ctx, row)
			args = append(args, value)
			switch {
			case j > 0:
				b.WriteString(", $")
			case i > 0:
				b.WriteString("), ($")
			default:
				b.WriteString("($")
			}
			b.WriteString(strconv.Itoa(len(args)))
		}
	}
	b.WriteByte(')')
	if replace {
		b.WriteString(` ON CONFLICT ("id") DO UPDATE SET `)
		for j, column := range t.columns {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(column + " = excluded." + column)
		}
	}
	return b.String(), args
}

// replacement returns the UPDATE that gives the row with this row's id, in its
// connection, all of its values, for PostgreSQL.
func replacement[R any](ctx context.Context, row *R) (string, []any) {
	t := rowTypeOf[R]()
	value := reflect.ValueOf(row).Elem()
	var set []string
	var args, keys []any
	for j, field := range t.fields {
		v, _ := field.ValueOf(ctx, value)
		if field.DBName == "id" || field.DBName == "connection_id" {
			keys = append(keys, v)
			continue
		}
		args = append(args, v)
		set = append(set, t.columns[j]+" = $"+strconv.Itoa(len(args)))
	}
	n := len(args)
	return "UPDATE " + t.table + " SET " + strings.Join(set, ", ") +
		` WHERE "id" = $` + strconv.Itoa(n+1) + ` AND "connection_id" = $` + strconv.Itoa(n+2), append(args, keys...)
}

// columnsOf returns the columns for a SELECT from a table called alias, in the
// order of [rowType.into].
func (t *rowType) columnsOf(alias string) string {
	return alias + "." + strings.Join(t.columns, ", "+alias+".")
}

// into returns where a row's columns are to be read to; row points to one.
func (t *rowType) into(row any) []any {
	value := reflect.ValueOf(row).Elem()
	out := make([]any, len(t.fields))
	for i, field := range t.fields {
		out[i] = value.FieldByIndex(field.StructField.Index).Addr().Interface()
	}
	return out
}
