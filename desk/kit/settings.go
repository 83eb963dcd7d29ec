package kit

import (
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// Setting is a key that an administrator may set on a desk of some kind, and
// where its value goes.
type Setting struct {
	Key   string
	Text  *string                     // takes the value, without space around it
	Flag  *bool                       // takes true or false, in place of Text
	Check func(text string) (ok bool) // nil: any text will do
	Hint  string                      // what to write instead, when Check fails
}

// NotEmpty is a [Setting.Check] for text that must not be empty.
func NotEmpty(text string) bool { return text != "" }

// ReadSettings takes over what the settings of a desk say, in order of key. A
// key that is not in the table is a mistake, which names those that are.
func ReadSettings(all map[string]string, table []Setting, wrong *desk.Mistakes) {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		field, value := "settings."+key, strings.TrimSpace(all[key])
		i := slices.IndexFunc(table, func(s Setting) bool { return s.Key == key })
		if i < 0 {
			wrong.Add(field, "unknown setting; use %s", keys(table))
			continue
		}
		s := table[i]
		if s.Flag != nil {
			*s.Flag = wrong.Flag(field, value)
			continue
		}
		*s.Text = value
		if s.Check != nil && !s.Check(value) {
			wrong.Add(field, "%s", s.Hint)
		}
	}
}

// keys returns the keys of a table as a sentence has them: "a, b or c".
func keys(table []Setting) string {
	var all []string
	for _, s := range table {
		all = append(all, s.Key)
	}
	last := len(all) - 1
	if last == 0 {
		return all[0]
	}
	return strings.Join(all[:last], ", ") + " or " + all[last]
}
