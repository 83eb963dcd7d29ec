package desktest

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// manyPages is how many pages a list may have before it is taken for endless.
const manyPages = 10_000

// list reads everybody in bulk; ok is false where the desk cannot.
func (s *suite) list() (users map[provision.DeskUserID]provision.DeskUser, ok bool) {
	s.Helper()
	lister, ok := desk.As[desk.Lister](s.desk)
	if !ok {
		return nil, false // which is no promise that is broken: such a desk is read user by user
	}
	users = make(map[provision.DeskUserID]provision.DeskUser)
	seen := make(map[string]bool)
	cursor := ""
	for range manyPages {
		page, next, err := lister.List(s.ctx, cursor)
		if cursor == "" && desk.KindOf(err) == desk.CannotDo {
			return nil, false
		}
		s.must("List", err)
		for _, u := range page {
			users[u.ID] = u
		}
		if next == "" {
			return users, true
		}
		if seen[next] {
			s.Fatalf("List goes round in a circle: cursor %q for the second time", next)
		}
		seen[next], cursor = true, next
	}
	s.Fatalf("List has no end after %d pages", manyPages)
	return nil, false
}

// testList compares what a list shows of people in every state with what Find
// shows of them: a sweep takes what the list says for true unless it differs
// from what is desired.
func (s *suite) testList() {
	everywhere := s.person("Everywhere", "Agent")
	everywhere.Teams = s.teams(2)
	if s.Harness.Mailboxes[0] != "" {
		everywhere.Mailboxes = s.Harness.Mailboxes[:]
	}
	made := s.create(everywhere)
	s.join(made, everywhere)
	ids := []provision.DeskUserID{made.ID, s.agent("Somewhere").ID, s.create(s.person("Nowhere", "Agent")).ID}
	lead := s.person("Lead", "Admin")
	lead.Role = provision.RoleAdmin
	ids = append(ids, s.create(lead).ID, s.MakeUser(s.T, "Hand Made", s.person("Hand", "Made").Email))
	profile, err := s.desk.Check(s.ctx)
	s.must("Check", err)
	ids = append(ids, profile.Self)
	off := s.create(s.person("Off", "Agent"))
	if s.can.Deactivate {
		s.must("SetActive", s.desk.SetActive(s.ctx, off.ID, false))
	}
	gone := s.create(s.person("Gone", "Agent"))
	if s.can.Delete {
		s.must("Delete", s.desk.Delete(s.ctx, gone.ID))
	}

	users, ok := s.list()
	if !ok {
		return
	}
	for _, id := range append(ids, off.ID) {
		listed, there := users[id]
		if !there {
			s.Errorf("user %s is not on the list", id)
			continue
		}
		if diff := s.differ(s.read(id), &listed); diff != "" {
			s.Errorf("user %s (-Find +List):\n%s", id, diff)
		}
	}
	if _, there := users[gone.ID]; there && s.can.Delete {
		s.Errorf("user %s is on the list after the deletion", gone.ID)
	}

	if s.can.ChangeTeams { // what a list said before is not what one says that begins now
		s.must("ChangeTeams", s.desk.ChangeTeams(s.ctx, made.ID, nil, s.Harness.Teams[1:]))
		users, _ = s.list()
		if contains(users[made.ID].Teams, s.Harness.Teams[1]) {
			s.Errorf("a list that begins after the change shows %q", users[made.ID].Teams)
		}
	}
}

// testListFails: a list that ends early says that people are gone.
func (s *suite) testListFails() {
	lister, ok := desk.As[desk.Lister](s.desk)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if users, _, err := lister.List(ctx, ""); err == nil {
		s.Errorf("List under a cancelled context = %d users without an error", len(users))
	}
	for _, cursor := range []string{"no-such-cursor", "-1", "0x1", "' OR 1=1 --"} {
		_, _, err := lister.List(s.ctx, cursor)
		s.wantKind("List from "+cursor, err, desk.Permanent)
	}
}
