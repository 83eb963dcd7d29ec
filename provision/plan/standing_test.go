package plan_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/plan"
)

func TestNeedsPerson(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	leaver := func(ago time.Duration) deskhealth.Health {
		return deskhealth.Health{Leavers: deskhealth.Leavers{Count: 1, Since: now.Add(-ago)}}
	}
	for _, tt := range []struct {
		name string
		o    plan.Overview
		desk deskhealth.Health
		want bool
	}{
		{name: "all is well"},
		{name: "a desk that is busy", desk: deskhealth.Health{Pause: &deskhealth.Pause{Reason: "too many requests", Since: now.Add(-50 * time.Second)}}},
		{name: "a desk that has been down for a while", desk: deskhealth.Health{Pause: &deskhealth.Pause{Reason: "it refuses the connection", Since: now.Add(-2 * time.Minute)}}, want: true},
		{name: "a sweep that was not completed", desk: deskhealth.Health{Sweep: &deskhealth.Sweep{Problem: "most users are gone"}}, want: true},
		{name: "a leaver who has just left", desk: leaver(4 * time.Minute)},
		{name: "runs that wait", desk: deskhealth.Health{Backlog: deskhealth.Backlog{Runs: 1000, Since: now.Add(-time.Hour)}}},
		{name: "a leaver who should be out long since", desk: leaver(6 * time.Minute), want: true},
		{name: "a desk that refuses our credentials", desk: deskhealth.Health{Pause: &deskhealth.Pause{Code: provision.ReasonUnauthorized}}, want: true},
		{name: "a hand-over policy that names nobody", desk: deskhealth.Health{HandOver: &deskhealth.HandOverProblem{Reason: "gone"}}, want: true},
		{name: "drift that is reported", desk: deskhealth.Health{Drifted: 1}, want: true},
		{name: "an account on hold", o: plan.Overview{Attention: []provision.Account{{State: provision.AccountOnHold}}}, want: true},
		{name: "an account that needs attention", o: plan.Overview{Attention: []provision.Account{{State: provision.AccountNeedsAttention}}}, want: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.At, tt.o.Desks = now, []plan.DeskOverview{{Health: tt.desk}}
			if got := tt.o.NeedsPerson(); got != tt.want {
				t.Errorf("%t, want %t", got, tt.want)
			}
		})
	}
}

func TestPersonIsNamed(t *testing.T) {
	for _, tt := range []struct {
		name string
		id   provision.Identity
		want string
	}{
		{"by display name and address", provision.Identity{UserName: "x17", Profile: provision.Profile{DisplayName: "Ada Lovelace", Email: "ada@acme.example"}}, "Ada Lovelace (ada@acme.example)"},
		{"by given and family name", provision.Identity{UserName: "ada@acme.example", Profile: provision.Profile{GivenName: "Ada", FamilyName: "Lovelace"}}, "Ada Lovelace (ada@acme.example)"},
		{"by userName alone", provision.Identity{UserName: "ada@acme.example", Profile: provision.Profile{DisplayName: "Ada@acme.example"}}, "ada@acme.example"},
		{"by id when there is nothing else", provision.Identity{ID: "0193"}, "0193"},
	} {
		if got := plan.PersonOf(tt.id).String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
