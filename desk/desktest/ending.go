package desktest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

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
	s.testKeepsConversations(ada.ID, mine)
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
}

// testKeepsConversations holds what a deactivated user has against what the
// desk declares: access ends before the hand-over, or after it, by that.
func (s *suite) testKeepsConversations(off provision.DeskUserID, mine []string) {
	got := s.open(off, many)
	if !s.can.KeepsConversations {
		if len(got) > 0 {
			s.Errorf("the deactivated user has %q still, and yet KeepsConversations is false", got)
		}
		return
	}
	if !slices.Equal(got, mine) {
		s.Errorf("the deactivated user has %q, want %q: KeepsConversations is true, and nothing may get lost", got, mine)
	}
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
	if s.Harness.Assignee == nil {
		return
	}
	for _, c := range mine {
		if s.can.DeleteUnassigns {
			s.wantAssignee(c, desk.Assignee{})
		} else if got := s.Harness.Assignee(s.T, c); got == (desk.Assignee{}) {
			s.Errorf("the deletion has unassigned conversation %s, and yet DeleteUnassigns is false", c)
		}
	}
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
	if !s.can.KeepsConversations {
		return
	}
	if !s.can.Deactivate {
		s.Fatal("KeepsConversations without Deactivate says nothing")
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
	stopper, ok := s.desk.(desk.InflowStopper)
	if !ok {
		return
	}
	ada := s.agent("Ada")
	mine := sortedCopy(s.converse(ada.ID, 2))
	for range 2 {
		s.must("StopInflow", stopper.StopInflow(s.ctx, ada.ID))
	}
	if diff := cmp.Diff(ada, s.read(ada.ID)); diff != "" {
		s.Errorf("StopInflow changed the user (-before +after):\n%s", diff)
	}
	if got := s.open(ada.ID, many); !slices.Equal(got, mine) {
		s.Errorf("after StopInflow the user has %q, want %q", got, mine)
	}
	s.wantKind("StopInflow of an unknown user", stopper.StopInflow(s.ctx, nobody), desk.NotFound)
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
