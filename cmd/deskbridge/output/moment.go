package output

import (
	"encoding/json"
	"time"
)

// Moment is a time as commands print it: to the second and a dash when it is not
// set for people, RFC 3339 and null for programs.
type Moment struct{ At *time.Time }

// String is for people.
func (m Moment) String() string {
	if m.At == nil {
		return "-"
	}
	return m.At.UTC().Format("2006-01-02 15:04:05")
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
