package worker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// another has the desk show somebody else under the id of an account's user: made at
// another time, or where the desk tells none, with nothing of the person.
func (h *harness) another(id provision.IdentityID, change func(*provision.DeskUser)) (stranger func() provision.DeskUser) {
	h.Helper()
	known := h.account(id).DeskUser
	h.faults.user = func(u *provision.DeskUser) {
		if u.ID == known {
			u.ExternalID = ""
			change(u)
		}
	}
	return func() provision.DeskUser {
		u, err := h.raw.Find(h.Context(), desk.Key{ID: known})
		h.must(err)
		return *u
	}
}

// strangers are the ways in which a desk shows somebody else.
var strangers = []struct {
	name   string
	change func(*provision.DeskUser)
	words  string
}{
	{"made anew, with the same address", func(u *provision.DeskUser) { u.MadeAt = u.MadeAt.Add(72 * time.Hour) }, "made there at"},
	{"of another name and address, and the desk tells no time", func(u *provision.DeskUser) {
		u.MadeAt, u.Email, u.UserName, u.DisplayName, u.GivenName, u.FamilyName = time.Time{}, "zoe@elsewhere.example", "zoe", "Zoe Nobody", "Zoe", "Nobody"
	}, "neither the address nor a name"},
}

// TestAnotherUnderTheSameID: a desk that was restored, or that counts anew, gives the id
// of a user to somebody else. Whom it shows there is asked about: nothing is written to
// them, and what they have proves nothing of the person.
func TestAnotherUnderTheSameID(t *testing.T) {
	for _, tt := range strangers {
		t.Run(tt.name, func(t *testing.T) {
			each(t, nil, func(h *harness) {
				h.agents()
				id := h.agent("ann")
				before := h.account(id.ID)
				stranger := h.another(id.ID, tt.change)
				was := stranger()
				h.faults.reset()
				h.update(id.ID, func(i *provision.Identity) { i.Profile.Title = "Head of Choir" })
				h.drain()
				a := h.state(id.ID, provision.AccountNeedsAttention)
				if a.ReasonCode != provision.ReasonAdoption || a.DeskUser != before.DeskUser {
					h.Errorf("%s, user %q: %s", a.ReasonCode, a.DeskUser, a.Reason)
				}
				for _, word := range []string{"somebody else under the id", tt.words, "retry --adopt " + string(a.ID), "retry " + string(a.ID)} {
					if !strings.Contains(a.Reason, word) {
						h.Errorf("reason %q says nothing of %q", a.Reason, word)
					}
				}
				if wrote := h.faults.wrote(); len(wrote) > 0 {
					h.Errorf("wrote %q", wrote)
				}
				if diff := cmp.Diff(was, stranger()); diff != "" {
					h.Errorf("somebody else's user changed:\n%s", diff)
				}

				t.Run("and it is them", func(t *testing.T) {
					_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, a.ID, true)
					h.must(err)
					h.drain()
					got := h.account(id.ID)
					if got.State == provision.AccountNeedsAttention || got.DeskUser != before.DeskUser || got.Origin != provision.OriginAdopted || got.Evidence.Doubted {
						h.Errorf("%s, user %q, %s, %+v: %s", got.State, got.DeskUser, got.Origin, got.Evidence, got.Reason)
					}
					if wrote := h.faults.wrote(); !slices.Contains(wrote, "SetProfile") {
						h.Errorf("wrote %q", wrote)
					}
					if n := h.actions(id.ID)["account.adoption_agreed"]; n != 1 {
						h.Errorf("%d entries that somebody agreed", n)
					}
				})
			})
		})
	}
}

// TestAnotherThanALeaver: whoever has a leaver's id by now is not ended in their stead,
// and is no proof that they are out. Once somebody says that it is not the leaver, the
// desk is asked by address.
func TestAnotherThanALeaver(t *testing.T) {
	for _, tt := range strangers {
		t.Run(tt.name, func(t *testing.T) {
			each(t, nil, func(h *harness) {
				h.agents()
				id := h.agent("ann")
				stranger := h.another(id.ID, tt.change)
				was := stranger()
				h.suspend(id.ID)
				h.drain()
				a := h.residual(id.ID, provision.ReasonResidual, "somebody else under the id", tt.words)
				h.pass(11 * time.Minute)
				h.state(id.ID, provision.AccountNeedsAttention)
				if diff := cmp.Diff(was, stranger()); diff != "" {
					h.Errorf("somebody else's user changed:\n%s", diff)
				}

				h.faults.hide = func(u *provision.DeskUser) bool { return u.ID == was.ID }
				_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, a.ID, false)
				h.must(err)
				h.drain()
				if got := h.state(id.ID, provision.AccountEnded); got.DeskUser != "" || got.Origin != provision.OriginNone {
					h.Errorf("user %q, %s", got.DeskUser, got.Origin)
				}
				if !stranger().Active {
					h.Error("somebody else was deactivated")
				}
			})
		})
	}
}

// TestWhoIsNotAnother: what is no evidence that a desk shows somebody else.
func TestWhoIsNotAnother(t *testing.T) {
	for name, change := range map[string]func(a *provision.Account, u *provision.DeskUser){
		"our mark": func(a *provision.Account, u *provision.DeskUser) {
			u.ExternalID, u.MadeAt = string(a.ID), u.MadeAt.Add(time.Hour)
		},
		"finer time": func(_ *provision.Account, u *provision.DeskUser) {
			u.MadeAt = u.MadeAt.Truncate(time.Second).Add(7 * time.Millisecond)
		},
		"no time any more": func(_ *provision.Account, u *provision.DeskUser) { u.MadeAt = time.Time{} },
		"another address": func(_ *provision.Account, u *provision.DeskUser) {
			u.MadeAt, u.Email = time.Time{}, "else@elsewhere.example"
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, nil, func(h *harness) {
				h.agents()
				id := h.agent("ann")
				account := h.account(id.ID)
				if account.Evidence.MadeAt == nil || account.Evidence.User != account.DeskUser {
					h.Fatalf("nothing is known of the user: %+v", account.Evidence)
				}
				shown := 0
				h.another(id.ID, func(u *provision.DeskUser) { shown++; change(&account, u) })
				h.suspend(id.ID)
				h.drain()
				if a := h.account(id.ID); a.ReasonCode == provision.ReasonResidual || a.DeskUser != account.DeskUser || shown == 0 {
					h.Errorf("%s, user %q, shown %d times: %s", a.ReasonCode, a.DeskUser, shown, a.Reason)
				}
			})
		})
	}
}
