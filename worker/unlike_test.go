package worker_test

import (
	"slices"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// TestDeletedUsersNeedNobody: a desk that changes nothing of a user who exists,
// and deletes. What it cannot take away goes with the user.
func TestDeletedUsersNeedNobody(t *testing.T) {
	each(t, func(s *settings) { s.desk.OnLeave = provision.LeaveDelete }, func(h *harness) {
		h.agents()
		cannot := desk.Unsupported("change", "Manage › Users")
		h.faults.before = func(_ int, call string) error {
			if slices.Contains([]string{"SetRole", "ChangeMailboxes", "SetActive"}, call) {
				return cannot
			}
			return nil
		}
		id := h.agent("bob")
		h.suspend(id.ID)
		h.drain()
		if a := h.state(id.ID, provision.AccountEnded); a.Reason != "" {
			h.Errorf("reason %q", a.Reason)
		}
		if got := h.user(id.Profile.Email); got != nil {
			h.Errorf("the user is still there: %+v", got)
		}
	})
}

// TestAdminsSeeAll: where an admin has every mailbox there is nothing to take
// away.
func TestAdminsSeeAll(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.rule("clerk", provision.RoleAgent, nil, []string{"Billing"})
		h.rule("boss", provision.RoleAdmin, nil, []string{"Help"})
		h.faults.capabilities = func(c *desk.Capabilities) { c.AdminsSeeAll, c.ChangeMailboxes = true, false }
		id := h.person("eve", roles("boss"))
		h.drain()
		h.state(id.ID, provision.AccountReady)
		user := h.user(id.Profile.Email)
		h.must(h.raw.ChangeMailboxes(h.Context(), user.ID, []string{"Billing"}, nil))
		h.faults.reset()
		_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, h.account(id.ID).ID, false)
		h.must(err)
		h.drain()
		h.state(id.ID, provision.AccountReady)
		if wrote := h.faults.wrote(); len(wrote) > 0 {
			h.Errorf("wrote %q", wrote)
		}
	})
}
