package output

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

func TestReasonTellsOfTheHandOverOnce(t *testing.T) {
	for _, tt := range []struct {
		transfer     provision.Transfer
		reason, want string
	}{
		{provision.Transfer{}, "", ""},
		{provision.Transfer{}, "d cannot answer now", "d cannot answer now"},
		{provision.Transfer{InflowStopped: true}, "late", "late"},
		{provision.Transfer{Before: 40, Moved: 23, Left: 17}, "", "23 of 40 conversations are handed over"},
		{provision.Transfer{Before: 40, Moved: 23, Left: 17}, "20 of 38 conversations are handed over; goes on by itself", "23 of 40 conversations are handed over; goes on by itself"},
		{provision.Transfer{Before: 40, Left: 40}, "d cannot\x1b answer", `d cannot\x1b answer; 0 of 40 conversations are handed over`},
	} {
		if got := HandOverOf(tt.transfer).Reason(tt.reason); got != tt.want {
			t.Errorf("%+v, %q: %q, want %q", tt.transfer, tt.reason, got, tt.want)
		}
	}
}
