package desktest

import (
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func upper(email string) string { return strings.ToUpper(email) }

func (s *suite) testCreate() {
	for role := range s.can.RoleNames {
		if role == provision.RoleOwner || role == provision.RoleNone {
			continue
		}
		want := s.person("Ada", "Byron")
		want.Role = role
		want.Title, want.Phone = "Support Agent", "+44 20 0000 000"
		got := s.create(want)
		if s.can.MakesAgents {
			want.Role = provision.RoleAgent
		}
		s.compare(got, want)
		s.compare(s.read(got.ID), want)
	}
}

// compare fails unless got is the user that was desired, as the desk fits it:
// what Fit says is what Find gives back.
func (s *suite) compare(got *provision.DeskUser, want provision.DeskUser) {
	s.Helper()
	want = s.desk.Fit(want)
	if !s.can.ExternalID {
		want.ExternalID = ""
	}
	if want.Timezone == "" {
		want.Timezone = got.Timezone // a desk may fill in its company's
	}
	if !sameAddress(got.Email, want.Email) {
		s.Errorf("e-mail is %q, want %q", got.Email, want.Email)
	}
	// The login name is the desk's own, as is when it was used: nothing is desired of it.
	opts := cmpopts.IgnoreFields(provision.DeskUser{}, "ID", "Email", "UserName", "Teams", "Mailboxes", "MadeAt", "LastLogin", "LastActive", "Accepted")
	if diff := cmp.Diff(want, *got, opts); diff != "" {
		s.Errorf("the user is not as desired and fitted (-want +got):\n%s", diff)
	}
}

// testFit: a caller compares what Fit returns with what Find returns, and
// writes on every difference.
func (s *suite) testFit() {
	for _, want := range s.unusual() {
		fitted := s.desk.Fit(want)
		if diff := cmp.Diff(fitted, s.desk.Fit(fitted)); diff != "" {
			s.Errorf("Fit changes what it has fitted:\n%s", diff)
		}
		if !sameAddress(fitted.Email, want.Email) || fitted.Role != want.Role || fitted.Active != want.Active {
			s.Errorf("Fit changes who is meant: %+v to %+v", want, fitted)
		}
		if fitted.DisplayName == "" {
			s.Errorf("Fit leaves %+v without a name", want)
		}
	}
}

// unusual returns people whom a desk may have to cut to its size.
func (s *suite) unusual() []provision.DeskUser {
	var out []provision.DeskUser
	for _, name := range [][2]string{
		{"Žofie", "Ćwiklińska-O'Briain"},
		{"Николай", "Римский"},
		{"美咲", "山田"},
		{"Madonna", ""},
		{"  Padded ", " Name  "},
		{strings.Repeat("Hubert", 8), strings.Repeat("Wölfe", 8)},
		{`Robert"); DROP TABLE`, `<b>&amp;</b>`},
	} {
		want := s.person("Unusual", "Name")
		want.GivenName, want.FamilyName = name[0], name[1]
		want.DisplayName = strings.TrimSpace(name[0] + " " + name[1])
		want.Title, want.Phone = strings.Repeat("Head of ", 8)+"Everything", "+44 20 0000 000"
		want.Timezone = "Europe/Prague"
		out = append(out, want)
	}
	nameless := s.person("Display", "Only")
	nameless.GivenName, nameless.FamilyName = "", ""
	return append(out, nameless)
}

// testCreateNames: nobody stays without access for the sake of a name.
func (s *suite) testCreateNames() {
	for _, want := range s.unusual() {
		got := s.create(want)
		s.compare(got, want)
		s.compare(s.read(got.ID), want)
	}
}

func (s *suite) testCreateTwice() {
	want := s.person("Ada", "Byron")
	first := s.create(want)

	again := s.person("Augusta", "King")
	for _, email := range []string{want.Email, upper(want.Email)} {
		again.Email = email
		_, err := s.desk.Create(s.ctx, again)
		s.wantKind("Create with a taken e-mail", err, desk.Conflict)
	}
	s.compare(s.read(first.ID), want)
}

func (s *suite) testHandMade() {
	want := s.person("Hand", "Made")
	id := s.Harness.MakeUser(s.T, want.DisplayName, want.Email)

	_, err := s.desk.Create(s.ctx, want)
	s.wantKind("Create over a user made by hand", err, desk.Conflict)
	got := s.find(desk.Key{ExternalID: want.ExternalID, Email: want.Email})
	if got == nil || got.ID != id {
		s.Fatalf("Find = %+v, want the user made by hand, %s", got, id)
	}
	if got.ExternalID != "" {
		s.Errorf("the user made by hand carries an external id: %q", got.ExternalID)
	}
}

func (s *suite) testCreateRace() {
	want := s.person("Race", "Winner")
	const runners = 8
	var (
		wg   sync.WaitGroup
		ids  [runners]provision.DeskUserID
		errs [runners]error
	)
	for i := range runners {
		wg.Go(func() {
			got, err := s.desk.Create(s.ctx, want)
			if errs[i] = err; err == nil {
				ids[i] = got.ID
			}
		})
	}
	wg.Wait()

	var winner provision.DeskUserID
	for i, err := range errs {
		switch {
		case err != nil:
			s.wantKind("Create that lost the race", err, desk.Conflict)
		case winner != "":
			s.Errorf("two users were made: %s and %s", winner, ids[i])
		default:
			winner = ids[i]
		}
	}
	got := s.find(desk.Key{Email: want.Email})
	if winner == "" || got == nil || got.ID != winner {
		s.Fatalf("the winner is %q, the desk has %+v; errors: %v", winner, got, errs)
	}
	s.compare(got, want)
}
