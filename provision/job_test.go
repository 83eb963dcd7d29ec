package provision

import "testing"

// TestTurn: whoever may no longer have what they have goes before those who get something.
func TestTurn(t *testing.T) {
	had := Access{Status: AccessActive, Role: RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}, DeskRoles: []string{"Editor"}}
	edit := func(change func(*Access)) Access {
		a := had
		change(&a)
		return a
	}
	for _, tt := range []struct {
		name     string
		had, now Access
		want     Turn
	}{
		{"suspended", had, Access{Status: AccessSuspended}, TurnEnding},
		{"no rule any more", had, Access{Status: AccessAbsent}, TurnEnding},
		{"joins", Access{}, had, TurnGranting},
		{"comes back", Access{Status: AccessSuspended}, had, TurnGranting},
		{"the same", had, had, TurnGranting},
		{"another team besides", had, edit(func(a *Access) { a.Teams = []string{"tier 1", "Tier 2"} }), TurnGranting},
		{"another team instead", had, edit(func(a *Access) { a.Teams = []string{"Tier 2"} }), TurnLosing},
		{"a mailbox less", had, edit(func(a *Access) { a.Mailboxes = nil }), TurnLosing},
		{"a role of the desk's less", had, edit(func(a *Access) { a.DeskRoles = nil }), TurnLosing},
		{"a lower role", had, edit(func(a *Access) { a.Role = RoleLimited }), TurnLosing},
		{"a higher role", had, edit(func(a *Access) { a.Role = RoleAdmin }), TurnGranting},
		{"away", had, edit(func(a *Access) { a.Away = &Absence{} }), TurnLosing},
	} {
		if got := (&Account{Desired: tt.now, Confirmed: tt.had}).Turn(); got != tt.want {
			t.Errorf("%s: turn %d, want %d", tt.name, got, tt.want)
		}
	}
}
