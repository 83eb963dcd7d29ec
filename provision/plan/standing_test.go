package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

func TestNeedsPerson(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	leaver := func(ago time.Duration) deskhealth.Health {
		return deskhealth.Health{Leavers: deskhealth.Leavers{Count: 1, Since: now.Add(-ago)}}
	}
	for _, tt := range []struct {
		name string
		desk deskhealth.Health
		in   provision.AccountState // in which one account is
		want bool
	}{
		{name: "all is well"},
		{name: "a desk that is busy", desk: deskhealth.Health{Pause: &deskhealth.Pause{Reason: "too many requests", Since: now.Add(-50 * time.Second)}}},
		{name: "a desk that has been down for a while", desk: deskhealth.Health{Pause: &deskhealth.Pause{Reason: "it refuses the connection", Since: now.Add(-2 * time.Minute)}}, want: true},
		{name: "a desk that an admin has paused just now", desk: deskhealth.Health{PausedBy: "anna", Pause: &deskhealth.Pause{Reason: "moves", Since: now, Until: now.Add(time.Hour)}}, want: true},
		{name: "somebody who left a paused desk just now", desk: deskhealth.Health{PausedBy: "anna", Pause: &deskhealth.Pause{Since: now, Until: now.Add(time.Hour)}, Leavers: deskhealth.Leavers{Count: 1, Since: now}}, want: true},
		{name: "a sweep that was not completed", desk: deskhealth.Health{Sweep: &deskhealth.Sweep{Problem: "most users are gone"}}, want: true},
		{name: "a leaver who has just left", desk: leaver(4 * time.Minute)},
		{name: "runs that wait", desk: deskhealth.Health{Backlog: deskhealth.Backlog{Runs: 1000, Since: now.Add(-time.Hour)}}},
		{name: "a leaver who should be out long since", desk: leaver(6 * time.Minute), want: true},
		{name: "a desk that refuses our credentials", desk: deskhealth.Health{Pause: &deskhealth.Pause{Code: provision.ReasonUnauthorized}}, want: true},
		{name: "a hand-over policy that names nobody", desk: deskhealth.Health{HandOver: &deskhealth.HandOverProblem{Reason: "gone"}}, want: true},
		{name: "drift that is reported", desk: deskhealth.Health{Drifted: 1}, want: true},
		{name: "an account on hold", in: provision.AccountOnHold, want: true},
		{name: "an account that needs attention", in: provision.AccountNeedsAttention, want: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := plan.DeskOverview{Desk: provision.Desk{Name: "support"}, Health: tt.desk, Accounts: map[provision.AccountState]int{tt.in: 1}}
			found := plan.OfDesk(d, now)
			o := plan.Overview{Findings: found}
			if got := o.NeedsPerson(); got != tt.want {
				t.Errorf("%t, want %t", got, tt.want)
			}
			d.Desk.Removal = provision.RemovalEnding
			for _, f := range slices.Concat(found, plan.OfDesk(d, now)) {
				if f.Do == "" || strings.Contains(f.Text, "1 accounts") || strings.Contains(f.Text, "1 leavers") {
					t.Errorf("%s: %q, to do %q", f.Code, f.Text, f.Do)
				}
			}
			for _, f := range plan.OfDesk(d, now) {
				if !strings.Contains(f.Do, "desk remove support --keep-access") {
					t.Errorf("of a desk that is being removed: %s: %q", f.Code, f.Do)
				}
			}
			d.Desk.Removal = provision.RemovalKeeping
			if found := plan.OfDesk(d, now); len(found) > 0 {
				t.Errorf("of a desk that is called no more: %+v", found)
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

// TestWhatIsFoundOfAConnection: nobody is silent whose requests are not noted, and
// nothing is to be set up of what is being removed.
func TestWhatIsFoundOfAConnection(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Rule("Support", provision.RoleAgent) // which was never pushed
		tokens, err := h.Core.Tokens.Tokens(h.Context(), h.Conn.ID)
		h.Must(err)
		h.Must(h.Store.TouchToken(h.Context(), tokens[0].ID, h.Now()))
		h.Offset.Add(int64(100 * time.Hour))
		found := func() (codes []plan.FindingCode) {
			o, err := h.Core.Plan.Glance(h.Context())
			h.Must(err)
			for _, f := range o.Findings {
				if f.Connection != "" {
					codes = append(codes, f.Code)
				}
			}
			return codes
		}
		want := func(what string, codes ...plan.FindingCode) {
			h.Helper()
			if got := found(); !slices.Equal(got, codes) {
				h.Errorf("%s: %v, want %v", what, got, codes)
			}
		}
		want("a token that is used no more", plan.FindingSilent, plan.FindingGroups)
		conn := h.Conn
		conn.JWT = &protocol.JWT{Issuer: "https://idp.example.test", Audience: "deskbridge"}
		h.Must(h.Store.SaveConnection(h.Context(), conn))
		want("signed tokens", plan.FindingGroups)
		conn.Removal = provision.RemovalEnding
		h.Must(h.Store.SaveConnection(h.Context(), conn))
		want("a connection that is being removed")
	})
}
