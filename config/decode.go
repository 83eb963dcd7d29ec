package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// decode sets the fields of s from values, by their names in a file. It returns
// what is wrong with each that cannot be what its field is, by its name; those
// fields keep their default. The text of a value stands in a mistake only where
// a number or a time is asked for, which are no secrets.
func (s *Server) decode(values map[string]any) (mistakes map[string]error) {
	mistakes = make(map[string]error)
	into := reflect.ValueOf(s).Elem()
	for i := range into.NumField() {
		key := into.Type().Field(i).Tag.Get("koanf")
		value, given := values[key]
		if !given || value == nil {
			continue
		}
		if err := set(into.Field(i), value); err != nil {
			mistakes[key] = err
		}
	}
	return mistakes
}

func set(field reflect.Value, value any) error {
	var text string
	switch v := value.(type) {
	case string:
		text = strings.TrimSpace(v)
	case bool, int, int64, uint64, float64:
		text = fmt.Sprint(v)
	default:
		return fmt.Errorf("one value belongs here, not a list or a map")
	}
	switch {
	case field.Type() == reflect.TypeFor[time.Duration]():
		d, err := ParseDuration(text)
		if err != nil {
			return err
		}
		field.SetInt(int64(d))
	case field.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		field.SetInt(int64(n))
	default:
		if whole, ok := value.(string); ok {
			text = whole
		}
		field.SetString(text)
	}
	return nil
}
