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
		without   string // no part of it
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
		{name: "leaver who was never ours stays untouched, and somebody is asked", run: agentRun(both(leaving, foreign)), have: byHand(nil),
			attention: "still shows desk user 9 (ada@example.test, role agent)"},
		{name: "leaver who was made anew as admin", run: agentRun(both(leaving, foreign)), have: byHand(func(u *provision.DeskUser) { u.Role = provision.RoleAdmin }),
			attention: "role admin"},
		{name: "leaver with another external id that nobody has here", run: agentRun(both(leaving, foreign)), have: byHand(func(u *provision.DeskUser) { u.ExternalID = "lost" }),
			attention: "retry --adopt acc"},
		{name: "leaver who was never ours, deactivated", run: agentRun(both(leaving, foreign)), have: byHand(func(u *provision.DeskUser) { u.Active = false })},
		{name: "leaver who was never ours, without a role", run: agentRun(both(leaving, foreign)), have: byHand(func(u *provision.DeskUser) { u.Role = provision.RoleNone })},
		{name: "leaver whose address is another account's", run: agentRun(both(leaving, foreign)), have: byHand(nil), around: reconcile.DeskFacts{Holder: of("other")}},
		{name: "leaver whose address the owner has", run: agentRun(both(leaving, foreign)), have: byHand(func(u *provision.DeskUser) { u.Role = provision.RoleOwner }),
			attention: "transfer the ownership", without: "--adopt"},
		{name: "leaver whose adoption was agreed to", run: agentRun(func(v *reconcile.Run) { leaving(v); foreign(v); v.Account.Origin = provision.OriginAdopted }), have: byHand(nil),
			want: []reconcile.WriteKind{reconcile.WriteAdopt}},
		{name: "owner is not proposed", run: agentRun(foreign), have: byHand(func(u *provision.DeskUser) { u.Role = provision.RoleOwner }),
			attention: "never takes over", without: "--adopt"},
		{name: "another account's is not proposed", run: agentRun(foreign), have: byHand(nil), around: reconcile.DeskFacts{Holder: of("other")},
			attention: "of account other", without: "--adopt"},
		{name: "cut first: no access before all else", run: agentRun(leaving), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsWithNone, CutFirst: true, CanRevokeSessions: true, CanStopInflow: true},
			want: []reconcile.WriteKind{reconcile.WriteSessions, reconcile.WriteInflow, reconcile.WriteDeactivate, reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteRole}},
		{name: "cut first, cut short after it", run: agentRun(leaving), have: ada(func(u *provision.DeskUser) { u.Active = false }), around: reconcile.DeskFacts{RoleNames: wordsWithNone, CutFirst: true, CanRevokeSessions: true},
			want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteRole}},
		{name: "cut first, policy delete", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveDelete }), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight, CutFirst: true},
			want: []reconcile.WriteKind{reconcile.WriteDeactivate, reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteDelete}},
		{name: "cut first, policy anonymize, cut short after it", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveAnonymize }),
			have: ada(func(u *provision.DeskUser) { u.Active, u.Teams, u.Mailboxes = false, nil, nil }), around: reconcile.DeskFacts{RoleNames: wordsLight, CutFirst: true},
			want: []reconcile.WriteKind{reconcile.WriteAnonymize}},
		{name: "cut first, anonymized already", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveAnonymize }),
			have: &provision.DeskUser{ID: "7", Email: "gone@invalid", DisplayName: "Former User"}, around: reconcile.DeskFacts{RoleNames: wordsLight, CutFirst: true}},
		{name: "cut first is not for policy downgrade", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveDowngrade }), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight, CutFirst: true},
			want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteRole}},
		{name: "hidden teams: cut first, and nothing is written where nobody sees", run: agentRun(leaving), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsWithNone, CutFirst: true, TeamsHidden: true},
			want: []reconcile.WriteKind{reconcile.WriteDeactivate, reconcile.WriteRole}},
		{name: "hidden teams: left while they show", run: agentRun(leaving), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight, TeamsHidden: true},
			want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteDeactivate}},
		{name: "hidden teams: ended", run: agentRun(leaving), have: ada(func(u *provision.DeskUser) { u.Active, u.TeamsHidden = false, true }), around: reconcile.DeskFacts{RoleNames: wordsLight, TeamsHidden: true}},
		{name: "hidden teams: active first, all else when it shows", run: agentRun(nil), have: ada(func(u *provision.DeskUser) {
			u.Active, u.TeamsHidden, u.Teams, u.Role = false, true, nil, provision.RoleAdmin
		}),
			around: reconcile.DeskFacts{RoleNames: wordsLight, TeamsHidden: true}, want: []reconcile.WriteKind{reconcile.WriteActivate}},
		{name: "desk roles: what rules name is given and taken, the rest stays", run: agentRun(func(v *reconcile.Run) {
			v.DeskRoles, v.Account.Desired.DeskRoles = []string{"Lead", "Old"}, []string{"Lead"}
		}), have: ada(func(u *provision.DeskUser) { u.DeskRoles = []string{"By hand", "OLD"} }), around: reconcile.DeskFacts{RoleNames: wordsLight, RankOf: map[string]provision.Role{"lead": provision.RoleAgent}},
			want: []reconcile.WriteKind{reconcile.WriteDeskRoles}},
		{name: "desk roles: nothing is given that amounts to more than the rules say", run: agentRun(func(v *reconcile.Run) { v.Account.Desired.DeskRoles = []string{"Lead"} }), have: ada(nil),
			around: reconcile.DeskFacts{RoleNames: wordsLight, RankOf: map[string]provision.Role{"lead": provision.RoleAdmin}}, attention: "amounts to admin by now"},
		{name: "desk roles: nor to somebody who is to be made", run: agentRun(func(v *reconcile.Run) { v.Account.Desired.DeskRoles = []string{"Lead"} }),
			around: reconcile.DeskFacts{RoleNames: wordsLight, RankOf: map[string]provision.Role{"lead": provision.RoleAdmin}}, attention: "role: admin"},
		{name: "desk roles: a leaver's that rules name go, hidden teams or not", run: agentRun(func(v *reconcile.Run) { leaving(v); v.DeskRoles = []string{"Lead"} }),
			have:   ada(func(u *provision.DeskUser) { u.Active, u.TeamsHidden, u.DeskRoles = false, true, []string{"Lead"} }),
			around: reconcile.DeskFacts{RoleNames: wordsLight, RankOf: map[string]provision.Role{"lead": provision.RoleAdmin}}, want: []reconcile.WriteKind{reconcile.WriteDeskRoles}},
		{name: "inflow is stopped once", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Account.Transfer.InflowStopped = true }), have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight, CanStopInflow: true},
			want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteDeactivate}},
		{name: "policy delete", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveDelete }),
			have: ada(func(u *provision.DeskUser) { u.Teams, u.Mailboxes = nil, nil }), around: reconcile.DeskFacts{RoleNames: wordsLight}, want: []reconcile.WriteKind{reconcile.WriteDelete}},
		{name: "policy downgrade keeps the account", run: agentRun(func(v *reconcile.Run) { leaving(v); v.Desk.OnLeave = provision.LeaveDowngrade }),
			have: ada(nil), around: reconcile.DeskFacts{RoleNames: wordsLight}, want: []reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteRole}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			writes, err := reconcile.Writes(tt.run, wantAda, tt.have, tt.around)
			var parked *reconcile.AttentionError
			if errors.As(err, &parked) != (tt.attention != "") || err != nil && (!strings.Contains(err.Error(), tt.attention) || tt.without != "" && strings.Contains(err.Error(), tt.without)) {
				t.Fatalf("error = %v, want a reason with %q and without %q", err, tt.attention, tt.without)
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

// both makes both edits.
func both(first, second func(*reconcile.Run)) func(*reconcile.Run) {
	return func(v *reconcile.Run) { first(v); second(v) }
}

// of says that users are an account's.
func of(id provision.AccountID) func(*provision.DeskUser) (provision.AccountID, error) {
	return func(*provision.DeskUser) (provision.AccountID, error) { return id, nil }
}

func TestBeforeHandOver(t *testing.T) {
	kinds := func(list []reconcile.Write) (out []reconcile.WriteKind) {
		for _, w := range list {
			out = append(out, w.Kind)
		}
		return out
	}
	for _, tt := range []struct {
		name        string
		around      reconcile.DeskFacts
		first, rest []reconcile.WriteKind
	}{
		{"conversations stay with a deactivated user", reconcile.DeskFacts{RoleNames: wordsLight, CutFirst: true, CanRevokeSessions: true, CanStopInflow: true},
			[]reconcile.WriteKind{reconcile.WriteSessions, reconcile.WriteInflow, reconcile.WriteDeactivate},
			[]reconcile.WriteKind{reconcile.WriteTeams, reconcile.WriteMailboxes}},
		{"conversations are lost with the user", reconcile.DeskFacts{RoleNames: wordsLight, CanRevokeSessions: true, CanStopInflow: true},
			[]reconcile.WriteKind{reconcile.WriteInflow},
			[]reconcile.WriteKind{reconcile.WriteSessions, reconcile.WriteTeams, reconcile.WriteMailboxes, reconcile.WriteDeactivate}},
	} {
		writes, err := reconcile.Writes(agentRun(leaving), *ada(nil), ada(nil), tt.around)
		if err != nil {
			t.Fatal(err)
		}
		first, rest := reconcile.BeforeHandOver(writes, tt.around)
		if diff := cmp.Diff([][]reconcile.WriteKind{tt.first, tt.rest}, [][]reconcile.WriteKind{kinds(first), kinds(rest)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestLosing(t *testing.T) {
	for _, tt := range []struct {
		name        string
		edit        func(*reconcile.Run)
		have        *provision.DeskUser
		byTeam      bool
		loses, keep []string // mailboxes of conversations
	}{
		{name: "nothing is taken away", have: ada(nil), keep: []string{"Help", "", "Other"}},
		{name: "a mailbox", edit: func(v *reconcile.Run) { v.Account.Desired.Mailboxes = nil }, have: ada(nil), loses: []string{"help"}, keep: []string{"Other", ""}},
		{name: "down to a role that owns none", edit: func(v *reconcile.Run) { v.Account.Desired.Role = provision.RoleLimited }, have: ada(nil), loses: []string{"Help", "", "Other"}},
		{name: "up", have: ada(func(u *provision.DeskUser) { u.Role = provision.RoleLimited }), keep: []string{"Help", "Other"}},
		{name: "no admin any more, who saw everything", have: ada(func(u *provision.DeskUser) { u.Role, u.Mailboxes = provision.RoleAdmin, []string{"Own"} }),
			loses: []string{"Other"}, keep: []string{"Help", "own", ""}},
		{name: "no admin any more, where mailboxes follow from teams", have: ada(func(u *provision.DeskUser) { u.Role = provision.RoleAdmin }), byTeam: true, keep: []string{"Other"}},
		{name: "a leaver's are another matter", edit: leaving, have: ada(nil), keep: []string{"Help"}},
		{name: "nobody there", keep: []string{"Help"}},
	} {
		v := agentRun(tt.edit)
		around := reconcile.DeskFacts{Admins: admins(2), RoleNames: wordsLight, MailboxesByTeam: tt.byTeam}
		writes, err := reconcile.Writes(v, *ada(nil), tt.have, around)
		if err != nil {
			t.Fatal(err)
		}
		loss := reconcile.Losing(v, tt.have, writes, around)
		for _, m := range tt.loses {
			if !loss.Loses(m) || !loss.Any() {
				t.Errorf("%s: %q is not lost: %+v", tt.name, m, loss)
			}
		}
		for _, m := range tt.keep {
			if loss.Loses(m) {
				t.Errorf("%s: %q is lost: %+v", tt.name, m, loss)
			}
		}
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
		around := reconcile.DeskFacts{RoleNames: wordsLight, Admins: admins(5), CutFirst: rapid.Bool().Draw(t, "cut first")}
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
