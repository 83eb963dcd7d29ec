package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestPlanTellsOfSteps: a plan says of whom steps of on_leave begin, end, and become others.
func TestPlanTellsOfSteps(t *testing.T) {
	const month = "deactivate, delete after 30d"
	agents := provision.Rule{Attribute: "roles", Equals: "agent", Role: provision.RoleAgent}
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Desk.OnLeave = month
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		h.ByRoles()
		left := []provision.Identity{h.Person("ann", "agent"), h.Person("bob", "agent")}
		h.Person("cid", "agent")
		h.ReconcileAll()
		for _, p := range left {
			_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, p.ID, provisiontest.ByTest, func(id *provision.Identity) error {
				id.Attributes = provision.Attributes{"roles": []string{"guest"}}
				return nil
			})
			h.Must(err)
		}
		h.ReconcileAll()
		draft := func(policy provision.OnLeave, approve provision.Approve, rules ...provision.Rule) plan.Draft {
			d := h.Draft(rules...)
			d.Desks[0].OnLeave, d.Desks[0].Approve = policy, approve
			return d
		}
		ask := provision.Approve{Of: provision.ApproveDeletes}
		guests := provision.Rule{Attribute: "roles", Equals: "guest", Role: provision.RoleAgent}
		for _, tt := range []struct {
			name  string
			draft plan.Draft
			want  []plan.StepChange
		}{
			{"nothing of it changes", draft(month, provision.Approve{}, agents), nil},
			{"who loses access has steps to come", draft(month, ask), []plan.StepChange{{Desk: "support", Steps: "delete after 30d", Asks: true, Begin: 1, Asked: 2}}},
			{"who has access again has none", draft(month, provision.Approve{}, agents, guests), []plan.StepChange{{Desk: "support", Steps: "delete after 30d", Stop: 2}}},
			{"later", draft("deactivate, delete after 60d", provision.Approve{}, agents), []plan.StepChange{{Desk: "support", Steps: "delete after 60d", Later: 2}}},
			{"never sooner than told", draft("deactivate, delete after 7d", provision.Approve{}, agents), nil},
			{"not at all", draft("deactivate", provision.Approve{}, agents), []plan.StepChange{{Desk: "support", Never: 2}}},
			{"something else", draft("deactivate, anonymize after 30d", provision.Approve{}, agents), []plan.StepChange{{Desk: "support", Steps: "anonymize after 30d", Other: 2}}},
			{"who is back has none, whatever the desk says", draft("deactivate", provision.Approve{}, agents, guests), []plan.StepChange{{Desk: "support", Stop: 2}}},
		} {
			if diff := cmp.Diff(tt.want, h.Plan(tt.draft).Consequences.Steps); diff != "" {
				h.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}

		h.Desk.Approve = ask
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		h.Offset.Add(int64(31 * 24 * time.Hour))
		_, err := h.Core.LeaveSteps.Pass(h.Context())
		h.Must(err)
		h.ReconcileAll()
		want := []plan.StepChange{{Desk: "support", Steps: "delete after 30d", Unasked: 2}}
		if diff := cmp.Diff(want, h.Plan(draft(month, provision.Approve{}, agents)).Consequences.Steps); diff != "" {
			h.Errorf("where admins are not asked any more (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]plan.StepChange{{Desk: "support", Never: 2}}, h.Plan(draft("deactivate", provision.Approve{}, agents)).Consequences.Steps); diff != "" {
			h.Errorf("where what was asked about is not done any more (-want +got):\n%s", diff)
		}
	})
}

func TestStepsInWords(t *testing.T) {
	c := plan.StepChange{Desk: "support", Steps: "delete after 30d", Asks: true, Begin: 1, Stop: 2, Later: 3, Never: 4, Other: 5, Asked: 6, Unasked: 7}
	want := `1 person who would lose access to support would have further steps of its on_leave to come: delete after 30d, once an admin has approved it
2 people would have access to support again: the step of its on_leave that is to come for them is not done
3 people of whom a step is to come on support: it would be done later than was told
4 people of whom a step is to come on support: it would not be done
5 people of whom a step is to come on support: something else would be done then
6 people of whom a step is to come on support: an admin would have to approve it
7 people of whom a step is to come on support: it would be done without asking an admin`
	if diff := cmp.Diff(want, strings.Join(c.Says("would"), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
