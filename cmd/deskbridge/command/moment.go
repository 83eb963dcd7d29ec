package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseMoment reads a time, or an age before now, as flags have it; "" is the zero
// time.
func ParseMoment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339Nano, time.DateTime, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 100_000 {
			return now.UTC().AddDate(0, 0, -n), nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.UTC().Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-11-01, 2026-11-01T08:00:00Z (UTC without an offset), or an age such as 36h or 7d", text)
}
