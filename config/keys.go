package config

import (
	"reflect"
	"sync"
)

// keys returns the names of all settings, as they stand in a file.
var keys = sync.OnceValue(func() []string {
	t := reflect.TypeFor[Server]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("koanf")
	}
	return names
})
