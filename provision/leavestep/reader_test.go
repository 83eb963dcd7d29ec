package leavestep_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/report"
)

// told are the steps that are to come, as lists of so many have them.
func (h house) told(limit int) (lines []string) {
	h.Helper()
	page := report.Page{Limit: limit}
	for {
		found, next, err := h.Core.Report.Steps(h.Context(), h.Desk.ID, page)
		h.Must(err)
		for _, s := range found {
			lines = append(lines, s.Person.Profile.GivenName+": "+s.On(s.At.Sub(h.Now()).Round(day).String()))
		}
		if page.After = next; next == "" {
			return lines
		}
	}
}

// counted is how many steps are to come on the desk, and how soon.
func (h house) counted() (n report.StepsToCome, next string) {
	h.Helper()
	counts, err := h.Core.Report.CountSteps(h.Context())
	h.Must(err)
	n = counts[h.Desk.ID]
	if n.Next != nil {
		next = n.Next.Sub(h.Now()).Round(day).String()
	}
	return n, next
}

// TestWhatIsToComeIsTold: the soonest first, page by page, and whether an admin is asked;
// nothing of who is back, of whom it was done, and of what a desk does not do any more.
func TestWhatIsToComeIsTold(t *testing.T) {
	each(t, func(h house) {
		h.says("deactivate, delete after 30d", provision.Approve{Of: provision.ApproveDeletes})
		if n, _ := h.counted(); n.Count != 0 || h.told(0) != nil {
			t.Errorf("before anybody has left: %+v, %v", n, h.told(0))
		}
		h.leaver("ann")
		h.later(10 * day)
		h.leaver("bob")
		h.later(10 * day)
		cid := h.leaver("cid")
		want := []string{"ann: delete after 30d, due 240h0m0s; an admin has to approve it then", "bob: delete after 30d, due 480h0m0s; an admin has to approve it then",
			"cid: delete after 30d, due 720h0m0s; an admin has to approve it then"}
		for _, limit := range []int{0, 1, 2} {
			if diff := cmp.Diff(want, h.told(limit)); diff != "" {
				h.Errorf("in pages of %d (-want +got):\n%s", limit, diff)
			}
		}
		if n, next := h.counted(); n.Count != 3 || n.Asked != 0 || next != "240h0m0s" {
			h.Errorf("counted %+v, the next in %s", n, next)
		}
		if _, _, err := h.Core.Report.Steps(h.Context(), "", report.Page{After: "x"}); err == nil {
			h.Error("any text is taken for a place in the list")
		}

		h.SetStatus(cid, provision.StatusActive)
		if diff := cmp.Diff(want[:2], h.told(0)); diff != "" {
			h.Errorf("of somebody who is back (-want +got):\n%s", diff)
		}
		h.ReconcileAll()
		h.later(11 * day)
		want = []string{"ann: delete after 30d, waits for an admin to approve it; where none has answered by 168h0m0s, admins are asked again",
			"bob: delete after 30d, due 216h0m0s; an admin has to approve it then"}
		for _, limit := range []int{0, 1} {
			if diff := cmp.Diff(want, h.told(limit)); diff != "" {
				h.Errorf("once an admin is asked, in pages of %d (-want +got):\n%s", limit, diff)
			}
		}
		if n, next := h.counted(); n.Count != 2 || n.Asked != 1 || next != "216h0m0s" {
			h.Errorf("counted %+v, the next in %s", n, next)
		}

		h.says("deactivate", provision.Approve{})
		if diff := cmp.Diff([]string{"ann: delete, waits for an admin to approve it; where none has answered by 168h0m0s, admins are asked again"}, h.told(0)); diff != "" {
			h.Errorf("where the desk says no such thing any more (-want +got):\n%s", diff)
		}
		if n, next := h.counted(); n.Count != 1 || next != "" {
			h.Errorf("counted %+v, the next in %q", n, next)
		}
	})
}
