package output

import (
	"encoding/json"
	"time"
)

// Moment is a time as commands print it: for people to the second in the local
// time zone, which it names, and a dash when it is not set; for programs RFC 3339
// in UTC, and null.
type Moment struct{ At *time.Time }

// String is for people.
func (m Moment) String() string {
	if m.At == nil {
		return "-"
	}
	return m.At.Local().Format("2006-01-02 15:04:05 MST")
}

// MarshalJSON is for programs.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m.At == nil {
		return []byte("null"), nil
	}
	return m.At.UTC().MarshalJSON()
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Moment) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &m.At) }
