package directory_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

func TestLifecycle(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ctx := h.Context()
		h.ByRoles()
		ann := h.Person("ann", "agent")
		if ann.Version != 1 || ann.CreatedAt.IsZero() {
			h.Errorf("new person %+v", ann)
		}
		h.Role(ann.ID, provision.RoleAgent)

		h.Unchanged("an update without a change", func() {
			got, err := h.Core.Directory.UpdatePerson(ctx, h.Conn.ID, ann.ID, provisiontest.ByTest, func(i *provision.Identity) error {
				i.Version, i.ID = 99, "other" // not for the caller to change
				return nil
			})
			h.Must(err)
			if diff := cmp.Diff(ann, got.Identity); diff != "" {
				h.Errorf("person (-want +got):\n%s", diff)
			}
		})
		h.Unchanged("a refused update", func() {
			mine := errors.New("mine")
			_, err := h.Core.Directory.UpdatePerson(ctx, h.Conn.ID, ann.ID, provisiontest.ByTest, func(i *provision.Identity) error { i.UserName = "x"; return mine })
			if !errors.Is(err, mine) {
				h.Errorf("error %v, want the caller's own", err)
			}
		})

		h.SetStatus(ann.ID, provision.StatusSuspended)
		if got := h.Desired(ann.ID); got.Status != provision.AccessSuspended || len(got.Grants) > 0 {
			h.Errorf("wanted of a suspended person: %+v", got)
		}

		again, restored, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provisiontest.ByTest, provisiontest.Someone("ann", "agent"))
		h.Must(err)
		if again.ID != ann.ID || !restored || again.Status != provision.StatusActive || again.Version != 3 {
			h.Errorf("POST with the externalId of a suspended person: restored %v, %+v", restored, again)
		}
		h.Role(ann.ID, provision.RoleAgent)
	})
}

func TestTakenNames(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		ann, bob := h.Person("ann", "agent"), h.Person("bob", "agent")
		h.SetStatus(bob.ID, provision.StatusSuspended)
		for _, tt := range []struct{ name, userName, externalID, field string }{
			{"userName of an active person", "ANN@example.test", "ext-new", "userName"},
			{"userName of a suspended person", bob.UserName, "ext-new", "userName"},
			{"userName of a suspended person, no externalId", bob.UserName, "", "userName"},
			{"userName and externalId of an active person", ann.UserName, ann.ExternalID, "userName"},
			{"externalId of a suspended person, userName of an active one", ann.UserName, bob.ExternalID, "userName"},
		} {
			h.Unchanged(tt.name, func() {
				id := provisiontest.Someone("new", "agent")
				id.UserName, id.ExternalID = tt.userName, tt.externalID
				_, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, id)
				h.Code(err, provision.Conflict)
				if e, ok := errors.AsType[*provision.Error](err); !ok || e.Field != tt.field {
					h.Errorf("%s: error %v, want field %s", tt.name, err, tt.field)
				}
			})
		}
		h.Unchanged("a rename to a taken name", func() {
			_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, bob.ID, provisiontest.ByTest, func(i *provision.Identity) error { i.UserName = ann.UserName; return nil })
			h.Code(err, provision.Conflict)
		})
	})
}

func TestRemoveAndComeBack(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ctx := h.Context()
		h.Rule("Support", provision.RoleAgent)
		ann := h.Person("ann")
		g := h.Group("Support", provision.MemberID(ann.ID))
		h.Evaluate()
		h.ReconcileAll()
		before, err := h.Store.AccountsOf(ctx, []provision.IdentityID{ann.ID})
		h.Must(err)
		if len(before) != 1 || before[0].State != provision.AccountReady {
			h.Fatalf("accounts %+v", before)
		}

		refusal := errors.New("not that one")
		h.Unchanged("a refused removal", func() {
			err := h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, ann.ID, provisiontest.ByTest, func(provision.Identity) error { return refusal })
			if !errors.Is(err, refusal) {
				h.Errorf("error %v, want the caller's own", err)
			}
		})
		h.Offset.Add(int64(24 * time.Hour))
		h.Must(h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, ann.ID, provisiontest.ByTest, nil))
		if left := h.GroupByName("Support"); left.Version != g.Version+1 || left.UpdatedAt.Sub(g.UpdatedAt) < 24*time.Hour {
			h.Errorf("the group that was left: %+v, before %+v", left, g)
		}
		_, err = h.Core.Directory.Identity(ctx, h.Conn.ID, ann.ID)
		h.Code(err, provision.NotFound)
		h.Code(h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, ann.ID, provisiontest.ByTest, nil), provision.NotFound)
		_, err = h.Core.Directory.UpdatePerson(ctx, h.Conn.ID, ann.ID, provisiontest.ByTest, func(*provision.Identity) error { return nil })
		h.Code(err, provision.NotFound)
		members, err := h.Core.Directory.Members(ctx, h.Conn.ID, g.ID)
		h.Must(err)
		if len(members) > 0 {
			h.Errorf("members %v after the removal", members)
		}
		h.ReconcileAll()

		other := provisiontest.Someone("ann")
		other.ExternalID = "ext-another" // same userName, another person
		stranger, _, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provisiontest.ByTest, other)
		h.Must(err)
		if list, err := h.Store.AccountsOf(ctx, []provision.IdentityID{stranger.ID}); err != nil || len(list) > 0 {
			h.Errorf("another person took up %v (%v)", list, err)
		}
		h.Must(h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, stranger.ID, provisiontest.ByTest, nil))

		back := h.Person("ann")
		if back.ID == ann.ID {
			h.Error("came back under the old id")
		}
		h.Must(h.Change(g.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(back.ID)) }))
		h.ReconcileAll()
		after, err := h.Store.AccountsOf(ctx, []provision.IdentityID{back.ID})
		h.Must(err)
		if len(after) != 1 || after[0].ID != before[0].ID || after[0].DeskUser != before[0].DeskUser || after[0].State != provision.AccountReady {
			h.Errorf("account after the return %+v, want that of before, %+v", after, before[0])
		}
		snapshot, err := h.Desks.Snapshot(ctx, h.Desk.ID)
		h.Must(err)
		if len(snapshot.Users) != 3 { // owner, our own, ann
			h.Errorf("%d users on the desk, want 3", len(snapshot.Users))
		}
	})
}

func TestWhatIsVisited(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		r := provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Attribute: "department", Role: provision.RoleAgent}
		_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, r)
		h.Must(err)
		ann := h.Person("ann", "agent")
		edit := func(change func(*provision.Identity)) (runs, revisions int64) {
			jobs, before := h.Counts().Jobs, h.Account(ann.ID).Revision
			_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, func(i *provision.Identity) error { change(i); return nil })
			h.Must(err)
			return int64(h.Counts().Jobs - jobs), h.Account(ann.ID).Revision - before
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
			runs, revisions := edit(tt.change)
			if runs != tt.want || revisions != tt.want {
				h.Errorf("%s: %d runs, %d revisions, want %d", tt.name, runs, revisions, tt.want)
			}
			if got := h.Desired(ann.ID).Status; got != tt.status {
				h.Errorf("%s: wanted %s, want %s", tt.name, got, tt.status)
			}
		}
		if got := h.Account(ann.ID); got.Profile.Title != "Chief" || got.Manager != "" {
			h.Errorf("account %+v", got)
		}
	})
}

// TestNamesThatHide: names by which people and groups are told apart hold nothing
// that a terminal obeys or nobody sees. Whoever has such a name from before stays
// as they are, and leaves like everybody.
func TestNamesThatHide(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		refused := map[string]string{"escape": "a\x1b[2K", "line feed": "a\nb", "C1": "a\u009b2K", "right to left": "a\u202eb", "isolate": "a\u2066b", "no width": "a\u200bb",
			"line separator": "a\u2028b", "tag": "a\U000e0041b", "delete": "a\x7f", "tab": "a\tb", "soft hyphen": "a\u00adb"}
		for what, name := range refused {
			h.Unchanged(what, func() {
				who := provisiontest.Someone("x")
				who.UserName = name
				_, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, who)
				h.Code(err, provision.Invalid)
				_, err = h.Core.Directory.CreateGroup(h.Context(), h.Conn.ID, provisiontest.ByTest, provision.Group{DisplayName: name}, nil)
				h.Code(err, provision.Invalid)
				if err != nil && strings.Contains(err.Error(), name) {
					h.Errorf("%s: the error repeats the name: %q", what, err)
				}
			})
		}
		for _, name := range []string{"Łukasz „Ż”", "山田　太郎", "می\u200cخواهم", "👩\u200d💻 team"} {
			h.Group(name)
		}

		ann, g := h.Person("ann"), h.Group("Support")
		h.Unchanged("a rename", func() {
			_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, func(i *provision.Identity) error { i.UserName = "a\x1b"; return nil })
			h.Code(err, provision.Invalid)
			_, err = h.Core.Directory.UpdateGroup(h.Context(), h.Conn.ID, g.ID, provisiontest.ByTest, func(c *directory.GroupChange) error { c.DisplayName = "a\x1b"; return nil })
			h.Code(err, provision.Invalid)
		})
		_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, func(i *provision.Identity) error {
			i.UserName, i.Status = "a\x1b", provision.StatusSuspended // nobody stays in for the sake of a name
			return nil
		})
		h.Must(err)
		_, err = h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, func(i *provision.Identity) error { i.Status = provision.StatusActive; return nil })
		h.Must(err) // it has the name already
	})
}
