package desktest

import (
	"cmp"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// many is more than a page on any desk's list of conversations.
const many = 30

// converse opens n conversations of an agent. Of a desk that shows none it returns
// none, having seen that the desk says so, and does not count none as none.
func (s *suite) converse(assignee provision.DeskUserID, n int) []string {
	s.Helper()
	if s.Harness.Converse != nil {
		return s.Harness.Converse(s.T, assignee, n)
	}
	open, err := s.desk.OpenConversations(s.ctx, assignee, many)
	if s.wantKind("OpenConversations", err, desk.CannotDo); len(open) > 0 {
		s.Errorf("OpenConversations fails with %q", open)
	}
	s.wantKind("Assign", s.desk.Assign(s.ctx, "1", desk.Assignee{User: assignee}), desk.CannotDo)
	return nil
}

// open returns the ids of up to limit open conversations of a user, sorted.
func (s *suite) open(id provision.DeskUserID, limit int) []string {
	s.Helper()
	if s.Harness.Converse == nil {
		return nil
	}
	list, err := s.desk.OpenConversations(s.ctx, id, limit)
	s.must("OpenConversations", err)
	if len(list) > limit {
		s.Errorf("OpenConversations returned %d, more than the limit of %d", len(list), limit)
	}
	var ids []string
	for _, c := range list {
		if c.Assignee != id {
			s.Errorf("conversation %s is assigned to %q, not to %q", c.ID, c.Assignee, id)
		}
		ids = append(ids, c.ID)
	}
	return sortedCopy(ids)
}

// wantAssignee fails unless the desk itself has the conversation with an
// assignee. Without an independent reader it can say nothing.
func (s *suite) wantAssignee(conversation string, want desk.Assignee) {
	s.Helper()
	if s.Harness.Assignee == nil {
		return
	}
	if want == (desk.Assignee{}) {
		want = s.Harness.Unassigned
	}
	if got := s.Harness.Assignee(s.T, conversation); got != want {
		s.Errorf("conversation %s is assigned to %+v, want %+v", conversation, got, want)
	}
}

func (s *suite) testHandOver() {
	leaver, assignee := s.agent("Leaver"), s.agent("Assignee")
	all := sortedCopy(s.converse(leaver.ID, many))
	if len(all) == 0 {
		return
	}
	if got := s.open(leaver.ID, 2*many); !slices.Equal(got, all) {
		s.Fatalf("the leaver has %d open conversations %q, want %d %q", len(got), got, len(all), all)
	}
	if got := s.open(assignee.ID, many); len(got) > 0 {
		s.Fatalf("the assignee has conversations already: %q", got)
	}

	// As a caller does that stops and goes on: a few at a time, until none is left.
	for range many {
		some := s.open(leaver.ID, 7)
		if len(some) == 0 {
			break
		}
		for _, c := range some {
			s.must("Assign", s.desk.Assign(s.ctx, c, desk.Assignee{User: assignee.ID}))
		}
	}
	if left := s.open(leaver.ID, many); len(left) > 0 {
		s.Errorf("%d conversations are left behind", len(left))
	}
	if got := s.open(assignee.ID, 2*many); !slices.Equal(got, all) {
		s.Errorf("the assignee has %d of %d conversations", len(got), len(all))
	}
	s.must("Assign again", s.desk.Assign(s.ctx, all[0], desk.Assignee{User: assignee.ID}))
	for _, c := range all {
		s.wantAssignee(c, desk.Assignee{User: assignee.ID})
	}
}

// testMailboxOf: a desk that tells in which mailbox a conversation is tells it by a name
// that Check knows, and where it is by now.
func (s *suite) testMailboxOf() {
	leaver := s.agent("Leaver")
	all := s.converse(leaver.ID, 3)
	if len(all) == 0 {
		if in := s.can.ConversationsIn; in != "" {
			s.Errorf("the desk shows no conversations, and tells that they are in a %s", in)
		}
		return
	}
	in := func() map[string]string {
		list, err := s.desk.OpenConversations(s.ctx, leaver.ID, many)
		s.must("OpenConversations", err)
		of := make(map[string]string)
		for _, c := range list {
			of[c.ID] = c.Mailbox
		}
		return of
	}
	before := in()
	if s.can.ConversationsIn == "" {
		if before[all[0]] != "" || s.Harness.Move != nil {
			s.Errorf("a conversation is in %q, and the desk says that it does not tell", before[all[0]])
		}
		return
	}
	profile, err := s.desk.Check(s.ctx)
	s.must("Check", err)
	known := map[provision.UnitKind][]string{provision.UnitMailbox: profile.Mailboxes, provision.UnitTeam: profile.Teams}[s.can.ConversationsIn]
	for _, c := range all {
		if !slices.Contains(known, before[c]) {
			s.Errorf("conversation %s is in %q, of %q", c, before[c], known)
		}
	}
	if s.Harness.Move == nil {
		return
	}
	if !slices.Contains(known, s.Harness.Elsewhere) || before[all[0]] == s.Harness.Elsewhere {
		s.Fatalf("%q is no other mailbox, of %q", s.Harness.Elsewhere, known)
	}
	s.Harness.Move(s.T, all[0])
	after := in()
	if after[all[0]] != s.Harness.Elsewhere || after[all[1]] != before[all[1]] || len(after) != len(all) {
		s.Errorf("after a move to %q they are in %q", s.Harness.Elsewhere, after)
	}
}

func (s *suite) testUnassign() {
	leaver := s.agent("Leaver")
	all := sortedCopy(s.converse(leaver.ID, 2))
	if len(all) == 0 {
		return
	}
	for range 2 { // the second changes nothing, and succeeds
		s.must("Assign to nobody", s.desk.Assign(s.ctx, all[0], desk.Assignee{}))
	}
	if got := s.open(leaver.ID, many); !slices.Equal(got, all[1:]) {
		s.Errorf("the leaver has %q, want %q", got, all[1:])
	}
	s.wantAssignee(all[0], desk.Assignee{})
}

// someTeam is the name of a team, also on a desk that has none.
func (s *suite) someTeam() string { return cmp.Or(s.Harness.Teams[0], "Support") }

func (s *suite) testAssignToTeam() {
	leaver := s.agent("Leaver")
	all := s.converse(leaver.ID, 1)
	if len(all) == 0 {
		return
	}
	to := desk.Assignee{Team: s.someTeam()}
	err := s.desk.Assign(s.ctx, all[0], to)
	if !s.can.AssignToTeam {
		s.wantKind("Assign to a team", err, desk.CannotDo)
		s.wantAssignee(all[0], desk.Assignee{User: leaver.ID})
		return
	}
	s.must("Assign to a team", err)
	if got := s.open(leaver.ID, many); len(got) > 0 {
		s.Errorf("the leaver still has %q", got)
	}
	s.wantAssignee(all[0], to)

	s.wantKind("Assign to an unknown team",
		s.desk.Assign(s.ctx, all[0], desk.Assignee{Team: "No Such Name Anywhere"}), desk.Permanent)
	s.wantAssignee(all[0], to)
}

// testAssignMany: what is assigned in bulk is assigned, and what cannot be is an
// error: nobody counts a conversation as moved that stays.
func (s *suite) testAssignMany() {
	bulk, ok := desk.As[desk.BulkAssigner](s.desk)
	if !ok {
		return
	}
	leaver, heir := s.agent("Leaver"), s.agent("Heir")
	all := s.converse(leaver.ID, many)
	to := desk.Assignee{User: heir.ID}
	for range 2 {
		s.must("AssignMany", bulk.AssignMany(s.ctx, all, to))
		for _, c := range all {
			s.wantAssignee(c, to)
		}
	}
	if left := s.open(leaver.ID, many); len(left) > 0 {
		s.Errorf("%d conversations are left behind", len(left))
	}
	s.must("AssignMany to nobody", bulk.AssignMany(s.ctx, all[:2], desk.Assignee{}))
	s.wantAssignee(all[0], desk.Assignee{})
	s.must("AssignMany of none", bulk.AssignMany(s.ctx, nil, to))
	if err := bulk.AssignMany(s.ctx, []string{all[2], string(nobody)}, desk.Assignee{}); err == nil {
		s.Error("AssignMany with an unknown conversation succeeds")
	}
	err := bulk.AssignMany(s.ctx, all[3:5], desk.Assignee{User: nobody})
	s.wantKind("AssignMany to an unknown user", err, desk.Permanent)
	s.wantAssignee(all[3], to)
}

// testAssignRefused: who hands over takes NotFound to mean that the
// conversation is gone, and Permanent that another assignee must be found.
func (s *suite) testAssignRefused() {
	agent := s.agent("Agent")
	all := s.converse(agent.ID, 1)
	if len(all) == 0 {
		return
	}
	outsider, c := s.outsider(), all[0]

	type refusal struct {
		name string
		to   provision.DeskUserID
	}
	refusals := []refusal{
		{"a user who does not see it", outsider},
		{"an unknown user", nobody},
	}
	if s.can.Deactivate {
		gone := s.agent("Gone")
		s.must("SetActive", s.desk.SetActive(s.ctx, gone.ID, false))
		refusals = append(refusals, refusal{"a deactivated user", gone.ID})
	}
	for _, r := range refusals {
		s.wantKind("Assign to "+r.name, s.desk.Assign(s.ctx, c, desk.Assignee{User: r.to}), desk.Permanent)
		if got := s.open(agent.ID, many); !slices.Contains(got, c) {
			s.Errorf("Assign to %s was refused, and yet the conversation is gone", r.name)
		}
		s.wantAssignee(c, desk.Assignee{User: agent.ID})
	}
	s.wantKind("Assign of an unknown conversation",
		s.desk.Assign(s.ctx, string(nobody), desk.Assignee{User: agent.ID}), desk.NotFound)
}

// outsider makes an agent who may not own what the others are given.
func (s *suite) outsider() provision.DeskUserID {
	s.Helper()
	if s.Harness.Outsider != nil {
		return s.Harness.Outsider(s.T)
	}
	return s.create(s.person("Out", "Sider")).ID
}
