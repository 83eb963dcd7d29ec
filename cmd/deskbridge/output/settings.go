package output

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// hidden is what stands in place of a secret that is there.
const hidden = "(set)"

// secrets are the keys whose values are never shown.
var secrets = []string{"client_secret", "secret", "private_key", "password"}

// longest is how many characters of a value are shown to people.
const longest = 160

// Settings returns v as programs may see it: as its JSON, with every secret
// hidden.
func Settings(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, err
	}
	return hide(out), nil
}

func hide(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			if slices.Contains(secrets, key) {
				v[key] = hidden
			} else {
				v[key] = hide(v[key])
			}
		}
	case []any:
		for i := range v {
			v[i] = hide(v[i])
		}
	}
	return v
}

// PrintSettings prints what [Settings] returned for people: a line for each
// value, with its place before it.
func PrintSettings(w io.Writer, v any) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	printValue(tw, "", v)
	return tw.Flush()
}

func printValue(w io.Writer, at string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			printValue(w, strings.TrimPrefix(at+"."+key, "."), v[key])
		}
	case []any:
		list := make([]string, len(v))
		for i := range v {
			text, isText := v[i].(string)
			if !isText {
				for i := range v {
					printValue(w, fmt.Sprintf("%s[%d]", at, i), v[i])
				}
				return
			}
			list[i] = short(text)
		}
		fmt.Fprintf(w, "  %s\t%s\n", at, List(list))
	case string:
		fmt.Fprintf(w, "  %s\t%s\n", at, short(v))
	default:
		fmt.Fprintf(w, "  %s\t%v\n", at, v)
	}
}

// short returns text for one line.
func short(text string) string {
	if strings.Contains(text, "\n") || len(text) > longest {
		return fmt.Sprintf("(%d bytes; --json shows them)", len(text))
	}
	return Plain(text)
}
