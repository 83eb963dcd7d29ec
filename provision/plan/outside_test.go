package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestNobodyIsNamedOutside: what mails and webhooks tell names nobody, whatever needs
// somebody; what admins see here does.
func TestNobodyIsNamedOutside(t *testing.T) {
	h := provisiontest.New(t, storetest.SQLite(t))
	ctx := h.Context()
	h.ByRoles()
	ada := h.Person("ada.lovelace", "agent")
	h.ReconcileAll()
	a := h.Account(ada.ID)
	a.Confirmed.ByHand = "click Away in the profile"
	h.Must(h.Store.SaveAccounts(ctx, []provision.Account{a}))
	end := h.Now().Add(3 * 24 * time.Hour)
	_, err := h.Core.Terms.SetEnd(ctx, provisiontest.ByTest, ada.ID, &end)
	h.Must(err)
	_, err = h.Core.DeskHealth.PauseDesk(ctx, provision.Cause{Actor: "grace.hopper@host"}, h.Desk.ID, end, "ada.lovelace moves it")
	h.Must(err)
	d := h.Desk
	d.HandOver = provision.HandOver{Agent: "ada.lovelace@example.test"}
	h.Must(h.Store.SaveDesk(ctx, d))
	h.Must(h.Core.DeskHealth.NoteHandOver(ctx, d, map[string]string{"": "hand_over: ada.lovelace@example.test is not on the desk"}))
	bob := h.Person("bob.leaver", "agent")
	h.SetStatus(bob.ID, provision.StatusSuspended)

	o, err := h.Core.Plan.Glance(ctx)
	h.Must(err)
	seen := make(map[plan.FindingCode]bool)
	named := 0
	for _, f := range o.Findings {
		seen[f.Code] = true
		for _, who := range []string{"lovelace", "hopper", "leaver@", "bob"} {
			if strings.Contains(f.Told(), who) || strings.Contains(f.Do, who) {
				t.Errorf("%s tells outside: %q, to do %q", f.Code, f.Told(), f.Do)
			}
			if strings.Contains(f.Text, who) {
				named++
			}
		}
	}
	for _, code := range []plan.FindingCode{plan.FindingByHand, plan.FindingEnds, plan.FindingDeskStopped, plan.FindingHandOver} {
		if !seen[code] {
			t.Errorf("nothing of %s: this test does not see what that tells", code)
		}
	}
	if named < 2 {
		t.Errorf("only %d names are shown to admins", named)
	}
	if f := plan.OfDesk(plan.DeskOverview{Desk: h.Desk, Health: deskhealth.Health{PausedBy: "grace", Pause: &deskhealth.Pause{Reason: "ada"}}}, h.Now()); len(f) != 1 || strings.Contains(f[0].Told(), "grace") {
		t.Errorf("a paused desk: %+v", f)
	}
}
