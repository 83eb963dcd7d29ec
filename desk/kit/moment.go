package kit

import (
	"encoding/json"
	"time"
)

// Moment is a time that a desk only tells of, such as a last login: null, nothing
// and what is no time (RFC 3339) are the zero time, and keep nobody from being read.
type Moment struct{ time.Time }

// UnmarshalJSON reads it. It never fails.
func (m *Moment) UnmarshalJSON(data []byte) error {
	var text string
	m.Time = time.Time{}
	if json.Unmarshal(data, &text) != nil {
		return nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.Year() > 1 { // Go's own zero time travels, too
		m.Time = at.UTC()
	}
	return nil
}
