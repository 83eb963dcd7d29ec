package validity

import (
	"strings"
	"time"
)

// dayForm is how people write the day of an end, and minuteForm a moment.
const (
	dayForm    = time.DateOnly
	minuteForm = "2006-01-02 15:04 UTC"
)

// Parse returns the moment with which a time that people give is over: a day, as in
// 2027-01-31, is over with its last hour in UTC; a moment as RFC 3339 section 5.6 has
// it is itself. ok is false for anything else.
func Parse(text string) (end time.Time, ok bool) {
	text = strings.TrimSpace(text)
	if day, err := time.Parse(dayForm, text); err == nil {
		return day.AddDate(0, 0, 1), true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC().Truncate(time.Microsecond), err == nil
}

// LastDay writes a moment as [Parse] reads it: the last day before it, where it
// is the end of one, else the moment.
func LastDay(end time.Time) string {
	end = end.UTC()
	if end.Equal(end.Truncate(24 * time.Hour)) {
		return end.AddDate(0, 0, -1).Format(dayForm)
	}
	return end.Format(minuteForm)
}

// Format writes a moment so that [Parse] reads the same; "" for none.
func Format(end *time.Time) string {
	switch {
	case end == nil:
		return ""
	case end.UTC().Equal(end.UTC().Truncate(24 * time.Hour)):
		return LastDay(*end)
	}
	return end.UTC().Format(time.RFC3339Nano)
}
