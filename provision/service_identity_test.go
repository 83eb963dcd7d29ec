package provision_test

import (
	"errors"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/google/go-cmp/cmp"
)

func (h *house) byRoles() {
	h.Helper()
	_, err := h.core.AddRule(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
	h.must(err)
}

func TestLifecycle(t *testing.T) {
	each(t, func(h *house) {
		ctx := h.Context()
		h.byRoles()
		ann := h.person("ann", "agent")
		if ann.Version != 1 || ann.CreatedAt.IsZero() {
			h.Errorf("new person %+v", ann)
		}
		h.role(ann.ID, provision.RoleAgent)

		h.unchanged("an update without a change", func() {
			got, err := h.core.UpdateIdentity(ctx, h.conn.ID, ann.ID, byTest, func(i *provision.Identity) error {
				i.Version, i.ID = 99, "other" // not for the caller to change
				return nil
			})
			h.must(err)
			if diff := cmp.Diff(ann, got); diff != "" {
				h.Errorf("person (-want +got):\n%s", diff)
			}
		})
		h.unchanged("a refused update", func() {
			mine := errors.New("mine")
			_, err := h.core.UpdateIdentity(ctx, h.conn.ID, ann.ID, byTest, func(i *provision.Identity) error { i.UserName = "x"; return mine })
			if !errors.Is(err, mine) {
				h.Errorf("error %v, want the caller's own", err)
			}
		})

		h.setStatus(ann.ID, provision.StatusSuspended)
		if got := h.wanted(ann.ID); got.Status != provision.AccessSuspended || len(got.Grants) > 0 {
			h.Errorf("wanted of a suspended person: %+v", got)
		}

		again, restored, err := h.core.CreateIdentity(ctx, h.conn.ID, byTest, someone("ann", "agent"))
		h.must(err)
		if again.ID != ann.ID || !restored || again.Status != provision.StatusActive || again.Version != 3 {
			h.Errorf("POST with the externalId of a suspended person: restored %v, %+v", restored, again)
		}
		h.role(ann.ID, provision.RoleAgent)
	})
}

func TestTakenNames(t *testing.T) {
	each(t, func(h *house) {
		h.byRoles()
		ann, bob := h.person("ann", "agent"), h.person("bob", "agent")
		h.setStatus(bob.ID, provision.StatusSuspended)
		for _, tt := range []struct{ name, userName, externalID, field string }{
			{"userName of an active person", "ANN@example.test", "ext-new", "userName"},
			{"userName of a suspended person", bob.UserName, "ext-new", "userName"},
			{"userName of a suspended person, no externalId", bob.UserName, "", "userName"},
			{"externalId of an active person", "new@example.test", ann.ExternalID, "externalId"},
			{"externalId of a suspended person, userName of an active one", ann.UserName, bob.ExternalID, "userName"},
		} {
			h.unchanged(tt.name, func() {
				id := someone("new", "agent")
				id.UserName, id.ExternalID = tt.userName, tt.externalID
				_, _, err := h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, id)
				h.code(err, provision.Conflict)
				if e, ok := errors.AsType[*provision.Error](err); !ok || e.Field != tt.field {
					h.Errorf("%s: error %v, want field %s", tt.name, err, tt.field)
				}
			})
		}
		h.unchanged("a rename to a taken name", func() {
			_, err := h.core.UpdateIdentity(h.Context(), h.conn.ID, bob.ID, byTest, func(i *provision.Identity) error { i.UserName = ann.UserName; return nil })
			h.code(err, provision.Conflict)
		})
	})
}

func TestRemoveAndComeBack(t *testing.T) {
	each(t, func(h *house) {
		ctx := h.Context()
		h.rule("Support", provision.RoleAgent)
		ann := h.person("ann")
		g := h.group("Support", provision.MemberID(ann.ID))
		h.evaluate()
		h.visitAll()
		before, err := h.store.AccountsOf(ctx, []provision.IdentityID{ann.ID})
		h.must(err)
		if len(before) != 1 || before[0].State != provision.AccountReady {
			h.Fatalf("accounts %+v", before)
		}

		refusal := errors.New("not that one")
		h.unchanged("a refused removal", func() {
			err := h.core.RemoveIdentity(ctx, h.conn.ID, ann.ID, byTest, func(provision.Identity) error { return refusal })
			if !errors.Is(err, refusal) {
				h.Errorf("error %v, want the caller's own", err)
			}
		})
		h.must(h.core.RemoveIdentity(ctx, h.conn.ID, ann.ID, byTest, nil))
		_, err = h.core.Identity(ctx, h.conn.ID, ann.ID)
		h.code(err, provision.NotFound)
		h.code(h.core.RemoveIdentity(ctx, h.conn.ID, ann.ID, byTest, nil), provision.NotFound)
		_, err = h.core.UpdateIdentity(ctx, h.conn.ID, ann.ID, byTest, func(*provision.Identity) error { return nil })
		h.code(err, provision.NotFound)
		members, err := h.core.Members(ctx, h.conn.ID, g.ID)
		h.must(err)
		if len(members) > 0 {
			h.Errorf("members %v after the removal", members)
		}
		h.visitAll()

		other := someone("ann")
		other.ExternalID = "ext-another" // same userName, another person
		stranger, _, err := h.core.CreateIdentity(ctx, h.conn.ID, byTest, other)
		h.must(err)
		if list, err := h.store.AccountsOf(ctx, []provision.IdentityID{stranger.ID}); err != nil || len(list) > 0 {
			h.Errorf("another person took up %v (%v)", list, err)
		}
		h.must(h.core.RemoveIdentity(ctx, h.conn.ID, stranger.ID, byTest, nil))

		back := h.person("ann")
		if back.ID == ann.ID {
			h.Error("came back under the old id")
		}
		h.must(h.change(g.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(back.ID)) }))
		h.visitAll()
		after, err := h.store.AccountsOf(ctx, []provision.IdentityID{back.ID})
		h.must(err)
		if len(after) != 1 || after[0].ID != before[0].ID || after[0].DeskUser != before[0].DeskUser || after[0].State != provision.AccountReady {
			h.Errorf("account after the return %+v, want that of before, %+v", after, before[0])
		}
		snapshot, err := h.desks.Snapshot(ctx, h.desk.ID)
		h.must(err)
		if len(snapshot.Users) != 3 { // owner, our own, ann
			h.Errorf("%d users on the desk, want 3", len(snapshot.Users))
		}
	})
}

func TestWhatIsVisited(t *testing.T) {
	each(t, func(h *house) {
		h.byRoles()
		r := provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Attribute: "department", Role: provision.RoleAgent}
		_, err := h.core.AddRule(h.Context(), byTest, r)
		h.must(err)
		ann := h.person("ann", "agent")
		edit := func(change func(*provision.Identity)) (visits, revisions int64) {
			jobs, before := h.counts().jobs, h.account(ann.ID).Revision
			_, err := h.core.UpdateIdentity(h.Context(), h.conn.ID, ann.ID, byTest, func(i *provision.Identity) error { change(i); return nil })
			h.must(err)
			return int64(h.counts().jobs - jobs), h.account(ann.ID).Revision - before
		}
		for _, tt := range []struct {
			name   string
			change func(*provision.Identity)
			want   int64
			status provision.AccessStatus
		}{
			{"another grant of the same", func(i *provision.Identity) {
				i.Attributes = provision.Attributes{"roles": {"agent"}, "department": {"x"}}
			}, 0, provision.AccessActive},
			{"another manager", func(i *provision.Identity) {
				i.Attributes = provision.Attributes{"roles": {"agent"}, "department": {"x"}, provision.AttributeManager: {"bob"}}
			}, 0, provision.AccessActive},
			{"another title", func(i *provision.Identity) { i.Profile.Title = "Boss" }, 1, provision.AccessActive},
			{"an attribute that is nothing to a rule", func(i *provision.Identity) { i.Emails = []provision.Email{{Value: "a@b.test"}} }, 0, provision.AccessActive},
			{"no attribute that grants", func(i *provision.Identity) { i.Attributes = nil }, 1, provision.AccessAbsent},
			{"a title without access", func(i *provision.Identity) { i.Profile.Title = "Chief" }, 0, provision.AccessAbsent},
			{"an attribute that grants again", func(i *provision.Identity) { i.Attributes = provision.Attributes{"roles": {"Agent"}} }, 1, provision.AccessActive},
			{"suspended", func(i *provision.Identity) { i.Status = provision.StatusSuspended }, 1, provision.AccessSuspended},
		} {
			visits, revisions := edit(tt.change)
			if visits != tt.want || revisions != tt.want {
				h.Errorf("%s: %d visits, %d revisions, want %d", tt.name, visits, revisions, tt.want)
			}
			if got := h.wanted(ann.ID).Status; got != tt.status {
				h.Errorf("%s: wanted %s, want %s", tt.name, got, tt.status)
			}
		}
		if got := h.account(ann.ID); got.Profile.Title != "Chief" || got.Manager != "" {
			h.Errorf("account %+v", got)
		}
	})
}

// account returns a person's account on the desk.
func (h *house) account(id provision.IdentityID) provision.Account {
	h.Helper()
	accounts, err := h.store.AccountsOf(h.Context(), []provision.IdentityID{id})
	h.must(err)
	if len(accounts) != 1 {
		h.Fatalf("%d accounts, want 1", len(accounts))
	}
	return accounts[0]
}
