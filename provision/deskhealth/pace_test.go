package deskhealth_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// TestWorkInWords: how much there is to do, in which order, and how long it takes; and
// that nothing is said of a time that nobody has measured.
func TestWorkInWords(t *testing.T) {
	measured := deskhealth.Pace{Ending: deskhealth.Spent{Requests: 300, Runs: 10}, Other: deskhealth.Spent{Requests: 2610, Runs: 580}, Busy: 30 * time.Minute, Taken: 2910}
	for _, tt := range []struct {
		name string
		work deskhealth.Work
		left time.Duration // 0: not known
		want string
	}{
		{"nothing", deskhealth.Work{Pace: measured}, 0, ""},
		{"never measured", deskhealth.Work{Others: 412}, 0, "412 to go; how long that takes is not known yet"},
		{"measured for too short a time", deskhealth.Work{Others: 3, Pace: deskhealth.Pace{Other: deskhealth.Spent{Requests: 60, Runs: 20}, Busy: 30 * time.Second, Taken: 60}}, 0, "3 to go; how long that takes is not known yet"},
		{"nobody came to an end", deskhealth.Work{Others: 3, Pace: deskhealth.Pace{Other: deskhealth.Spent{Requests: 60, Runs: 4}, Busy: time.Hour, Taken: 60}}, 0, "3 to go; how long that takes is not known yet"},
		{"joiners", deskhealth.Work{Others: 5000, Pace: measured}, 13918 * time.Second, "5000 to go, about 3 h 50 min at 97 requests a minute"},
		{"a leaver takes thirty requests", deskhealth.Work{Leavers: 12, Others: 400, Pace: measured}, 1336 * time.Second, "412 to go, 12 leavers first, about 22 min at 97 requests a minute"},
		{"who loses something is next", deskhealth.Work{Leavers: 1, Losing: 2, Others: 3, Pace: measured}, 32 * time.Second, "6 to go, 1 leaver first, 2 who lose something before 3 others, less than a minute at 97 requests a minute"},
		{"nobody else", deskhealth.Work{Leavers: 2, Pace: measured}, 37 * time.Second, "2 to go, all of them leavers, less than a minute at 97 requests a minute"},
		{"no leaver was measured", deskhealth.Work{Leavers: 60, Pace: deskhealth.Pace{Other: deskhealth.Spent{Requests: 300, Runs: 100}, Busy: 10 * time.Minute, Taken: 300}}, 6 * time.Minute, "60 to go, all of them leavers, about 6 min at 30 requests a minute"},
		{"days", deskhealth.Work{Others: 60_000, Pace: measured}, 167010 * time.Second, "60000 to go, about 46 h at 97 requests a minute"},
		{"a whole hour", deskhealth.Work{Others: 1300, Pace: measured}, 3619 * time.Second, "1300 to go, about 1 h at 97 requests a minute"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left, known := tt.work.Left()
			if off := left - tt.left; known != (tt.left > 0) || off < -time.Second || off > time.Second {
				t.Errorf("%v, %v, want %v", left, known, tt.left)
			}
			if got := tt.work.String(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
