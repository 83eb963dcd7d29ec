package plan_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// TestRenamedTeamInWords: by every door the old name of a team goes on to be taken,
// and both names for one team are not.
func TestRenamedTeamInWords(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		checks := settings.Checks{Look: func(context.Context, provision.Desk) (*settings.Units, error) {
			return &settings.Units{Teams: []string{"Accounts", "Sales", "Tier 2"}}, nil
		}}
		core := core.New(h.Store, core.Policy{Checks: checks}, slog.New(slog.DiscardHandler))
		old := h.Rule("A", provision.RoleAgent, "Sales", "Choir")
		see := func(units ...deskhealth.Unit) {
			_, err := h.Core.DeskHealth.RecognizeUnits(h.Context(), h.Desk.ID, units)
			h.Must(err)
		}
		see(deskhealth.Unit{Kind: provision.UnitTeam, ID: "1", Name: "Sales"}, deskhealth.Unit{Kind: provision.UnitTeam, ID: "2", Name: "Choir"})
		see(deskhealth.Unit{Kind: provision.UnitTeam, ID: "1", Name: "Accounts"}, deskhealth.Unit{Kind: provision.UnitTeam, ID: "2", Name: "Tier 2"}, deskhealth.Unit{Kind: provision.UnitTeam, ID: "9", Name: "Sales"})

		rule := func(group string, teams ...string) provision.Rule {
			r := provisiontest.OnGroup(group, provision.RoleAgent, teams...)
			r.Connection, r.Desk = h.Conn.ID, h.Desk.ID
			return r
		}
		_, _, err := core.Settings.AddRule(h.Context(), provisiontest.ByTest, rule("B", "Choir"))
		h.Must(err)
		for _, name := range []string{"Tier 2", "Unheard of"} {
			_, _, err = core.Settings.AddRule(h.Context(), provisiontest.ByTest, rule("C", name))
			h.Code(err, provision.Invalid)
		}

		ann := h.Person("ann")
		h.Group("A", provision.MemberID(ann.ID))
		h.Evaluate()
		answers, err := core.Explanation.WhyNot(h.Context(), ann, explanation.Question{Team: "Choir"})
		h.Must(err)
		for _, a := range answers {
			for _, why := range a.Why {
				if why.Code == explanation.WhyNoSuchUnit {
					h.Errorf("whoever asks for a renamed team hears %q", why.Text)
				}
			}
		}

		_, err = core.Plan.Check(h.Context(), h.Draft(rule("A", "Choir"), rule("B", "Tier 2")))
		if h.Code(err, provision.Invalid); err == nil || !strings.Contains(err.Error(), `the team "Choir" "Tier 2" now`) {
			h.Errorf("a file with both names: %v", err)
		}
		warnings, err := core.Plan.Check(h.Context(), h.Draft(rule("A", "Choir"), rule("B", "Choir")))
		h.Must(err)
		if all := strings.Join(warnings, "; "); !strings.Contains(all, `calls the team "Choir" "Tier 2" now`) {
			h.Errorf("a file with the old name: %q", all)
		}
		warnings, err = core.Plan.Check(h.Context(), h.Draft(rule("A", "Tier 2")))
		h.Must(err)
		if len(warnings) > 0 {
			h.Errorf("a file with the new name: %q", warnings)
		}

		overview, err := core.Plan.Overview(h.Context())
		h.Must(err)
		var said []string
		for _, f := range overview.Findings {
			if f.Code == plan.FindingUnits {
				said = append(said, f.Text)
			}
		}
		if len(said) != 2 || strings.Contains(said[0], "Another one") || !strings.Contains(said[1], "Another one is called so now") || old.ID == "" {
			h.Errorf("findings are %q", said)
		}
	})
}
