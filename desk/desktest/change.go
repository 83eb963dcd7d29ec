package desktest

import (
	"errors"
	"slices"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func (s *suite) testProfile() {
	ada := s.agent("Ada")
	want := s.person("Augusta", "King")
	want.ExternalID = ada.ExternalID
	if !s.can.ChangeProfile {
		s.wantKind("SetProfile", s.desk.SetProfile(s.ctx, ada.ID, want), desk.CannotDo)
		return
	}
	for range 2 { // the second changes nothing, and succeeds
		s.must("SetProfile", s.desk.SetProfile(s.ctx, ada.ID, want))
		s.compare(s.read(ada.ID), want)
	}
	if got := s.find(desk.Key{Email: ada.Email}); got != nil {
		s.Errorf("the old e-mail still finds %+v", got)
	}
	if got := s.find(desk.Key{Email: want.Email}); got == nil || got.ID != ada.ID {
		s.Errorf("the new e-mail finds %+v, want user %s", got, ada.ID)
	}
	got := s.read(ada.ID)
	if diff := cmp.Diff(ada.Teams, got.Teams); diff != "" {
		s.Errorf("a change of profile changed teams:\n%s", diff)
	}
	if diff := cmp.Diff(ada.Mailboxes, got.Mailboxes); diff != "" {
		s.Errorf("a change of profile changed mailboxes:\n%s", diff)
	}

	taken := want
	taken.Email = upper(s.create(s.person("Grace", "Hopper")).Email)
	s.wantKind("SetProfile to a taken e-mail", s.desk.SetProfile(s.ctx, ada.ID, taken), desk.Conflict)
	s.compare(s.read(ada.ID), want)
}

// testProfileKeeps: what an identity provider does not say, somebody may have
// entered on the desk.
func (s *suite) testProfileKeeps() {
	before := s.person("Ada", "Byron")
	before.Title, before.Phone, before.Timezone = "Countess", "+44 20 0000 000", "Europe/London"
	made := s.create(before)
	want := s.person("Augusta", "King")
	want.ExternalID = before.ExternalID
	err := s.desk.SetProfile(s.ctx, made.ID, want)
	if !s.can.ChangeProfile {
		s.wantKind("SetProfile", err, desk.CannotDo)
		s.compare(s.read(made.ID), before)
		return
	}
	s.must("SetProfile", err)
	want.Title, want.Phone, want.Timezone = before.Title, before.Phone, before.Timezone
	s.compare(s.read(made.ID), want)
}

func (s *suite) testRole() {
	made := s.create(s.person("Ada", "Byron"))
	if !s.can.ChangeRole {
		s.wantKind("SetRole", s.desk.SetRole(s.ctx, made.ID, provision.RoleAdmin), desk.CannotDo)
		return
	}
	for _, role := range []provision.Role{
		provision.RoleAdmin, provision.RoleLimited, provision.RoleAgent, provision.RoleNone,
		provision.RoleAgent, provision.RoleAgent, provision.RoleAdmin, provision.RoleAgent,
	} {
		before := s.read(made.ID).Role
		err := s.desk.SetRole(s.ctx, made.ID, role)
		if s.can.RoleNames[role] == "" {
			s.wantKind("SetRole to a role that the desk does not know", err, desk.Permanent, desk.CannotDo)
			role = before
		} else {
			s.must("SetRole to "+string(role), err)
		}
		if got := s.read(made.ID).Role; got != role {
			s.Errorf("role is %q, want %q", got, role)
		}
	}
	s.wantKind("SetRole to owner", s.desk.SetRole(s.ctx, made.ID, provision.RoleOwner), desk.Permanent, desk.CannotDo)
	if got := s.read(made.ID); got.Role != provision.RoleAgent || !got.Active {
		s.Errorf("after all: %+v, want an active agent", got)
	}
}

func (s *suite) testTeams() {
	one, two := s.Harness.Teams[0], s.Harness.Teams[1]
	made := s.create(s.person("Ada", "Byron"))
	if !s.can.ChangeTeams {
		s.wantKind("ChangeTeams", s.desk.ChangeTeams(s.ctx, made.ID, []string{s.someTeam()}, nil), desk.CannotDo)
		return
	}
	for _, step := range []struct {
		name        string
		add, remove []string
		want        []string
	}{
		{"join the first", []string{one}, nil, []string{one}},
		{"join it again", []string{one}, nil, []string{one}},
		{"join the second, the first stays", []string{two}, nil, []string{one, two}},
		{"nothing at all", nil, nil, []string{one, two}},
		{"leave the first, the second stays", nil, []string{one}, []string{two}},
		{"leave it again", nil, []string{one}, []string{two}},
		{"from one to the other", []string{one}, []string{two}, []string{one}},
		{"leave both", nil, []string{one, two}, nil},
	} {
		s.must(step.name, s.desk.ChangeTeams(s.ctx, made.ID, step.add, step.remove))
		got := s.managed(s.read(made.ID).Teams, s.Harness.Teams)
		if !slices.Equal(got, sortedCopy(step.want)) {
			s.Errorf("%s: teams are %q, want %q", step.name, got, step.want)
		}
		for _, team := range s.Harness.Teams {
			members, err := s.desk.TeamMembers(s.ctx, team)
			s.must("TeamMembers", err)
			if is, should := slices.Contains(members, made.ID), slices.Contains(step.want, team); is != should {
				s.Errorf("%s: TeamMembers(%q) lists the user: %t, want %t", step.name, team, is, should)
			}
		}
	}
}

// managed returns those of names that the harness knows, sorted: a desk may
// put every user into teams of its own.
func (s *suite) managed(names []string, known [2]string) []string {
	s.Helper()
	if !slices.IsSorted(names) {
		s.Errorf("%q is not sorted", names)
	}
	var out []string
	for _, name := range names {
		if slices.Contains(known[:], name) {
			out = append(out, name)
		}
	}
	return out
}

func sortedCopy(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return out
}

// testTeamRace finds connectors that write a list of members which they read
// a moment before.
func (s *suite) testTeamRace() {
	team := s.Harness.Teams[1]
	var ids []provision.DeskUserID
	for range 5 {
		ids = append(ids, s.create(s.person("Team", "Mate")).ID)
	}
	errs := make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { errs[i] = s.desk.ChangeTeams(s.ctx, id, []string{team}, nil) })
	}
	wg.Wait()
	for i, id := range ids {
		if !s.can.ChangeTeams {
			s.wantKind("ChangeTeams", errs[i], desk.CannotDo)
			continue
		}
		s.must("ChangeTeams", errs[i])
		if !slices.Contains(s.read(id).Teams, team) {
			s.Errorf("user %s was lost from the team", id)
		}
	}
}

func (s *suite) testMailboxes() {
	made := s.create(s.person("Ada", "Byron"))
	one, two := s.Harness.Mailboxes[0], s.Harness.Mailboxes[1]
	if !s.can.ChangeMailboxes {
		s.wantKind("ChangeMailboxes", s.desk.ChangeMailboxes(s.ctx, made.ID, []string{"Support"}, nil), desk.CannotDo)
		return
	}
	for _, step := range []struct {
		name        string
		add, remove []string
		want        []string
	}{
		{"open the first", []string{one}, nil, []string{one}},
		{"open it again", []string{one}, nil, []string{one}},
		{"open the second, the first stays", []string{two}, nil, []string{one, two}},
		{"close the first, the second stays", nil, []string{one}, []string{two}},
		{"close it again", nil, []string{one}, []string{two}},
		{"from one to the other", []string{one}, []string{two}, []string{one}},
		{"close both", nil, []string{one, two}, nil},
	} {
		s.must(step.name, s.desk.ChangeMailboxes(s.ctx, made.ID, step.add, step.remove))
		got := s.managed(s.read(made.ID).Mailboxes, s.Harness.Mailboxes)
		if !slices.Equal(got, sortedCopy(step.want)) {
			s.Errorf("%s: mailboxes are %q, want %q", step.name, got, step.want)
		}
	}
}

func (s *suite) testUnknownNames() {
	made := s.create(s.person("Ada", "Byron"))
	const unknown = "No Such Name Anywhere"
	if s.can.ChangeTeams {
		s.wantNoPlace("ChangeTeams to an unknown team", s.desk.ChangeTeams(s.ctx, made.ID, []string{s.Harness.Teams[0], unknown}, nil), unknown)
	}
	if s.can.ChangeMailboxes {
		s.wantNoPlace("ChangeMailboxes to an unknown mailbox", s.desk.ChangeMailboxes(s.ctx, made.ID, []string{s.Harness.Mailboxes[0], unknown}, nil), unknown)
	}
	nowhere := s.person("Grace", "Hopper")
	nowhere.Teams = []string{unknown}
	if user, err := s.desk.Create(s.ctx, nowhere); err != nil { // as much of teams as the desk takes at creation
		s.wantNoPlace("Create in an unknown team", err, unknown)
	} else {
		s.read(user.ID)
	}
	_, err := s.desk.TeamMembers(s.ctx, unknown)
	s.wantKind("TeamMembers of an unknown team", err, desk.NotFound)
	s.read(made.ID)
}

// wantNoPlace wants err to say which place the desk does not have.
func (s *suite) wantNoPlace(what string, err error, name string) {
	s.Helper()
	s.wantKind(what, err, desk.Permanent)
	if e, ok := errors.AsType[*desk.Error](err); ok && e.Place != name {
		s.Errorf("%s: the error names the place %q, want %q", what, e.Place, name)
	}
}

func (s *suite) testUnknownUser() {
	want := s.person("No", "Body")
	for _, call := range []struct {
		name string
		can  bool
		err  error
	}{
		{"SetProfile", s.can.ChangeProfile, s.desk.SetProfile(s.ctx, nobody, want)},
		{"SetRole", s.can.ChangeRole, s.desk.SetRole(s.ctx, nobody, provision.RoleAgent)},
		{"ChangeTeams", s.can.ChangeTeams, s.desk.ChangeTeams(s.ctx, nobody, s.Harness.Teams[:1], nil)},
		{"ChangeMailboxes", s.can.ChangeMailboxes, s.desk.ChangeMailboxes(s.ctx, nobody, s.Harness.Mailboxes[:1], nil)},
		{"SetActive", s.can.Deactivate, s.desk.SetActive(s.ctx, nobody, false)},
	} {
		if call.can {
			s.wantKind(call.name+" of an unknown user", call.err, desk.NotFound)
		} else {
			s.wantKind(call.name, call.err, desk.CannotDo)
		}
	}
	if got := s.find(desk.Key{Email: want.Email}); got != nil {
		s.Errorf("a change of an unknown user made %+v", got)
	}
}
