package answer

import "strings"

// Refers reports whether a value, or one in it, refers to the environment or a
// file.
func Refers(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "${")
	case map[string]any:
		for key, value := range v {
			if Refers(key) || Refers(value) {
				return true
			}
		}
	case []any:
		for _, value := range v {
			if Refers(value) {
				return true
			}
		}
	}
	return false
}
