package api_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestSecondAdmin: a release, and a plan that expects its losses, are refused with a code of
// their own until a token of somebody else asks for the same.
func TestSecondAdmin(t *testing.T) {
	h := provisiontest.New(t, storetest.SQLite(t))
	h.Core = core.New(h.Store, core.Policy{Now: h.Now, Grace: -1, Brake: reconcile.Brake{People: 1, Percent: 1}, SecondAdmin: secondadmin.Policy{On: true}}, slog.New(slog.DiscardHandler))
	o := officeOf(h)
	of := func(name string) string {
		draft := administration.TokenDraft{Name: name, Role: administration.Admin, Verbs: []string{string(admin.HoldRelease), string(admin.HoldReject), string(admin.HoldsRead), string(admin.PlanApply), string(admin.PlanDraft)}}
		_, secret, err := o.Core.Administration.CreateToken(o.Context(), provision.Cause{Actor: "cli:root(" + name + ")@a"}, administration.Maker{Standing: administration.Standing{Role: administration.Owner}}, draft)
		o.Must(err)
		return secret
	}
	ada, bob := of("ada"), of("bob")
	var people []provision.Identity
	for _, name := range []string{"p1", "p2", "p3", "p4"} {
		people = append(people, o.Person(name))
	}
	o.Group("Support", provision.MemberID(people[0].ID), provision.MemberID(people[1].ID))
	o.Group("Others", provision.MemberID(people[2].ID), provision.MemberID(people[3].ID))
	rule := o.Rule("Support", provision.RoleAgent)
	o.Rule("Others", provision.RoleAgent)
	o.Evaluate()
	o.ReconcileAll()

	draft := map[string]any{"draft": map[string]any{"rules": []any{map[string]any{"connection": "acme", "desk": "support", "group": "Support", "role": "agent"}}}}
	planned := read[api.Plan](o, o.call(ada, http.MethodPost, "/api/v1/plans", draft), 200)
	draft["expect_losses"] = 2
	path := "/api/v1/plans/" + planned.Hash + "/apply"
	o.refused(o.call(ada, http.MethodPost, path, draft), 409, "second-admin")
	o.refused(o.call(ada, http.MethodPost, path, draft), 409, "second-admin")
	open := read[api.Page[answer.SecondAdmin]](o, o.call(ada, http.MethodGet, "/api/v1/second-admin", nil), 200).Items
	if len(open) != 1 || open[0].Kind != "apply" || open[0].Subject != planned.Hash || open[0].AskedBy != "api:ada" || open[0].TokenOf != "cli:root(ada)@a" || open[0].Accounts != 2 {
		t.Fatalf("open: %+v", open)
	}
	if done := read[api.Plan](o, o.call(bob, http.MethodPost, path, draft), 200); done.Hash != planned.Hash {
		t.Errorf("applied %s", done.Hash)
	}

	o.Must(o.Core.Settings.RemoveRule(o.Context(), provisiontest.ByTest, o.ruleID(rule)))
	o.Evaluate()
	o.ReconcileAll()
	everybody := map[string]any{"all": true}
	release := "/api/v1/connections/acme/holds/release"
	o.header = [2]string{"Idempotency-Key", "once"}
	o.refused(o.call(ada, http.MethodPost, release, everybody), 409, "second-admin")
	o.refused(o.call(ada, http.MethodPost, release, everybody), 409, "second-admin")
	o.header = [2]string{}
	open = read[api.Page[answer.SecondAdmin]](o, o.call(bob, http.MethodGet, "/api/v1/second-admin", nil), 200).Items
	if len(open) != 1 || open[0].Kind != "release" || open[0].Subject != string(o.Conn.ID) {
		t.Fatalf("open: %+v", open)
	}
	if gone := read[answer.SecondAdmin](o, o.call(bob, http.MethodDelete, "/api/v1/second-admin/"+open[0].ID, nil), 200); gone.ID != open[0].ID {
		t.Errorf("withdrawn: %+v", gone)
	}
	o.refused(o.call(bob, http.MethodDelete, "/api/v1/second-admin/"+open[0].ID, nil), 404, "not_found")
	o.refused(o.call(bob, http.MethodPost, release, everybody), 409, "second-admin")
	if done := read[api.Done](o, o.call(ada, http.MethodPost, release, everybody), 200); done.Count != 2 {
		t.Errorf("released %d", done.Count)
	}
}

// ruleID returns the id that a rule like r has by now.
func (o *office) ruleID(r provision.Rule) provision.RuleID {
	o.Helper()
	rules, err := o.Store.Rules(o.Context(), o.Conn.ID)
	o.Must(err)
	for _, have := range rules {
		if have.GroupID == r.GroupID {
			return have.ID
		}
	}
	o.Fatal("no such rule")
	return ""
}
