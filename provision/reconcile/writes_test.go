package reconcile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

var (
	wordsWithNone = map[provision.Role]string{provision.RoleNone: "out", provision.RoleAgent: "agent", provision.RoleAdmin: "admin"}
	wordsLight    = map[provision.Role]string{provision.RoleLimited: "light", provision.RoleAgent: "agent", provision.RoleAdmin: "admin"}
)

func admins(n int) func() (int, error) { return func() (int, error) { return n, nil } }

// agentRun is a run that wants an agent in Tier 1 who reads Help.
func agentRun(edit func(*reconcile.Run)) *reconcile.Run {
	v := &reconcile.Run{
		Account: provision.Account{ID: "acc", DeskUser: "7", Origin: provision.OriginMade,
			Profile: provision.Profile{Email: "ada@example.test"},
			Desired: provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}}},
		Desk:       provision.Desk{Name: "support"},
		Connection: provision.Connection{Domains: []string{"example.test"}},
		Teams:      []string{"Tier 1", "Tier 2"}, Mailboxes: []string{"Help"},
	}
	if edit != nil {
		edit(v)
	}
	return v
}

func leaving(v *reconcile.Run) {
	v.Account.Desired = provision.Access{Status: provision.AccessSuspended}
}

// ada is the desk's user as it should be.
func ada(edit func(*provision.DeskUser)) *provision.DeskUser {
	u := &provision.DeskUser{ID: "7", ExternalID: "acc", Email: "ada@example.test", GivenName: "Ada", Active: true, Role: provision.RoleAgent,
		Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}}
	if edit != nil {
		edit(u)
	}
	return u
}

func TestSteps(t *testing.T) {
	wantAda := *ada(nil)
	for _, tt := range []struct {
		name      string
		run       *reconcile.Run
		have      *provision.DeskUser
		around    reconcile.DeskFacts
		want      []reconcile.WriteKind
		attention string // part of the reason
	}{
		{name: "nobody there: made", run: agentRun(nil), want: []reconcile.WriteKind{reconcile.WriteCreate}},
		{name: "as wanted: nothing", run: agentRun(nil), have: ada(nil)},
		{name: "e-mail in other letter case: nothing", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Email = "Ada@Example.TEST" })},
		{name: "renamed", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.GivenName = "Adah" }), want: []reconcile.WriteKind{reconcile.WriteProfile}},
		{name: "comes back", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Active = false }), want: []reconcile.WriteKind{reconcile.WriteActivate}},
		{name: "up before joining", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Role, u.Teams = provision.RoleLimited, nil }),
			want: []reconcile.WriteKind{reconcile.WriteRole, reconcile.WriteTeams}},
		{name: "leaving before going down", run: agentRun(func(v *reconcile.Run) { v.Account.Desired.Role, v.Account.Desired.Teams = provision.RoleLimited, nil }),
			have: ada(nil), want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteRole}},
		{name: "a team outside the managed scope stays", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Teams = []string{"Choir", "Tier 1"} })},
		{name: "a governed team that is not wanted goes", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Teams = []string{"Tier 1", "Tier 2"} }),
			want: []reconcile.WriteKind{reconcile.WriteTeams}},
		{name: "an owner keeps the role", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Role = provision.RoleOwner })},
		{name: "the last admin keeps it", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Role = provision.RoleAdmin }),
			around: reconcile.DeskFacts{Admins: admins(1)}, attention: "last admin"},
		{name: "one of two admins may lose it", run: agentRun(nil), have: ada(func(u *provision.DeskUser) { u.Role = provision.RoleAdmin }),
			around: reconcile.DeskFacts{Admins: admins(2)}, want: []reconcile.WriteKind{reconcile.WriteRole}},

		{name: "ours after a crash, by its mark", run: agentRun(func(v *reconcile.Run) { v.Account.Origin, v.Account.DeskUser = "", "" }), have: ada(nil)},
		{name: "ours after a crash, by the journal", run: agentRun(func(v *reconcile.Run) {
			v.Account.Origin, v.Account.DeskUser = "", ""
			v.Unfinished = []reconcile.Write{{Kind: reconcile.WriteCreate}}
		}), have: ada(func(u *provision.DeskUser) { u.ExternalID = "" })},
		{name: "somebody else's mark is never ours", run: agentRun(func(v *reconcile.Run) {
			v.Account.Origin, v.Account.DeskUser = "", ""
			v.Unfinished = []reconcile.Write{{Kind: reconcile.WriteCreate}}
		}), have: ada(func(u *provision.DeskUser) { u.ExternalID = "other" }), attention: "retry --adopt acc"},
		{name: "hand-made: proposed", run: agentRun(foreign), have: byHand(nil), attention: "retry --adopt acc"},
		{name: "hand-made: automatic for our domain", run: agentRun(func(v *reconcile.Run) { foreign(v); v.Desk.Adoption = provision.AdoptAutomatic }),
			have: byHand(nil), want: []reconcile.WriteKind{reconcile.WriteAdopt}},
		{name: "hand-made: automatic only for our domain", run: agentRun(func(v *reconcile.Run) {
			foreign(v)
			v.Desk.Adoption, v.Connection.Domains = provision.AdoptAutomatic, []string{"other.test"}
		}), have: byHand(nil), attention: "retry --adopt"},
		{name: "hand-made admin: never without a yes", run: agentRun(func(v *reconcile.Run) { foreign(v); v.Desk.Adoption = provision.AdoptAutomatic }),
			have: byHand(func(u *provision.DeskUser) { u.Role = provision.RoleAdmin }), attention: "who is admin"},
		{name: "hand-made: off", run: agentRun(func(v *reconcile.Run) { foreign(v); v.Desk.Adoption = provision.AdoptOff }), have: byHand(nil), attention: "adoption is off"},
		{name: "hand-made: agreed", run: agentRun(func(v *reconcile.Run) { foreign(v); v.Account.Origin = provision.OriginAdopted }),
			have: byHand(nil), want: []reconcile.WriteKind{reconcile.WriteAdopt}},
		{name: "an owner is not taken over even when agreed", run: agentRun(func(v *reconcile.Run) { foreign(v); v.Account.Origin = provision.OriginAdopted }),
			have: byHand(func(u *provision.DeskUser) { u.Role = provision.RoleOwner }), attention: "never takes over"},
		{name: "our own service account", run: agentRun(nil), have: ada(nil), around: reconcile.DeskFacts{Self: "7"}, attention: "service account"},

		{name: "leaver: out of teams, deactivated", run: agentRun(leaving), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight},
			want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteDeactivate}},
		{name: "leaver: keys first where the desk can", run: agentRun(leaving), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight, CanRevokeSessions: true},
			want: []reconcile.WriteKind{reconcile.WriteSessions, reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteDeactivate}},
		{name: "leaver: demoted where the desk knows no role", run: agentRun(leaving), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsWithNone},
			want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteRole, reconcile.WriteDeactivate}},
		{name: "leaving admin: demoted", run: agentRun(leaving), have: ada(func(u *provision.DeskUser) { u.Role, u.Teams, u.Mailboxes = provision.RoleAdmin, nil, nil }),
			around: reconcile.DeskFacts{RoleNames: wordsLight, Admins: admins(2)}, want: []reconcile.WriteKind{reconcile.WriteRole, reconcile.WriteDeactivate}},
		{name: "the last admin stays", run: agentRun(leaving), have: ada(func(u *provision.DeskUser) { u.Role = provision.RoleAdmin }),
			around: reconcile.DeskFacts{RoleNames: wordsLight, Admins: admins(1)}, attention: "last admin"},
		{name: "the owner stays", run: agentRun(leaving), have: ada(func(u *provision.DeskUser) { u.Role = provision.RoleOwner }), attention: "transfer the ownership"},
		{name: "gone already: nothing", run: agentRun(leaving)},
		{name: "ended already: nothing", run: agentRun(leaving), have: ada(func(u *provision.DeskUser) { u.Active, u.Teams, u.Mailboxes = false, nil, nil }),
			around: reconcile.DeskFacts{RoleNames: wordsWithNone}},
		{name: "leaver who was never ours stays untouched", run: agentRun(func(v *reconcile.Run) { leaving(v); foreign(v) }), have: byHand(nil)},
		{name: "policy delete", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveDelete }),
			have: ada(func(u *provision.DeskUser) { u.Teams, u.Mailboxes = nil, nil }), around: reconcile.DeskFacts{RoleNames: wordsLight}, want: []reconcile.WriteKind{reconcile.WriteDelete}},
		{name: "policy downgrade keeps the account", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveDowngrade }),
			have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight}, want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteRole}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			writes, err := reconcile.Writes(tt.run, wantAda, tt.have, tt.around)
			var parked *reconcile.AttentionError
			if errors.As(err, &parked) != (tt.attention != "") || err != nil && !strings.Contains(err.Error(), tt.attention) {
				t.Fatalf("error = %v, want a reason with %q", err, tt.attention)
			}
			var got []reconcile.WriteKind
			for _, s := range writes {
				got = append(got, s.Kind)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
		})
	}
}

// foreign makes the run's account one that holds no user yet.
func foreign(v *reconcile.Run) { v.Account.Origin, v.Account.DeskUser = provision.OriginNone, "" }

// byHand is a user that a person made on the desk.
func byHand(edit func(*provision.DeskUser)) *provision.DeskUser {
	return ada(func(u *provision.DeskUser) {
		u.ID, u.ExternalID = "9", ""
		if edit != nil {
			edit(u)
		}
	})
}

// TestStepsConverge carries writes out on a model of a desk: whatever was there,
// a second look finds nothing left to write.
func TestStepsConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.SampledFrom([]provision.Role{provision.RoleLimited, provision.RoleAgent, provision.RoleAdmin})
		rooms := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"t1", "t2", "t3", "free"}), 0, 4, rapid.ID[string])
		v := agentRun(func(v *reconcile.Run) {
			v.Teams, v.Mailboxes = []string{"t1", "t2", "t3"}, []string{"t1", "t2"}
			v.Account.Desired.Role = role.Draw(t, "wanted role")
			v.Account.Desired.Teams, v.Account.Desired.Mailboxes = rooms.Draw(t, "wanted teams"), rooms.Draw(t, "wanted mailboxes")
			v.Desk.OnLeave = rapid.SampledFrom([]provision.OnLeave{"", provision.LeaveDeactivate, provision.LeaveDelete, provision.LeaveDowngrade}).Draw(t, "policy")
			if rapid.Bool().Draw(t, "leaving") {
				leaving(v)
			}
		})
		want := provision.DeskUser{Email: "ada@example.test", GivenName: "Ada"}
		var have *provision.DeskUser
		if rapid.Bool().Draw(t, "exists") {
			have = &provision.DeskUser{ID: "7", ExternalID: "acc", Email: "old@example.test", Active: rapid.Bool().Draw(t, "active"), Role: role.Draw(t, "role"),
				Teams: rooms.Draw(t, "teams"), Mailboxes: rooms.Draw(t, "mailboxes")}
		}
		around := reconcile.DeskFacts{RoleNames: wordsLight, Admins: admins(5)}
		writes, err := reconcile.Writes(v, want, have, around)
		if err != nil {
			t.Fatal(err)
		}
		have = play(v, want, have, writes)
		again, err := reconcile.Writes(v, want, have, around)
		if err != nil || len(again) > 0 {
			t.Fatalf("still to do: %v, %v; desk has %+v", again, err, have)
		}
	})
}

// play does on a model of a desk what writes say.
func play(v *reconcile.Run, want provision.DeskUser, have *provision.DeskUser, writes []reconcile.Write) *provision.DeskUser {
	for _, s := range writes {
		switch s.Kind {
		case reconcile.WriteCreate:
			have = &provision.DeskUser{ID: "7", ExternalID: "acc", Email: want.Email, GivenName: want.GivenName, Active: true,
				Role: v.Account.Desired.Role, Teams: v.Account.Desired.Teams, Mailboxes: v.Account.Desired.Mailboxes}
		case reconcile.WriteActivate:
			have.Active = true
		case reconcile.WriteDeactivate:
			have.Active = false
		case reconcile.WriteProfile:
			have.Email, have.GivenName = want.Email, want.GivenName
		case reconcile.WriteRole:
			have.Role = s.Detail["to"].(provision.Role)
		case reconcile.WriteTeams:
			have.Teams = moved(have.Teams, s)
		case reconcile.WriteMailboxes:
			have.Mailboxes = moved(have.Mailboxes, s)
		case reconcile.WriteDelete:
			have = nil
		}
	}
	return have
}

func moved(names []string, s reconcile.Write) (out []string) {
	gone := map[string]bool{}
	remove, _ := s.Detail["remove"].([]string)
	for _, n := range remove {
		gone[n] = true
	}
	for _, n := range names {
		if !gone[n] {
			out = append(out, n)
		}
	}
	add, _ := s.Detail["add"].([]string)
	return append(out, add...)
}
