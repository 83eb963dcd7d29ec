package leave_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision/leave"
)

const day = 24 * time.Hour

func TestSteps(t *testing.T) {
	for _, tt := range []struct {
		policy leave.Policy
		want   []leave.Step
		as     leave.Policy
	}{
		{"", []leave.Step{{What: leave.Deactivate}}, ""},
		{"delete", []leave.Step{{What: leave.Delete}}, "delete"},
		{"Deactivate,delete after 720h", []leave.Step{{What: leave.Deactivate}, {What: leave.Delete, After: 30 * day}}, "deactivate, delete after 30d"},
		{"downgrade to limited, deactivate, anonymize after 1y", []leave.Step{{What: leave.Downgrade, Role: "limited"}, {What: leave.Deactivate}, {What: leave.Anonymize, After: 365 * day}},
			"downgrade to limited, deactivate, anonymize after 365d"},
		{"deactivate, downgrade after 36h, delete after 5y", []leave.Step{{What: leave.Deactivate}, {What: leave.Downgrade, After: 36 * time.Hour}, {What: leave.Delete, After: leave.MaxAfter}},
			"deactivate, downgrade after 36h, delete after 1825d"},
	} {
		if diff := cmp.Diff(tt.want, tt.policy.Steps()); diff != "" || len(tt.policy.Validate()) > 0 {
			t.Errorf("%q: %v, steps (-want +got):\n%s", tt.policy, tt.policy.Validate(), diff)
		}
		if got := tt.policy.Canonical(); got != tt.as || !got.Same(tt.policy) || got.Canonical() != got {
			t.Errorf("%q is written %q, want %q", tt.policy, got, tt.as)
		}
	}
}

func TestWhatIsNoPolicyIsRefusedInWords(t *testing.T) {
	for policy, want := range map[leave.Policy]string{
		"destroy":                                         `unknown on_leave "destroy"`,
		"deactivate,":                                     "a step is missing",
		"deactivate, delete after 59m":                    "is no time for a step",
		"deactivate, delete after 0h":                     "out of range",
		"deactivate, delete after 6y":                     "out of range",
		"deactivate, delete after 99999999999d":           "is no time",
		"deactivate, delete in 30d":                       `"in" does not belong`,
		"delete after 30d":                                "put deactivate or downgrade before",
		"delete, deactivate after 30d":                    "cannot be undone; let it be the last",
		"deactivate, delete":                              "say after how long",
		"deactivate, deactivate after 3d":                 "stands there twice",
		"deactivate, anonymize after 1d, delete after 2d": "cannot be undone; let it be the last",
		"deactivate, downgrade after 9d, delete after 2d": "cannot come after",
		"downgrade to agent":                              "only to limited",
		"deactivate to limited":                           "only a downgrade",
	} {
		got := strings.Join(policy.Validate(), "; ")
		if !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", policy, got, want)
		}
		if w := (leave.Course{}).Way(policy); w != (leave.Way{Deactivate: true}) {
			t.Errorf("%q, which is no policy, does %+v", policy, w)
		}
	}
}

// TestCourse plays what becomes of one account: time passes, and the policy changes.
func TestCourse(t *testing.T) {
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	const month = leave.Policy("deactivate, delete after 30d")
	type step struct {
		at     time.Duration // since the start
		policy leave.Policy
		way    leave.Way     // as a run that begins then finds it
		next   time.Duration // since the start; 0: nothing is to come
	}
	cut, gone := leave.Way{Deactivate: true}, leave.Way{Deactivate: true, ForGood: leave.Delete}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"one step has no course", []step{{0, "deactivate", cut, 0}, {99 * day, "deactivate", cut, 0}}},
		{"due by the clock, not before", []step{{0, month, cut, 30 * day}, {29 * day, month, cut, 30 * day}, {30 * day, month, gone, 0}}},
		{"never sooner than told", []step{{0, month, cut, 30 * day}, {9 * day, "deactivate, delete after 7d", cut, 30 * day}, {30 * day, "deactivate, delete after 7d", gone, 0}}},
		{"later where the desk says so by now", []step{{0, month, cut, 30 * day}, {30 * day, "deactivate, delete after 90d", cut, 90 * day}, {90 * day, "deactivate, delete after 90d", gone, 0}}},
		{"not at all where the step is gone", []step{{0, month, cut, 30 * day}, {31 * day, "deactivate", cut, 0}, {99 * day, "deactivate", cut, 0}}},
		{"who left before there was such a step is told first", []step{{0, "deactivate", cut, 0}, {99 * day, month, cut, 129 * day}, {129 * day, month, gone, 0}}},
		{"one step at a time, after whatever pause", []step{
			{0, "deactivate, downgrade after 7d, delete after 9d", cut, 7 * day},
			{60 * day, "deactivate, downgrade after 7d, delete after 9d", leave.Way{Deactivate: true, Downgrade: true}, 69 * day},
			{69 * day, "deactivate, downgrade after 7d, delete after 9d", leave.Way{Deactivate: true, Downgrade: true, ForGood: leave.Delete}, 0}}},
		{"what cannot be undone is told, whatever was reached before", []step{
			{0, "deactivate, downgrade after 7d", cut, 7 * day},
			{7 * day, "deactivate, downgrade after 7d", leave.Way{Deactivate: true, Downgrade: true}, 0},
			{8 * day, "deactivate, delete after 2d", cut, 10 * day},
			{10 * day, "deactivate, delete after 2d", gone, 0}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c leave.Course
			for i, s := range tt.steps {
				now := start.Add(s.at)
				c.Look(s.policy, now)
				if got := c.Way(s.policy); got != s.way {
					t.Fatalf("step %d: a run does %+v, want %+v (%+v)", i, got, s.way, c)
				}
				c.Confirm(s.policy, "mark", now)
				_, at, ok := c.Next(s.policy)
				if ok != (s.next > 0) || ok && !at.Equal(start.Add(s.next)) {
					t.Fatalf("step %d: the next is at %s (%v), want %s after the start", i, at.Sub(start), ok, s.next)
				}
			}
			if c.Confirm("delete", "", start); c != (leave.Course{}) {
				t.Errorf("nobody is there any more, and what is left is %+v", c)
			}
		})
	}
}
