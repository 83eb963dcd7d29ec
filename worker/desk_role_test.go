package worker_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// ownRoles are roles of a desk's own, and who has them by id.
type ownRoles struct {
	mu    sync.Mutex
	roles []desk.RoleInfo
	has   map[provision.DeskUserID][]string
}

func (o *ownRoles) title(id string) string {
	for _, r := range o.roles {
		if r.ID == id {
			return r.Title
		}
	}
	return ""
}

func (o *ownRoles) id(title string) string {
	for _, r := range o.roles {
		if provision.Fold(r.Title) == provision.Fold(title) {
			return r.ID
		}
	}
	return ""
}

// titles returns what somebody has.
func (o *ownRoles) titles(id provision.DeskUserID) (titles []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.has[id] {
		titles = append(titles, o.title(r))
	}
	return provision.Sorted(titles)
}

// withRoles is a desk that has roles of its own.
type withRoles struct {
	faulty
	own *ownRoles
}

func (d withRoles) Roles(context.Context) ([]desk.RoleInfo, error) {
	d.own.mu.Lock()
	defer d.own.mu.Unlock()
	return slices.Clone(d.own.roles), nil
}

func (d withRoles) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	u, err := d.faulty.Find(ctx, key)
	if u == nil || err != nil {
		return u, err
	}
	u.DeskRoles = d.own.titles(u.ID)
	for _, r := range d.own.roles {
		if r.Rank == provision.RoleAdmin && slices.Contains(u.DeskRoles, r.Title) {
			u.Role = provision.RoleAdmin
		}
	}
	return u, err
}

func (d withRoles) ChangeRoles(_ context.Context, id provision.DeskUserID, add, remove []string) error {
	return d.faults.call("ChangeRoles", true, func() error {
		d.own.mu.Lock()
		defer d.own.mu.Unlock()
		for _, title := range add {
			if d.own.id(title) == "" {
				return desk.NoPlace(desk.Permanent, title, "the desk has no role %q", title)
			}
		}
		for _, title := range add {
			d.own.has[id] = append(d.own.has[id], d.own.id(title))
		}
		for _, title := range remove {
			d.own.has[id] = slices.DeleteFunc(d.own.has[id], func(r string) bool { return r == d.own.id(title) })
		}
		return nil
	})
}

// deskRole makes a rule that gives agents a role of the desk's own.
func (h *harness) deskRole(value string, roles ...string) provision.Rule {
	h.Helper()
	r, err := h.core.Settings.AddRuleUnchecked(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Attribute: "roles", Equals: value, Role: provision.RoleAgent, DeskRoles: roles})
	h.must(err)
	return r
}

// TestDeskRoles: roles of a desk's own are given and taken like teams: what rules
// name, and nothing that somebody gave by hand; by their ids, whatever they are called.
func TestDeskRoles(t *testing.T) {
	each(t, nil, func(h *harness) {
		own := &ownRoles{has: make(map[provision.DeskUserID][]string), roles: []desk.RoleInfo{
			{ID: "1", Title: "Editor", Rank: provision.RoleAgent}, {ID: "2", Title: "Office", Rank: provision.RoleAdmin}, {ID: "3", Title: "Tier 1 lead", Rank: provision.RoleAgent}}}
		h.wrap = func(d faulty) desk.Desk { return withRoles{d, own} }
		h.agents()
		h.deskRole("lead", "Tier 1 lead")
		id := h.person("ann", roles("agent", "lead"))
		h.drain()
		a := h.state(id.ID, provision.AccountReady)
		h.same("given", []string{"Tier 1 lead"}, own.titles(a.DeskUser))
		h.same("confirmed", []string{"Tier 1 lead"}, a.Confirmed.DeskRoles)
		own.has[a.DeskUser] = append(own.has[a.DeskUser], "1") // by hand
		if report := h.sweep(); len(report.Drifts) != 0 {
			h.Errorf("drift: %v", h.differences(report.Drifts))
		}

		own.roles[2].Title = "Lead of tier 1"
		h.restart() // what the desk calls them is read again
		if report := h.sweep(); len(report.Drifts) != 0 {
			h.Errorf("drift by a new name: %v", h.differences(report.Drifts))
		}
		own.has[a.DeskUser] = []string{"1"}
		h.same("drift", []string{"ann: without role Tier 1 lead"}, h.differences(h.sweep().Drifts))
		h.drain()
		h.same("repaired", []string{"Editor", "Lead of tier 1"}, own.titles(a.DeskUser))

		h.update(id.ID, roles("agent"))
		h.pass(time.Minute)
		h.same("moved", []string{"Editor"}, own.titles(a.DeskUser))
		h.update(id.ID, roles("agent", "lead"))
		h.drain()
		h.suspend(id.ID)
		h.drain()
		h.state(id.ID, provision.AccountEnded)
		h.same("left", []string{"Editor"}, own.titles(a.DeskUser))
		if n := h.actions(id.ID)["account.desk_roles_changed"]; n != 5 {
			h.Errorf("%d entries, want 5", n)
		}
	})
}

// TestDeskRoleThatRules: nobody becomes admin by the name of a role, and who has one
// that amounts to it is the last admin too.
func TestDeskRoleThatRules(t *testing.T) {
	each(t, nil, func(h *harness) {
		own := &ownRoles{has: make(map[provision.DeskUserID][]string), roles: []desk.RoleInfo{{ID: "2", Title: "Office", Rank: provision.RoleAdmin}}}
		h.wrap = func(d faulty) desk.Desk { return withRoles{d, own} }
		h.agents()
		h.deskRole("office", "Office", "Nowhere")
		id := h.person("ann", roles("agent", "office"))
		h.drain()
		a := h.state(id.ID, provision.AccountNeedsAttention)
		if a.ReasonCode != provision.ReasonRefused || !strings.Contains(a.Reason, `the role "Office" of support amounts to admin`) || a.DeskUser != "" {
			h.Errorf("%s: %q, desk user %q", a.ReasonCode, a.Reason, a.DeskUser)
		}
		own.roles[0].Rank = provision.RoleAgent // its rights were taken away
		h.restart()
		h.pass(11 * time.Minute)
		a = h.state(id.ID, provision.AccountNeedsAttention)
		if a.ReasonCode != provision.ReasonPlace || !strings.Contains(a.Reason, `no role "Nowhere"`) {
			h.Errorf("%s: %q", a.ReasonCode, a.Reason)
		}
		h.same("given", []string{"Office"}, own.titles(a.DeskUser))

		own.roles[0].Rank = provision.RoleAdmin
		h.restart()
		h.faults.admins = 1
		h.faults.reset()
		h.suspend(id.ID)
		h.drain()
		if a := h.state(id.ID, provision.AccountNeedsAttention); a.ReasonCode != provision.ReasonLastAdmin || len(h.faults.wrote()) > 0 {
			h.Errorf("%s: %q, wrote %v", a.ReasonCode, a.Reason, h.faults.wrote())
		}
	})
}
