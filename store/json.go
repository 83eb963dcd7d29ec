package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/internal/decimal"
	"github.com/deskbridge/deskbridge/provision"
)

// maxDepth is how deep a document may be nested. SCIM needs five levels; both
// databases refuse far more than this at differing depths.
const maxDepth = 64

// canonical returns a JSON object as it is stored: keys sorted, no spaces,
// numbers as they were written; that is what [json.Marshal] makes of the
// decoded value. Empty input gives nil. What one of the databases could not
// keep or search is Invalid on both: NUL characters, numbers beyond float64 or
// with thousands of digits, absurd nesting.
func canonical(doc json.RawMessage) (*string, error) {
	if len(doc) == 0 {
		return nil, nil
	}
	var object map[string]any
	if err := decodeJSON(string(doc), &object); err != nil || object == nil {
		return nil, &provision.Error{Code: provision.Invalid, Detail: "the document is no JSON object", Err: err}
	}
	if err := storable(object, maxDepth); err != nil {
		return nil, err
	}
	text, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("store: document: %w", err)
	}
	return new(string(text)), nil
}

// storable reports what in a decoded JSON value cannot be stored.
func storable(v any, depth int) error {
	if depth == 0 {
		return provision.Errorf(provision.Invalid, "", "the document is nested more than %d levels deep", maxDepth)
	}
	switch v := v.(type) {
	case string:
		return checkText("", v)
	case json.Number:
		if !decimal.Comparable(v.String()) {
			return provision.Errorf(provision.Invalid, "", "a number in the document is too large, or has too many digits")
		}
	case []any:
		for _, e := range v {
			if err := storable(e, depth-1); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, e := range v {
			if err := errors.Join(checkText("", key), storable(e, depth-1)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkText returns an Invalid error for text that PostgreSQL cannot store.
func checkText(field, s string) error {
	if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return badText(field, nil)
	}
	return nil
}

// decodeJSON decodes text into v, numbers in interfaces as [json.Number].
func decodeJSON(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// toJSON returns v as JSON text.
func toJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return string(text), nil
}

// bindIDs returns ids as they are bound for sqlWords.inList: one parameter,
// however long the list. Ids that no row can have are left out, because
// PostgreSQL refuses their characters.
func bindIDs[T ~string](ids []T) string {
	return toList(slices.DeleteFunc(slices.Clone(ids), func(id T) bool { return checkText("", string(id)) != nil }))
}

// toList returns strings as a JSON array.
func toList[T ~string](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(list) // strings always encode
	return string(text)
}

// fromList returns the names in a JSON array; nil when there are none.
func fromList(text string) ([]string, error) {
	var names []string
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, nil
	}
	return names, nil
}
