package administration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

var ownerToken = administration.Maker{Standing: administration.Standing{Role: administration.Owner}}

// TestALeaverHasNoRole gives a group a role, and takes its people away in each way
// that there is: they have none from that transaction on, and their tokens neither.
func TestALeaverHasNoRole(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := h.Core.Administration
		ada := h.Person("ada")
		inner := h.Group("Operations", provision.MemberID(ada.ID))
		outer := h.Group("IT", provision.MemberID(inner.ID))
		standing := func() administration.Standing {
			h.Helper()
			person, err := h.Core.Directory.Identity(h.Context(), h.Conn.ID, ada.ID)
			if provision.IsNotFound(err) {
				return administration.Standing{}
			}
			h.Must(err)
			have, err := s.StandingOf(h.Context(), &person)
			h.Must(err)
			return have
		}
		if has := standing(); !has.None() {
			t.Errorf("before anything is granted: %+v", has)
		}
		_, err := s.Grant(h.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: h.Conn.ID, Group: "IT", Role: administration.Operator})
		h.Must(err)
		if has := standing(); has.Role != administration.Operator {
			t.Fatalf("through a nested group: %+v", has)
		}
		_, secret, err := s.CreateToken(h.Context(), provisiontest.ByTest, administration.Maker{Standing: standing(), Person: ada.ID, Connection: h.Conn.ID},
			administration.TokenDraft{Name: "hers", Role: administration.Auditor})
		h.Must(err)
		gone := func(how string) {
			h.Helper()
			if has := standing(); !has.None() {
				t.Errorf("%s: %+v", how, has)
			}
			_, _, err := s.Authenticate(h.Context(), secret)
			h.Code(err, provision.Denied)
		}
		back := func() {
			h.Helper()
			if has := standing(); has.Role != administration.Operator {
				t.Errorf("back: %+v", has)
			}
			_, may, err := s.Authenticate(h.Context(), secret)
			h.Must(err)
			if may.Role != administration.Auditor {
				t.Errorf("the token may %+v", may)
			}
		}
		back()
		h.SetStatus(ada.ID, provision.StatusSuspended)
		gone("suspended")
		h.SetStatus(ada.ID, provision.StatusActive)
		back()
		h.Must(h.Change(inner.ID, func(g *directory.GroupChange) { g.Remove(provision.MemberID(ada.ID)) }))
		gone("out of the group")
		h.Must(h.Add(inner.ID, provision.MemberID(ada.ID))())
		back()
		_, err = h.Core.Terms.Block(h.Context(), provisiontest.ByTest, ada.ID, "dismissed")
		h.Must(err)
		gone("blocked")
		_, err = h.Core.Terms.Unblock(h.Context(), provisiontest.ByTest, ada.ID)
		h.Must(err)
		back()
		_, err = h.Core.Terms.SetEnd(h.Context(), provisiontest.ByTest, ada.ID, new(h.Now().Add(time.Hour)))
		h.Must(err)
		back()
		h.Offset.Add(int64(2 * time.Hour))
		gone("past their end")
		_, err = h.Core.Terms.SetEnd(h.Context(), provisiontest.ByTest, ada.ID, nil)
		h.Must(err)
		back()

		// The name of a group that has gone may be anybody's: it is another group.
		h.Must(h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, outer.ID, provisiontest.ByTest, nil))
		gone("the group is gone")
		h.Group("IT", provision.MemberID(ada.ID))
		gone("another group has its name")
	})
}

// TestGrants: a group has one role, mailbox managers are held to what there is, and
// nobody else has a reach.
func TestGrants(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := h.Core.Administration
		ada := h.Person("ada")
		h.Group("Leads", provision.MemberID(ada.ID))
		grant := func(role administration.Role, reach ...administration.Reach) error {
			_, err := s.Grant(h.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: h.Conn.ID, Group: "leads", Role: role, Reach: reach})
			return err
		}
		h.Code(grant("boss"), provision.Invalid)
		h.Code(grant(administration.MailboxManager), provision.Invalid)
		h.Code(grant(administration.MailboxManager, administration.Reach{Desk: h.Desk.ID}), provision.Invalid)
		h.Code(grant(administration.MailboxManager, administration.Reach{Desk: "no such desk", Teams: []string{"A"}}), provision.NotFound)
		h.Code(grant(administration.Admin, administration.Reach{Desk: h.Desk.ID, Teams: []string{"A"}}), provision.Invalid)
		_, err := s.Grant(h.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: h.Conn.ID, Group: "Nobody", Role: administration.Admin})
		h.Code(err, provision.NotFound)

		h.Must(grant(administration.MailboxManager, administration.Reach{Desk: h.Desk.ID, Teams: []string{"B", "A"}, Mailboxes: []string{"Help"}}))
		have, err := s.StandingOf(h.Context(), &ada)
		h.Must(err)
		if have.Role != administration.MailboxManager || !have.Reaches(h.Desk.ID, []string{"a"}, []string{"help"}) || have.Reaches(h.Desk.ID, []string{"C"}, nil) || have.Reaches("other", nil, nil) {
			t.Errorf("a mailbox manager: %+v", have)
		}
		h.Must(grant(administration.Auditor)) // in its place
		all, err := s.Grants(h.Context(), "")
		h.Must(err)
		if len(all) != 1 || all[0].Role != administration.Auditor || len(all[0].Reach) != 0 {
			t.Errorf("grants: %+v", all)
		}

		bob := provision.Identity{ID: "bob", Connection: h.Conn.ID, Status: provision.StatusActive, Source: provision.SourceSignIn, ClaimedGroups: []string{"Desk Admins", "Leads"}}
		if have, err := s.StandingOf(h.Context(), &bob); err != nil || !have.None() {
			t.Errorf("a claimed group of the name of one that was pushed: %+v, %v", have, err)
		}
		_, err = s.Grant(h.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: h.Conn.ID, Group: "desk admins", Claimed: true, Role: administration.Admin})
		h.Must(err)
		if have, err := s.StandingOf(h.Context(), &bob); err != nil || have.Role != administration.Admin {
			t.Errorf("a claimed group: %+v, %v", have, err)
		}
		_, err = s.Revoke(h.Context(), provisiontest.ByTest, h.Conn.ID, "Desk admins")
		h.Must(err)
		_, err = s.Revoke(h.Context(), provisiontest.ByTest, h.Conn.ID, "Desk admins")
		h.Code(err, provision.NotFound)
		if have, err := s.StandingOf(h.Context(), &bob); err != nil || !have.None() {
			t.Errorf("revoked: %+v, %v", have, err)
		}
	})
}

// TestTokens: a token ends, is revoked, and never may more than who made it.
func TestTokens(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := h.Core.Administration
		h.StopClock()
		create := func(by administration.Maker, draft administration.TokenDraft) (string, error) {
			_, secret, err := s.CreateToken(h.Context(), provisiontest.ByTest, by, draft)
			return secret, err
		}
		secret, err := create(ownerToken, administration.TokenDraft{Name: "ci", Role: administration.Admin, Verbs: []string{"plan.draft"}, Life: time.Hour})
		h.Must(err)
		if !strings.HasPrefix(secret, administration.TokenPrefix) {
			t.Errorf("token %q", secret)
		}
		_, err = create(ownerToken, administration.TokenDraft{Name: "ci", Role: administration.Auditor})
		h.Code(err, provision.Conflict)
		for _, bad := range []administration.TokenDraft{
			{Name: "no name", Role: administration.Auditor}, {Name: "x", Role: "boss"}, {Name: "x", Role: administration.Auditor, Life: -1},
			{Name: "x", Role: administration.Auditor, Life: administration.MaxTokenLife + 1}, {Name: "x", Role: administration.MailboxManager},
		} {
			_, err := create(ownerToken, bad)
			h.Code(err, provision.Invalid)
		}
		reach := []administration.Reach{{Desk: h.Desk.ID, Mailboxes: []string{"Help"}}}
		for _, tt := range []struct {
			by   administration.Standing
			role administration.Role
			may  bool
		}{
			{administration.Standing{Role: administration.Admin}, administration.Owner, false},
			{administration.Standing{Role: administration.Admin}, administration.Admin, true},
			{administration.Standing{Role: administration.Admin}, administration.MailboxManager, true},
			{administration.Standing{Role: administration.Auditor}, administration.Operator, false},
			{administration.Standing{Role: administration.Operator}, administration.MailboxManager, false},
			{administration.Standing{Role: administration.MailboxManager, Reach: reach}, administration.MailboxManager, true},
			{administration.Standing{Role: administration.MailboxManager, Reach: reach}, administration.Auditor, false},
			{administration.Standing{}, administration.Auditor, false},
		} {
			draft := administration.TokenDraft{Name: strings.ToLower(string(tt.by.Role+"-"+tt.role)) + "-t", Role: tt.role}
			draft.Name = strings.TrimLeft(draft.Name, "-")
			if tt.role == administration.MailboxManager {
				draft.Reach = []administration.Reach{{Desk: h.Desk.ID, Mailboxes: []string{"Help"}}}
			}
			_, err := create(administration.Maker{Standing: tt.by}, draft)
			if tt.may {
				h.Must(err)
			} else {
				h.Code(err, provision.Denied)
			}
		}
		token, may, err := s.Authenticate(h.Context(), secret)
		h.Must(err)
		if token.Name != "ci" || may.Role != administration.Admin || len(token.Verbs) != 1 {
			t.Errorf("token %+v may %+v", token, may)
		}
		for _, wrong := range []string{"", secret + "x", administration.TokenPrefix + provision.NewSecret()} {
			_, _, err := s.Authenticate(h.Context(), wrong)
			h.Code(err, provision.Denied)
		}
		h.Offset.Add(int64(time.Hour))
		_, _, err = s.Authenticate(h.Context(), secret)
		h.Code(err, provision.Denied)

		secret, err = create(ownerToken, administration.TokenDraft{Name: "second", Role: administration.Auditor})
		h.Must(err)
		_, err = s.RevokeToken(h.Context(), provisiontest.ByTest, "second")
		h.Must(err)
		_, _, err = s.Authenticate(h.Context(), secret)
		h.Code(err, provision.Denied)
		_, err = s.RevokeToken(h.Context(), provisiontest.ByTest, "second")
		h.Must(err)
		_, err = s.RevokeToken(h.Context(), provisiontest.ByTest, "third")
		h.Code(err, provision.NotFound)
		tokens, err := s.Tokens(h.Context())
		h.Must(err)
		last := tokens[len(tokens)-1]
		if last.Name != "second" || last.RevokedAt == nil || tokens[0].LastUsedAt == nil {
			t.Errorf("tokens: %+v", tokens)
		}
	})
}
