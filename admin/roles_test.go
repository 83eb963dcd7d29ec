package admin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// TestTheTableIsWhole: a stronger role may all that a weaker one may, what is read
// needs no step-up, and no verb stands there twice.
func TestTheTableIsWhole(t *testing.T) {
	seen := make(map[admin.Verb]bool)
	for _, r := range admin.Rules {
		if seen[r.Verb] || r.Means == "" || len(r.Roles) == 0 {
			t.Errorf("the row of %s: %+v", r.Verb, r)
		}
		seen[r.Verb] = true
		if !slices.Contains(r.Roles, administration.Owner) {
			t.Errorf("an owner may not %s", r.Means)
		}
		if (r.StepUp || r.BrowserOnly) && !r.Changes {
			t.Errorf("%s changes nothing, and needs a fresh sign-in", r.Verb)
		}
		if r.BrowserOnly && !r.StepUp {
			t.Errorf("%s needs a browser, and no fresh sign-in", r.Verb)
		}
		ladder := administration.Roles[:4] // the mailbox manager stands apart
		for i := range ladder[1:] {
			if slices.Contains(r.Roles, ladder[i+1]) && !slices.Contains(r.Roles, ladder[i]) {
				t.Errorf("%s may %s, and %s may not", ladder[i+1], r.Means, ladder[i])
			}
		}
		if r.Changes && slices.Contains(r.Roles, administration.Auditor) {
			t.Errorf("an auditor may %s", r.Means)
		}
	}
}

// TestMay asks each verb of each role, in each way to ask.
func TestMay(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	fresh, stale := now.Add(-time.Minute), now.Add(-admin.FreshFor)
	for _, role := range append([]administration.Role{""}, administration.Roles...) {
		standing := administration.Standing{Role: role}
		if role == administration.MailboxManager {
			standing.Reach = []administration.Reach{{Desk: "d", Teams: []string{"A"}}}
		}
		for _, r := range admin.Rules {
			roleMay := slices.Contains(r.Roles, role)
			for _, tt := range []struct {
				name string
				who  *admin.Actor
				want string // reason; "": may
			}{
				{"nobody", &admin.Actor{}, admin.ReasonCredentials},
				{"signed in just now", admin.Someone(admin.Person, standing, nil, fresh, now), ""},
				{"signed in a while ago", admin.Someone(admin.Person, standing, nil, stale, now), when(r.StepUp, admin.ReasonStepUp)},
				{"signed in, and it is not known when", admin.Someone(admin.BreakGlass, standing, nil, time.Time{}, now), when(r.StepUp, admin.ReasonStepUp)},
				{"a token for all", admin.Someone(admin.Token, standing, nil, time.Time{}, now), first(when(r.BrowserOnly, admin.ReasonBrowser), when(r.StepUp, admin.ReasonScope))},
				{"a token for this", admin.Someone(admin.Token, standing, []string{string(r.Verb)}, time.Time{}, now), when(r.BrowserOnly, admin.ReasonBrowser)},
				{"a token for something else", admin.Someone(admin.Token, standing, []string{"something"}, time.Time{}, now), first(when(r.BrowserOnly, admin.ReasonBrowser), admin.ReasonScope)},
			} {
				want := tt.want
				if !roleMay && tt.who.Kind != "" {
					want = admin.ReasonRole
				}
				got := ""
				if err := tt.who.May(r.Verb); err != nil {
					got = err.(*provision.Error).Reason
				}
				if got != want {
					t.Errorf("%s, %s, %s: refused for %q, want %q", role, tt.name, r.Verb, got, want)
				}
			}
		}
	}
	if err := admin.Someone(admin.Person, administration.Standing{Role: administration.Owner}, nil, fresh, now).May("no.verb"); err == nil {
		t.Error("an owner may what the table does not have")
	}
	both := admin.Someone(admin.Person, administration.Standing{Role: administration.Auditor, Reach: []administration.Reach{{Desk: "d", Teams: []string{"A"}}}}, nil, fresh, now)
	if both.May(admin.PlanApply) != nil || !both.LimitedTo(admin.PlanApply) || both.LimitedTo(admin.RulesRead) || both.May(admin.AuditRead) != nil {
		t.Error("an auditor who is a mailbox manager, too")
	}
}

func when(is bool, reason string) string {
	if is {
		return reason
	}
	return ""
}

func first(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}

func TestCheckVerbs(t *testing.T) {
	for _, tt := range []struct {
		role  administration.Role
		verbs []string
		good  bool
	}{
		{administration.Auditor, nil, true},
		{administration.Auditor, []string{"audit.read"}, true},
		{administration.Auditor, []string{"plan.apply"}, false},
		{administration.Owner, []string{"admin.grant"}, false},
		{administration.Admin, []string{"hold.release", "plan.apply"}, true},
		{administration.Admin, []string{"hold.releases"}, false},
	} {
		if err := admin.CheckVerbs(tt.role, tt.verbs); (err == nil) != tt.good {
			t.Errorf("%s %v: %v", tt.role, tt.verbs, err)
		}
	}
}
