package desktest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func (s *suite) testActive() {
	ada := s.agent("Ada")
	if !s.can.Deactivate {
		s.wantKind("SetActive", s.desk.SetActive(s.ctx, ada.ID, false), desk.CannotDo)
		return
	}
	mine := sortedCopy(s.converse(ada.ID, 2))
	s.wantCount(ada.ID, 2)

	for range 2 { // the second changes nothing, and succeeds
		s.must("deactivate", s.desk.SetActive(s.ctx, ada.ID, false))
		if got := s.read(ada.ID); got.Active {
			s.Error("the user is still active")
		}
	}
	for _, key := range []desk.Key{{Email: ada.Email}, {ExternalID: ada.ExternalID, Email: ada.Email}} {
		if got := s.find(key); got == nil || got.ID != ada.ID || got.Active {
			s.Errorf("Find(%+v) of a deactivated user = %+v, want user %s, not active", key, got, ada.ID)
		}
	}
	s.testOnDeactivate(ada.ID, mine)
	s.testTeamsWhenInactive(ada)
	members, err := s.desk.TeamMembers(s.ctx, s.Harness.Teams[0])
	s.must("TeamMembers", err)
	if slices.Contains(members, ada.ID) {
		s.Error("a deactivated user counts as active member of a team")
	}
	_, err = s.desk.Create(s.ctx, provision.DeskUser{Email: ada.Email, DisplayName: "Second Ada", Active: true, Role: provision.RoleAgent})
	s.wantKind("Create with the e-mail of a deactivated user", err, desk.Conflict)

	for range 2 {
		s.must("reactivate", s.desk.SetActive(s.ctx, ada.ID, true))
		if got := s.read(ada.ID); !got.Active || !sameAddress(got.Email, ada.Email) || got.ExternalID != ada.ExternalID {
			s.Errorf("the user came back as %+v, was %+v", got, ada)
		}
	}
	if back := s.read(ada.ID); s.can.TeamsWhenInactive != desk.TeamsLost && !slices.Equal(back.Teams, ada.Teams) {
		s.Errorf("TeamsWhenInactive is %q, and the user came back in the teams %q, was in %q", s.can.TeamsWhenInactive, back.Teams, ada.Teams)
	}
}

// testOnDeactivate holds what a deactivated user has against what the desk
// declares: access ends before the hand-over, or after it, by that.
func (s *suite) testOnDeactivate(off provision.DeskUserID, mine []string) {
	got := s.open(off, many)
	if s.can.OnDeactivate != desk.Keeps {
		if len(got) > 0 {
			s.Errorf("the deactivated user has %q still, and yet OnDeactivate is %q", got, s.can.OnDeactivate)
		}
		s.wantEnded("OnDeactivate", s.can.OnDeactivate, mine)
		return
	}
	if !slices.Equal(got, mine) {
		s.Errorf("the deactivated user has %q, want %q: OnDeactivate is %q, and nothing may get lost", got, mine, s.can.OnDeactivate)
	}
	s.wantCount(off, len(mine))
	for _, c := range mine {
		s.wantAssignee(c, desk.Assignee{User: off})
	}
	if len(mine) == 0 {
		return // the desk shows none
	}
	heir := desk.Assignee{User: s.agent("Heir").ID}
	s.must("Assign what a deactivated user has", s.desk.Assign(s.ctx, mine[0], heir))
	s.wantAssignee(mine[0], heir)
	if got := s.open(off, many); !slices.Equal(got, mine[1:]) {
		s.Errorf("after one was handed over the deactivated user has %q, want %q", got, mine[1:])
	}
	s.wantCount(off, len(mine)-1)
}

// testTeamsWhenInactive holds what the desk shows of a deactivated user against
// what it declares: what is hidden must not be compared.
func (s *suite) testTeamsWhenInactive(was *provision.DeskUser) {
	want := was.Teams
	if s.can.TeamsWhenInactive != desk.TeamsShown {
		want = nil
	}
	if got := s.read(was.ID).Teams; !slices.Equal(got, want) {
		s.Errorf("the deactivated user is in the teams %q, want %q: TeamsWhenInactive is %q", got, want, s.can.TeamsWhenInactive)
	}
}

// wantEnded fails unless conversations of somebody who was ended are with whom
// the desk declares. What is destroyed nobody can ask for.
func (s *suite) wantEnded(field string, ending desk.Ending, conversations []string) {
	s.Helper()
	if s.Harness.Assignee == nil || ending == desk.Destroys {
		return
	}
	profile, err := s.desk.Check(s.ctx)
	s.must("Check", err)
	for _, c := range conversations {
		got := s.Harness.Assignee(s.T, c)
		nobody := got == (desk.Assignee{}) || got == s.Harness.Unassigned
		caller := got == desk.Assignee{User: profile.Self}
		if nobody != (ending == desk.Unassigns) || caller != (ending == desk.GivesToCaller) {
			s.Errorf("afterwards conversation %s is assigned to %+v, and yet %s is %q", c, got, field, ending)
		}
	}
}

// wantCount fails when the desk counts another number of somebody's open
// conversations; one that cannot count says nothing.
func (s *suite) wantCount(id provision.DeskUserID, want int) {
	s.Helper()
	counter, ok := desk.As[desk.Counter](s.desk)
	if !ok {
		return
	}
	got, err := counter.CountOpen(s.ctx, id)
	s.must("CountOpen", err)
	if got != want {
		s.Errorf("CountOpen = %d, want %d", got, want)
	}
}

func (s *suite) testDelete() {
	ada := s.agent("Ada")
	if !s.can.Delete {
		s.wantKind("Delete", s.desk.Delete(s.ctx, ada.ID), desk.CannotDo)
		s.read(ada.ID)
		return
	}
	mine := s.converse(ada.ID, 2)
	for range 2 { // the second finds nobody, and succeeds
		s.must("Delete", s.desk.Delete(s.ctx, ada.ID))
		s.wantGone(ada)
	}
	s.must("Delete of an unknown user", s.desk.Delete(s.ctx, nobody))
	s.wantEnded("OnDelete", s.can.OnDelete, mine)
}

// wantGone fails when any key still finds the user.
func (s *suite) wantGone(u *provision.DeskUser) {
	s.Helper()
	for _, key := range []desk.Key{{ID: u.ID}, {Email: u.Email}, {ExternalID: u.ExternalID}} {
		if got := s.find(key); got != nil {
			s.Errorf("Find(%+v) still finds %+v", key, got)
		}
	}
}

// testCutFirst ends a user's access before anything else: where the desk says that
// conversations stay with a deactivated user, all that follows must work on one.
func (s *suite) testCutFirst() {
	if s.can.OnDeactivate != desk.Keeps {
		return
	}
	leaver, assignee := s.agent("Leaver"), s.agent("Assignee")
	all := sortedCopy(s.converse(leaver.ID, 3))
	s.must("SetActive", s.desk.SetActive(s.ctx, leaver.ID, false))
	if got := s.open(leaver.ID, many); !slices.Equal(got, all) {
		s.Errorf("the deactivated user has conversations %q, want %q", got, all)
	}
	for _, c := range all {
		s.must("Assign", s.desk.Assign(s.ctx, c, desk.Assignee{User: assignee.ID}))
	}
	if got := s.open(leaver.ID, many); len(got) > 0 {
		s.Errorf("the deactivated user still has %q", got)
	}
	if got := s.open(assignee.ID, many); !slices.Equal(got, all) {
		s.Errorf("the assignee has %q, want %q", got, all)
	}
	shown := s.read(leaver.ID)
	if s.can.ChangeTeams && len(shown.Teams) > 0 {
		s.must("ChangeTeams", s.desk.ChangeTeams(s.ctx, leaver.ID, nil, shown.Teams))
	}
	if s.can.ChangeMailboxes && len(shown.Mailboxes) > 0 {
		s.must("ChangeMailboxes", s.desk.ChangeMailboxes(s.ctx, leaver.ID, nil, shown.Mailboxes))
	}
	if _, knows := s.can.RoleNames[provision.RoleNone]; knows && s.can.ChangeRole {
		s.must("SetRole", s.desk.SetRole(s.ctx, leaver.ID, provision.RoleNone))
	}
	got := s.read(leaver.ID)
	if got.Active || s.can.ChangeTeams && len(got.Teams) > 0 || s.can.ChangeMailboxes && len(got.Mailboxes) > 0 {
		s.Errorf("the leaver is %+v", got)
	}
}

// testAnonymize lets a desk keep the shell of the user, for the history, but
// nothing of the person.
func (s *suite) testAnonymize() {
	ada := s.agent("Ada")
	if !s.can.Anonymize {
		s.wantKind("Anonymize", s.desk.Anonymize(s.ctx, ada.ID), desk.CannotDo)
		s.read(ada.ID)
		return
	}
	for range 2 {
		s.must("Anonymize", s.desk.Anonymize(s.ctx, ada.ID))
		if got := s.find(desk.Key{Email: ada.Email}); got != nil {
			s.Errorf("the e-mail still finds %+v", got)
		}
		s.wantNameless(s.find(desk.Key{ID: ada.ID}), ada)
		if s.Harness.Read != nil {
			s.wantNameless(s.Harness.Read(s.T, ada.ID), ada)
		}
	}
	s.must("Anonymize of an unknown user", s.desk.Anonymize(s.ctx, nobody))
}

func (s *suite) wantNameless(shell, was *provision.DeskUser) {
	s.Helper()
	if shell == nil {
		return
	}
	if shell.Active {
		s.Errorf("the anonymized user is still active: %+v", shell)
	}
	kept := strings.Join([]string{shell.Email, shell.DisplayName, shell.GivenName, shell.FamilyName, shell.Phone}, "\n")
	for _, secret := range []string{was.Email, was.DisplayName} {
		if strings.Contains(strings.ToLower(kept), strings.ToLower(secret)) {
			s.Errorf("the anonymized user still shows %q: %+v", secret, shell)
		}
	}
}

func (s *suite) testEndSessions() {
	ada := s.agent("Ada")
	if !s.can.EndSessions {
		s.wantKind("EndSessions", s.desk.EndSessions(s.ctx, ada.ID), desk.CannotDo)
		return
	}
	for range 2 {
		s.must("EndSessions", s.desk.EndSessions(s.ctx, ada.ID))
	}
	if got := s.read(ada.ID); !got.Active || got.Role != ada.Role {
		s.Errorf("the end of sessions changed the user to %+v", got)
	}
}

// testStopInflow: it comes before a hand-over, whose assignee must go on getting
// conversations, and changes nothing else.
func (s *suite) testStopInflow() {
	stopper, ok := desk.As[desk.InflowStopper](s.desk)
	if !ok {
		return
	}
	ada := s.agent("Ada")
	mine := sortedCopy(s.converse(ada.ID, 2))
	for range 2 {
		s.must("StopInflow", stopper.StopInflow(s.ctx, ada.ID))
	}
	if diff := s.differ(ada, s.read(ada.ID)); diff != "" {
		s.Errorf("StopInflow changed the user (-before +after):\n%s", diff)
	}
	if got := s.open(ada.ID, many); !slices.Equal(got, mine) {
		s.Errorf("after StopInflow the user has %q, want %q", got, mine)
	}
	s.wantKind("StopInflow of an unknown user", stopper.StopInflow(s.ctx, nobody), desk.NotFound)

	back := s.agent("Back") // somebody who is away for a while is as before afterwards
	kept := sortedCopy(s.converse(back.ID, 2))
	for _, away := range []bool{true, true, false, false} {
		s.must("SetAway", stopper.SetAway(s.ctx, back.ID, away))
		if diff := s.differ(back, s.read(back.ID)); diff != "" {
			s.Errorf("SetAway(%t) changed the user (-before +after):\n%s", away, diff)
		}
	}
	if got := s.open(back.ID, many); !slices.Equal(got, kept) {
		s.Errorf("after an absence the user has %q, want %q", got, kept)
	}
	s.wantKind("SetAway of an unknown user", stopper.SetAway(s.ctx, nobody, true), desk.NotFound)
}

// differ compares users but for what is only told of them: a list may leave it
// out, and time goes on.
func (s *suite) differ(a, b *provision.DeskUser) string {
	return cmp.Diff(a, b, cmpopts.IgnoreFields(provision.DeskUser{}, "LastLogin", "LastActive", "Accepted"))
}

// testSeats: whoever gets a seat is counted, also when made by hand, and the step
// that frees one does so.
func (s *suite) testSeats() {
	counter, ok := desk.As[desk.Seats](s.desk)
	if !ok {
		return
	}
	seats := func() int {
		used, limit, err := counter.Seats(s.ctx)
		s.must("Seats", err)
		if used < 0 || limit < 0 || limit > 0 && used > limit {
			s.Errorf("Seats = %d of %d", used, limit)
		}
		return used
	}
	before := seats()
	made := s.create(s.person("Seated", "Agent"))
	s.MakeUser(s.T, "Hand Made", s.person("Hand", "Made").Email)
	if got := seats(); got != before+2 {
		s.Errorf("two agents more, and Seats went from %d to %d", before, got)
	}
	switch s.can.SeatFreedBy {
	case desk.ByDeactivate:
		s.must("SetActive", s.desk.SetActive(s.ctx, made.ID, false))
	case desk.ByDelete:
		s.must("Delete", s.desk.Delete(s.ctx, made.ID))
	default:
		return
	}
	if got := seats(); got != before+1 {
		s.Errorf("SeatFreedBy is %q; after that Seats is %d, want %d", s.can.SeatFreedBy, got, before+1)
	}
}

func (s *suite) testAdmins() {
	before := s.admins()
	if before < 1 {
		s.Errorf("Admins = %d on a desk with a service account", before)
	}
	s.create(s.person("Only", "Agent"))
	if got := s.admins(); got != before {
		s.Errorf("an agent more, and Admins went from %d to %d", before, got)
	}
	want := s.person("Second", "Admin")
	want.Role = provision.RoleAdmin
	admin := s.create(want)
	if s.can.MakesAgents { // until somebody raises them by hand
		if got := s.admins(); got != before {
			s.Errorf("an agent more, who is to be admin, and Admins went from %d to %d", before, got)
		}
		return
	}
	if got := s.admins(); got != before+1 {
		s.Errorf("an admin more, and Admins went from %d to %d", before, got)
	}
	switch {
	case s.can.Deactivate:
		s.must("SetActive", s.desk.SetActive(s.ctx, admin.ID, false))
	case s.can.Delete:
		s.must("Delete", s.desk.Delete(s.ctx, admin.ID))
	default:
		return
	}
	if got := s.admins(); got != before {
		s.Errorf("the admin is gone, and Admins is %d, want %d", got, before)
	}
}

func (s *suite) admins() int {
	s.Helper()
	n, err := s.desk.Admins(s.ctx)
	s.must("Admins", err)
	return n
}
