// Package decimal says which numbers of JSON both databases can keep and compare.
package decimal

import (
	"strconv"
	"strings"
)

// MaxDigits is how many digits a number may have, written out. PostgreSQL takes
// 16,383 behind the point and counts zeros too: it cannot search a document with
// 1e-20000 or 0e-20000 in it, and that one fails every query that looks at it.
const MaxDigits = 1000

// Comparable reports whether both databases can compare a number of JSON, and so
// whether a document with it can be kept.
func Comparable(number string) bool {
	if len(number) > MaxDigits {
		return false
	}
	if _, err := strconv.ParseFloat(number, 64); err != nil {
		return false
	}
	_, power, ok := strings.Cut(strings.ToLower(number), "e")
	if !ok {
		return true
	}
	n, err := strconv.Atoi(power)
	return err == nil && n >= -MaxDigits && n <= MaxDigits
}
