package worker_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// misfit is a desk that makes users otherwise than it was asked to, and says so.
// In the same moment an admin makes somebody with the address by hand.
type misfit struct {
	faulty
	byHand func() *provision.DeskUser
	names  bool // the user that was made

	made, stranger *provision.DeskUser
}

func (d *misfit) Capabilities() desk.Capabilities {
	can := d.faulty.Capabilities()
	can.ExternalID = false
	return can
}

func (d *misfit) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	want.ExternalID, want.Role, want.Email = "", provision.RoleLimited, "other-"+want.Email
	want.Teams, want.Mailboxes = nil, nil
	u, err := d.faulty.Create(ctx, want)
	if err != nil {
		return nil, err
	}
	d.made, d.stranger = u, d.byHand()
	refusal := desk.Errorf(desk.Permanent, "the desk gave the new user another role")
	refusal.NotShown = true
	if !d.names {
		return nil, refusal
	}
	return u, refusal
}

// TestCreateMisfit: whoever has the address is not taken for the user that a desk
// has made otherwise than it was asked to.
func TestCreateMisfit(t *testing.T) {
	for name, names := range map[string]bool{"named": true, "not named": false} {
		t.Run(name, func(t *testing.T) {
			each(t, nil, func(h *harness) {
				d := &misfit{names: names, byHand: func() *provision.DeskUser { return h.byHand("ann", provision.RoleAgent, "Choir") }}
				h.wrap = func(f faulty) desk.Desk { d.faulty = f; return d }
				h.agents()
				id := h.agent("ann")
				if d.made == nil {
					h.Fatalf("nobody was made: %+v", h.account(id.ID))
				}
				for range 3 {
					a := h.account(id.ID)
					if want := map[bool]provision.DeskUserID{true: d.made.ID}[names]; a.DeskUser != want {
						h.Errorf("account is on %q (%s), want %q; the stranger is %q", a.DeskUser, a.State, want, d.stranger.ID)
					}
					h.pass(grace)
				}
				h.suspend(id.ID)
				h.drain()
				h.pass(grace)
				if diff := cmp.Diff(d.stranger, h.user(id.Profile.Email)); diff != "" {
					h.Errorf("a stranger was changed (-before +after):\n%s", diff)
				}
			})
		})
	}
}
