package desktest

import (
	"strings"
	"sync"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func upper(email string) string { return strings.ToUpper(email) }

func (s *suite) testCreate() {
	for role := range s.can.Words {
		if role == provision.RoleOwner || role == provision.RoleNone {
			continue
		}
		want := s.person("Ada", "Byron")
		want.Role = role
		want.Title, want.Phone = "Support Agent", "+44 20 0000 000"
		got := s.create(want)
		s.compare(got, want)
		s.compare(s.read(got.ID), want)
	}
}

// compare fails unless got is the user that was wanted. A field that a desk
// has no place for may be empty; it may not be something else.
func (s *suite) compare(got *provision.DeskUser, want provision.DeskUser) {
	s.Helper()
	if !sameAddress(got.Email, want.Email) {
		s.Errorf("e-mail is %q, want %q", got.Email, want.Email)
	}
	if got.DisplayName != want.DisplayName {
		s.Errorf("display name is %q, want %q", got.DisplayName, want.DisplayName)
	}
	if got.Active != want.Active {
		s.Errorf("active is %t, want %t", got.Active, want.Active)
	}
	if got.Role != want.Role {
		s.Errorf("role is %q, want %q", got.Role, want.Role)
	}
	mark := want.ExternalID
	if !s.can.ExternalID {
		mark = ""
	}
	if got.ExternalID != mark {
		s.Errorf("external id is %q, want %q", got.ExternalID, mark)
	}
	for _, f := range []struct{ name, got, want string }{
		{"given name", got.GivenName, want.GivenName},
		{"family name", got.FamilyName, want.FamilyName},
		{"title", got.Title, want.Title},
		{"phone", got.Phone, want.Phone},
	} {
		if f.got != "" && f.got != f.want {
			s.Errorf("%s is %q, want %q", f.name, f.got, f.want)
		}
	}
}

// testCreateNames: nobody stays without access for the sake of a name.
func (s *suite) testCreateNames() {
	for _, name := range [][2]string{
		{"Žofie", "Ćwiklińska-O'Briain"},
		{"Николай", "Римский"},
		{"美咲", "山田"},
		{"Madonna", ""},
		{strings.Repeat("Hubert", 8), strings.Repeat("Wolfe", 8)},
		{`Robert"); DROP TABLE`, `<b>&amp;</b>`},
	} {
		want := s.person("Name", "Less")
		want.GivenName, want.FamilyName = name[0], name[1]
		want.DisplayName = strings.TrimSpace(name[0] + " " + name[1])
		got := s.create(want)
		again := s.read(got.ID)
		if again.DisplayName == "" || !strings.HasPrefix(want.DisplayName, firstRunes(again.DisplayName, 5)) {
			s.Errorf("%q is shown as %q", want.DisplayName, again.DisplayName)
		}
		if again.DisplayName != got.DisplayName {
			s.Errorf("Create says %q, Find says %q", got.DisplayName, again.DisplayName)
		}
	}
}

func firstRunes(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
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
		s.Errorf("the user made by hand carries a mark: %q", got.ExternalID)
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
