package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
)

func TestMoment(t *testing.T) {
	at := time.Date(2027, 3, 1, 13, 30, 5, 0, time.FixedZone("", 3600))
	for _, tt := range []struct {
		moment       output.Moment
		people, data string
	}{
		{output.Moment{At: &at}, at.Local().Format("2006-01-02 15:04:05 MST"), `"2027-03-01T12:30:05Z"`},
		{output.Moment{}, "-", `null`},
	} {
		data, err := json.Marshal(tt.moment)
		if err != nil || string(data) != tt.data || tt.moment.String() != tt.people {
			t.Errorf("%q and %s (%v), want %q and %s", tt.moment, data, err, tt.people, tt.data)
		}
		var back output.Moment
		if err := json.Unmarshal(data, &back); err != nil || back.String() != tt.people {
			t.Errorf("%s is read as %q (%v)", data, back, err)
		}
	}
}
