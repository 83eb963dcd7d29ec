package store

import (
	"database/sql/driver"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/provision"
)

// The functions that queries use. PostgreSQL has them in its migrations, under
// the same names and with the same answers.
func init() {
	for name, fn := range map[string]func(args []driver.Value) driver.Value{
		"deskbridge_fold":     sqlFold,
		"deskbridge_instant":  sqlInstant,
		"deskbridge_sort_key": sqlSortKey,
	} {
		args := int32(1)
		if name == "deskbridge_sort_key" {
			args = 2
		}
		sqlite.MustRegisterDeterministicScalarFunction(name, args, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			return fn(args), nil
		})
	}
}

func sqlFold(args []driver.Value) driver.Value {
	if s, ok := args[0].(string); ok {
		return provision.Fold(s)
	}
	return nil
}

var instantForm = regexp.MustCompile(`(?i)^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?$`)

// sqlInstant returns an RFC 3339 time as microseconds since the epoch, and
// NULL for what is none. A time without a zone is UTC (xsd:dateTime allows it).
func sqlInstant(args []driver.Value) driver.Value {
	s, _ := args[0].(string)
	m := instantForm.FindStringSubmatch(s)
	if m == nil {
		return nil
	}
	if m[3] == "" {
		s += "Z"
	}
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
	if err != nil || t.UTC().Year() < 1 {
		return nil
	}
	return t.Round(time.Microsecond).UnixMicro()
}

// sqlSortKey returns the text by which resources are sorted on a path: the
// folded value, of a multi-valued attribute that of the primary element, else
// of the first (RFC 7644 §3.4.2.3). NULL: absent.
func sqlSortKey(args []driver.Value) driver.Value {
	doc, _ := args[0].(string)
	keys, _ := args[1].(string)
	var node any
	var path []string
	if decodeJSON(doc, &node) != nil || json.Unmarshal([]byte(keys), &path) != nil {
		return nil
	}
	for _, key := range path {
		object, _ := pick(node).(map[string]any)
		node = object[key]
	}
	node = pick(node)
	if object, ok := node.(map[string]any); ok {
		node = object["value"]
	}
	text := ""
	switch v := node.(type) {
	case string:
		text = provision.Fold(v)
	case json.Number:
		text = provision.Fold(v.String())
	case bool:
		text = strconv.FormatBool(v)
	}
	if text == "" {
		return nil
	}
	return text
}

// pick returns what stands for a multi-valued attribute when only one value
// can: the primary element, else the first.
func pick(node any) any {
	list, ok := node.([]any)
	if !ok {
		return node
	}
	for _, e := range list {
		if object, ok := e.(map[string]any); ok && object["primary"] == true {
			return e
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}
