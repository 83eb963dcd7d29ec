package desktest

import (
	"context"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// nobody is an id in the form of many desks that no user has.
const nobody provision.DeskUserID = "1999999999"

func (s *suite) testCapabilities() {
	if s.can.RoleNames[provision.RoleAgent] == "" || s.can.RoleNames[provision.RoleAdmin] == "" {
		s.Errorf("RoleNames %v lack a name for agent or admin", s.can.RoleNames)
	}
	for role, name := range s.can.RoleNames {
		if name == "" {
			s.Errorf("the name of %s is empty", role)
		}
	}
	if s.can.MailboxesByTeam && s.can.ChangeMailboxes {
		s.Error("mailboxes follow from teams, and yet they can be changed")
	}
	if !s.can.MailboxesByTeam && s.Harness.Mailboxes[0] == "" {
		s.Error("the harness names no mailboxes")
	}
	s.testEndingDeclared()
	if diff := cmp.Diff(s.can, s.desk.Capabilities()); diff != "" {
		s.Errorf("Capabilities change between two calls:\n%s", diff)
	}
}

// testEndingDeclared: what a desk can do to a leaver it says the effect of, and
// nothing of what it cannot do.
func (s *suite) testEndingDeclared() {
	endings := []desk.Ending{desk.Keeps, desk.Unassigns, desk.GivesToCaller, desk.Destroys}
	for _, e := range []struct {
		field string
		can   bool
		said  desk.Ending
	}{{"OnDeactivate", s.can.Deactivate, s.can.OnDeactivate}, {"OnDelete", s.can.Delete, s.can.OnDelete}} {
		if e.can != (e.said != "") || e.can && !slices.Contains(endings, e.said) {
			s.Errorf("%s is %q, and the desk can do it: %t", e.field, e.said, e.can)
		}
	}
	teams := []desk.InactiveTeams{desk.TeamsShown, desk.TeamsHidden, desk.TeamsLost}
	if said := s.can.TeamsWhenInactive; s.can.Deactivate != (said != "") || s.can.Deactivate && !slices.Contains(teams, said) {
		s.Errorf("TeamsWhenInactive is %q, and the desk deactivates: %t", said, s.can.Deactivate)
	}
	if !slices.Contains([]desk.SeatRelease{"", desk.ByDeactivate, desk.ByDowngrade, desk.ByDelete, desk.ByNothing}, s.can.SeatFreedBy) {
		s.Errorf("SeatFreedBy is %q", s.can.SeatFreedBy)
	}
	if s.can.SearchLag < 0 || s.can.SearchLag > 5*time.Minute {
		s.Errorf("SearchLag is %v", s.can.SearchLag)
	}
}

func (s *suite) testCheck() {
	first, err := s.desk.Check(s.ctx)
	s.must("Check", err)
	if len(first.Problems) > 0 {
		s.Errorf("Check finds problems on a desk that was set up as documented: %q", first.Problems)
	}
	for _, list := range [][]string{first.Teams, first.Mailboxes} {
		if !slices.IsSorted(list) {
			s.Errorf("%q is not sorted", list)
		}
	}
	if missing := minus(s.teams(2), first.Teams); len(missing) > 0 {
		s.Errorf("Check does not list the teams %q", missing)
	}
	if s.Harness.Mailboxes[0] != "" {
		if missing := minus(s.Harness.Mailboxes[:], first.Mailboxes); len(missing) > 0 {
			s.Errorf("Check does not list the mailboxes %q", missing)
		}
	}

	s.checkUnits()

	if first.Self == "" {
		s.Fatal("Check does not say which account is ours: it could not be protected")
	}
	if self := s.read(first.Self); !self.Active {
		s.Errorf("our own account is not active: %+v", self)
	}
	second, err := s.desk.Check(s.ctx)
	s.must("Check", err)
	if diff := cmp.Diff(first, second); diff != "" {
		s.Errorf("Check changed something (-first +second):\n%s", diff)
	}
}

// checkUnits wants a desk that tells the ids of teams and mailboxes to tell one of
// each that rules can name, and the same one the next time.
func (s *suite) checkUnits() {
	numbered, ok := desk.As[desk.Numbered](s.desk)
	if !ok {
		return
	}
	teams, mailboxes, err := numbered.Units(s.ctx)
	s.must("Units", err)
	again, mailboxesAgain, err := numbered.Units(s.ctx)
	s.must("Units", err)
	if !cmp.Equal(teams, again) || !cmp.Equal(mailboxes, mailboxesAgain) {
		s.Errorf("Units changes between two calls: %v %v, then %v %v", teams, mailboxes, again, mailboxesAgain)
	}
	wanted := make(map[string][]desk.Unit)
	for _, name := range s.teams(2) {
		wanted[name] = teams
	}
	if !s.can.MailboxesByTeam && s.Harness.Mailboxes[0] != "" {
		wanted[s.Harness.Mailboxes[0]], wanted[s.Harness.Mailboxes[1]] = mailboxes, mailboxes
	}
	for name, list := range wanted {
		if !slices.ContainsFunc(list, func(u desk.Unit) bool { return u.Name == name }) {
			s.Errorf("Units does not tell %q: %v", name, list)
		}
	}
	for _, list := range [][]desk.Unit{teams, mailboxes} {
		seen := make(map[string]bool)
		for _, u := range list {
			if u.ID == "" || seen[u.ID] {
				s.Errorf("Units tells %+v, whose id is another's or none", u)
			}
			seen[u.ID] = true
		}
	}
}

// testFindMiss guards against desks that answer an unknown search field, an
// empty one or a pattern with everybody.
func (s *suite) testFindMiss() {
	s.create(s.person("Somebody", "Else"))
	stranger := s.person("No", "Body")
	for _, key := range []desk.Key{
		{},
		{ID: nobody},
		{ID: "no-such-user"},
		{ExternalID: stranger.ExternalID},
		{Email: stranger.Email},
		{Email: "%"},
		{Email: "*"},
		{Email: "' OR 1=1 --"},
		{Email: "example.test"},
		{ID: nobody, ExternalID: stranger.ExternalID, Email: stranger.Email},
	} {
		if got := s.find(key); got != nil {
			s.Errorf("Find(%+v) = %+v, want nil", key, got)
		}
	}
}

// testFindCancelled: nil without an error means "there is no such user", and
// the caller would make a second one.
func (s *suite) testFindCancelled() {
	made := s.create(s.person("Still", "There"))
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	for _, key := range []desk.Key{{ID: made.ID}, {Email: made.Email}, {ExternalID: made.ExternalID, Email: made.Email}} {
		if got, err := s.desk.Find(ctx, key); err == nil {
			s.Errorf("Find(%+v) under a cancelled context = %v without an error", key, got)
		}
	}
}

func (s *suite) testFind() {
	want, other := s.person("Ada", "Byron"), s.person("Grace", "Hopper")
	ada, grace := s.create(want), s.create(other)

	keys := []desk.Key{
		{ID: ada.ID},
		{Email: want.Email},
		{Email: upper(want.Email)},
		{ID: ada.ID, Email: other.Email},
		{ID: nobody, Email: want.Email},
	}
	if s.can.ExternalID {
		keys = append(keys,
			desk.Key{ExternalID: want.ExternalID},
			desk.Key{ExternalID: want.ExternalID, Email: other.Email},
			desk.Key{ID: ada.ID, ExternalID: other.ExternalID},
		)
	} else if got := s.find(desk.Key{ExternalID: want.ExternalID}); got != nil {
		s.Errorf("the desk keeps no external ids, and yet finds %+v by one", got)
	}
	for _, key := range keys {
		got := s.find(key)
		if got == nil || got.ID != ada.ID {
			s.Errorf("Find(%+v) = %+v, want user %s", key, got, ada.ID)
		}
	}
	if got := s.find(desk.Key{Email: other.Email}); got == nil || got.ID != grace.ID {
		s.Errorf("Find by the other's e-mail = %+v, want user %s", got, grace.ID)
	}
}
