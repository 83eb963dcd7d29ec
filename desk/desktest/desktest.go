// Package desktest is the suite that every connector must pass.
//
// A connector's test makes a [Harness] around a real desk, or around a fake
// that is as strict as the real one, and calls [Run]. What a desk can do by
// its Capabilities must work; what it cannot do must be refused in so many
// words: nothing is skipped. The suite makes up people with fresh addresses,
// so that it can run any number of times against the same desk, and judges
// only them: whoever else is on the desk is left alone.
//
// [RunBehindFaults] is for what may happen twice. How a caller takes a desk
// that lies or lags is tried with package faulty below this one.
package desktest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Harness is a desk under test with what the suite cannot do through the
// connector. The desk has no seat limit and the connector every right that
// its page in the documentation asks for.
type Harness struct {
	// Desk returns the connector. It is called once for each test.
	Desk func(t *testing.T) desk.Desk

	// Teams and Mailboxes exist on the desk. Who is an agent in Teams[0] and
	// Mailboxes[0] may own the conversations that Converse opens; who is in no
	// team and no mailbox may not, or else Outsider makes somebody who may not. A desk where mailboxes follow from teams
	// leaves Mailboxes empty, and one without teams Teams. Where a new user is in no
	// mailbox and none can be given, somebody has given the first one at once, as an
	// admin does who is asked to.
	Teams     [2]string
	Mailboxes [2]string

	// MakeUser makes an agent past the connector, as an admin does by hand:
	// without our external id.
	MakeUser func(t *testing.T, name, email string) provision.DeskUserID

	// Converse opens n conversations that are assigned to an agent, who is in
	// Teams[0] and Mailboxes[0], and returns their ids. nil: the desk shows no
	// conversations, and must say so.
	Converse func(t *testing.T, assignee provision.DeskUserID, n int) []string

	// Move puts a conversation of Converse's into the mailbox Elsewhere, or the team of that
	// name where those are the mailboxes, and leaves it with its agent. nil: the desk does
	// not tell in which mailbox a conversation is, and says so.
	Move      func(t *testing.T, conversation string)
	Elsewhere string

	// Outsider makes an active agent who may not own what Converse opens, on a desk
	// where being in no team and no mailbox does not keep anybody from it. nil: it
	// does.
	Outsider func(t *testing.T) provision.DeskUserID

	// Unassigned is what Assignee tells of a conversation of Converse's that was
	// taken from its agent: nobody, unless the desk leaves it with the agent's team.
	Unassigned desk.Assignee

	// Read reads a user past the connector, nil when there is none: e-mail,
	// display name, active and role at least. Assignee tells who owns a
	// conversation. Both are optional; where they are nil the suite has
	// nothing but the connector's own word.
	Read     func(t *testing.T, id provision.DeskUserID) *provision.DeskUser
	Assignee func(t *testing.T, conversation string) desk.Assignee
}

// test is one of the suite.
type test struct {
	name string
	test func(s *suite)
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	run(t, h, []test{
		{"capabilities agree with each other", (*suite).testCapabilities},
		{"check finds what mapping needs and changes nothing", (*suite).testCheck},
		{"find answers nil where nobody is", (*suite).testFindMiss},
		{"find fails rather than answer nil when it cannot ask", (*suite).testFindCancelled},
		{"fit is stable and keeps who is meant", (*suite).testFit},
		{"create gives what was wanted", (*suite).testCreate},
		{"create takes unusual names", (*suite).testCreateNames},
		{"find by each key", (*suite).testFind},
		{"a taken e-mail is a conflict", (*suite).testCreateTwice},
		{"a user made by hand is in the way, and found", (*suite).testHandMade},
		{"of eight creates at once one makes the user", (*suite).testCreateRace},
		{"many join a team at once", (*suite).testTeamRace},
		{"unknown teams and mailboxes are refused", (*suite).testUnknownNames},
		{"unknown users are told apart", (*suite).testUnknownUser},
		{"hand over thirty conversations", (*suite).testHandOver},
		{"a conversation is in its mailbox", (*suite).testMailboxOf},
		{"who may not own gets no conversation", (*suite).testAssignRefused},
		{"who is deactivated keeps conversations and can lose the rest", (*suite).testCutFirst},
		{"admins are counted", (*suite).testAdmins},
		{"a list in bulk agrees with find", (*suite).testList},
		{"a list in bulk fails rather than end early", (*suite).testListFails},
	})
	run(t, h, writes)
}

// writes are the tests of what changes a user or a conversation.
var writes = []test{
	{"change of profile", (*suite).testProfile},
	{"a change of profile keeps what it does not name", (*suite).testProfileKeeps},
	{"change of role", (*suite).testRole},
	{"change of teams", (*suite).testTeams},
	{"change of mailboxes", (*suite).testMailboxes},
	{"unassign", (*suite).testUnassign},
	{"assign to a team", (*suite).testAssignToTeam},
	{"assign many at once", (*suite).testAssignMany},
	{"deactivate and reactivate", (*suite).testActive},
	{"delete", (*suite).testDelete},
	{"anonymize", (*suite).testAnonymize},
	{"end sessions", (*suite).testEndSessions},
	{"stop inflow", (*suite).testStopInflow},
	{"seats are counted", (*suite).testSeats},
	{"roles of the desk's own", (*suite).testDeskRoles},
}

func run(t *testing.T, h Harness, tests []test) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := h.Desk(t)
			tt.test(&suite{T: t, Harness: h, desk: d, can: d.Capabilities(), ctx: t.Context()})
		})
	}
}

// suite is one test at work.
type suite struct {
	*testing.T
	Harness
	desk desk.Desk
	can  desk.Capabilities
	ctx  context.Context
}

// person returns a fresh person who should be an agent.
func (s *suite) person(given, family string) provision.DeskUser {
	unique := strings.ToLower(rand.Text()[:10])
	u := provision.DeskUser{
		ExternalID:  string(provision.NewID[provision.AccountID]()),
		Email:       strings.ToLower(given) + "." + unique + "@example.test",
		DisplayName: given + " " + family,
		GivenName:   given,
		FamilyName:  family,
		Active:      true,
		Role:        provision.RoleAgent,
	}
	return u
}

// create makes want on the desk.
func (s *suite) create(want provision.DeskUser) *provision.DeskUser {
	s.Helper()
	got, err := s.desk.Create(s.ctx, want)
	if err != nil {
		s.Fatalf("Create: %v", err)
	}
	if got == nil || got.ID == "" {
		s.Fatalf("Create: no id in %+v", got)
	}
	return got
}

// agent makes an agent in Teams[0] and Mailboxes[0].
func (s *suite) agent(given string) *provision.DeskUser {
	s.Helper()
	want := s.person(given, "Agent")
	want.Teams = s.teams(1)
	if s.Harness.Mailboxes[0] != "" {
		want.Mailboxes = []string{s.Harness.Mailboxes[0]}
	}
	got := s.create(want)
	s.join(got, want)
	return s.read(got.ID)
}

// teams returns the first n teams of the harness; none where the desk has none.
func (s *suite) teams(n int) []string {
	if s.Harness.Teams[0] == "" {
		return nil
	}
	return s.Harness.Teams[:n]
}

// join brings a new user into the teams and mailboxes that Create left out.
func (s *suite) join(got *provision.DeskUser, want provision.DeskUser) {
	s.Helper()
	if missing := minus(want.Teams, got.Teams); len(missing) > 0 && s.can.ChangeTeams {
		s.must("ChangeTeams", s.desk.ChangeTeams(s.ctx, got.ID, missing, nil))
	}
	if missing := minus(want.Mailboxes, got.Mailboxes); len(missing) > 0 && s.can.ChangeMailboxes {
		s.must("ChangeMailboxes", s.desk.ChangeMailboxes(s.ctx, got.ID, missing, nil))
	}
}

// find looks a user up, and fails on an error only.
func (s *suite) find(key desk.Key) *provision.DeskUser {
	s.Helper()
	got, err := s.desk.Find(s.ctx, key)
	if err != nil {
		s.Fatalf("Find(%+v): %v", key, err)
	}
	return got
}

// read returns the user with an id, who must be there, and who must be the
// same to an independent reader.
func (s *suite) read(id provision.DeskUserID) *provision.DeskUser {
	s.Helper()
	got := s.find(desk.Key{ID: id})
	if got == nil {
		s.Fatalf("Find: user %s is gone", id)
	}
	if s.Harness.Read == nil {
		return got
	}
	raw := s.Harness.Read(s.T, id)
	if raw == nil {
		s.Fatalf("the desk itself knows no user %s", id)
	}
	if !sameAddress(raw.Email, got.Email) || raw.DisplayName != got.DisplayName || raw.Active != got.Active || raw.Role != got.Role {
		s.Fatalf("the connector reads %+v, the desk itself holds %+v", got, raw)
	}
	return got
}

// must fails the test on an error.
func (s *suite) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// wantKind fails unless err is of one of the kinds, with words for an admin.
func (s *suite) wantKind(what string, err error, kinds ...desk.Kind) {
	s.Helper()
	if err == nil {
		s.Errorf("%s succeeded, want %v", what, kinds)
		return
	}
	for _, kind := range kinds {
		if desk.KindOf(err) == kind {
			e, ok := errors.AsType[*desk.Error](err)
			if !ok || e.Detail == "" {
				s.Errorf("%s: %v has no words for an admin", what, err)
			}
			return
		}
	}
	s.Errorf("%s: %v, want %v", what, err, kinds)
}

// minus returns what is in a and not in b.
func minus(a, b []string) []string {
	var out []string
	for _, x := range a {
		if !contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

func contains(list []string, name string) bool {
	for _, x := range list {
		if provision.Fold(x) == provision.Fold(name) {
			return true
		}
	}
	return false
}

func sameAddress(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }
