package desktest

import (
	"errors"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// testDeskRoles: roles of the desk's own are given and taken like teams, beside ours;
// and whoever has one that amounts to admin is one.
func (s *suite) testDeskRoles() {
	changer, ok := desk.As[desk.RoleChanger](s.desk)
	profile, err := s.desk.Check(s.ctx)
	s.must("Check", err)
	if !ok {
		if len(profile.Roles) > 0 {
			s.Errorf("Check lists the roles %+v, and nobody can be given one", profile.Roles)
		}
		return
	}
	roles, err := changer.Roles(s.ctx)
	s.must("Roles", err)
	if diff := cmp.Diff(roles, profile.Roles); diff != "" {
		s.Errorf("Roles and Check do not agree (-Roles +Check):\n%s", diff)
	}
	if !slices.IsSortedFunc(roles, func(a, b desk.RoleInfo) int { return strings.Compare(a.Title, b.Title) }) {
		s.Errorf("roles are not in order: %+v", roles)
	}
	var plain, ruling string
	for _, r := range roles {
		switch {
		case r.Title == "" || r.Rank == provision.RoleOwner || r.Rank == "":
			s.Errorf("role %+v", r)
		case r.Rank != provision.RoleAdmin && plain == "":
			plain = r.Title
		case r.Rank == provision.RoleAdmin && ruling == "":
			ruling = r.Title
		}
	}
	if plain == "" {
		s.Fatalf("the desk of the harness has no role of its own to give: %+v", roles)
	}
	ada := s.agent("Ada")
	for range 2 {
		s.must("ChangeRoles", changer.ChangeRoles(s.ctx, ada.ID, []string{plain}, nil))
		s.wantRoles(ada.ID, ada.Role, plain)
	}
	s.must("SetRole", s.desk.SetRole(s.ctx, ada.ID, provision.RoleAgent)) // which it is
	s.wantRoles(ada.ID, provision.RoleAgent, plain)
	if ruling != "" {
		before := s.admins()
		s.must("ChangeRoles", changer.ChangeRoles(s.ctx, ada.ID, []string{ruling}, nil))
		s.wantRoles(ada.ID, provision.RoleAdmin, plain, ruling)
		if got := s.admins(); got != before+1 {
			s.Errorf("somebody has a role that amounts to admin, and Admins went from %d to %d", before, got)
		}
		s.must("ChangeRoles", changer.ChangeRoles(s.ctx, ada.ID, nil, []string{ruling}))
		s.wantRoles(ada.ID, provision.RoleAgent, plain)
	}
	err = changer.ChangeRoles(s.ctx, ada.ID, []string{"No Such Role"}, []string{plain})
	s.wantKind("ChangeRoles to an unknown role", err, desk.Permanent)
	if e, ok := errors.AsType[*desk.Error](err); ok && e.Place != "No Such Role" {
		s.Errorf("the error names %q as what is missing", e.Place)
	}
	s.wantRoles(ada.ID, provision.RoleAgent, plain)
	for range 2 {
		s.must("ChangeRoles", changer.ChangeRoles(s.ctx, ada.ID, nil, []string{plain, "No Such Role"}))
		s.wantRoles(ada.ID, provision.RoleAgent)
	}
	s.wantKind("ChangeRoles of an unknown user", changer.ChangeRoles(s.ctx, nobody, []string{plain}, nil), desk.NotFound)

	want := s.person("With", "Role")
	want.DeskRoles = []string{plain}
	made := s.create(want)
	if len(made.DeskRoles) == 0 {
		s.must("ChangeRoles", changer.ChangeRoles(s.ctx, made.ID, want.DeskRoles, nil))
	}
	s.wantRoles(made.ID, provision.RoleAgent, plain)
}

func (s *suite) wantRoles(id provision.DeskUserID, role provision.Role, own ...string) {
	s.Helper()
	got := s.read(id)
	if got.Role != role || !slices.Equal(got.DeskRoles, provision.Sorted(own)) {
		s.Errorf("the user is %s with %q, want %s with %q", got.Role, got.DeskRoles, role, own)
	}
}
