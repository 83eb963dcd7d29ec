package leave_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision/leave"
)

// TestComing: what is still to come says what is done, when, and whether an admin is asked.
func TestComing(t *testing.T) {
	since := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) *time.Time { return new(since.Add(d)) }
	const month = leave.Policy("deactivate, delete after 30d")
	ask, keep := leave.Approve{Of: leave.ApproveDeletes}, leave.Approve{Of: leave.ApproveDeletes, Then: leave.ThenKeep}
	noted := leave.Course{Since: &since, Due: in(30 * day), Mark: "m"}
	for _, tt := range []struct {
		name    string
		course  leave.Course
		policy  leave.Policy
		approve leave.Approve
		asked   leave.Policy
		due     *time.Time
		want    string // "": nothing
		consent leave.Consent
	}{
		{"nothing was noted", leave.Course{}, month, ask, "", nil, "", ""},
		{"by the clock", noted, month, leave.Approve{}, "", nil, "delete after 30d, due DAY 30", ""},
		{"an admin is asked then", noted, month, ask, "", nil, "delete after 30d, due DAY 30; an admin has to approve it then", leave.ConsentNeeded},
		{"an admin is asked about deletions alone", noted, "deactivate, downgrade after 30d, delete after 60d", ask, "", nil, "downgrade after 30d, due DAY 30", ""},
		{"the desk does it later by now", noted, "deactivate, delete after 90d", leave.Approve{}, "", nil, "delete after 90d, due DAY 90", ""},
		{"the desk does not do it any more", noted, "deactivate", leave.Approve{}, "", nil, "", ""},
		{"an admin has been asked", leave.Course{Since: &since, Reached: 30 * day, Last: leave.Delete}, month, ask, leave.Delete, in(37 * day),
			"delete after 30d, waits for an admin to approve it; where none has answered by DAY 37, admins are asked again", leave.ConsentAsked},
		{"of the one step, and it stays undone", leave.Course{}, "delete", keep, leave.Delete, in(7 * day), "delete, waits for an admin to approve it; where none has answered by DAY 7, it is not done", leave.ConsentAsked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, ok := tt.course.Coming(tt.policy, tt.approve, tt.asked, tt.due)
			got := ""
			if ok {
				got = c.On(fmt.Sprintf("DAY %d", c.At.Sub(since)/day))
			}
			if got != tt.want || c.Consent != tt.consent {
				t.Errorf("%q (%q), want %q (%q)", got, c.Consent, tt.want, tt.consent)
			}
		})
	}
	if p := leave.Policy("deactivate, downgrade after 7d, delete after 9d"); !p.Later() || p.LaterSteps() != "downgrade after 7d, delete after 9d" || month.LaterSteps() != "delete after 30d" {
		t.Errorf("later steps: %v %q %q", p.Later(), p.LaterSteps(), month.LaterSteps())
	}
	if p := leave.Policy("delete"); p.Later() || p.LaterSteps() != "" {
		t.Error("one step at once is no later one")
	}
}
