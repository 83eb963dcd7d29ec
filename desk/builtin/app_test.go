package builtin_test

import (
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// TestAppsEnd checks that the apps of a desk, and of no other, can be seen and
// ended, each with its tokens.
func TestAppsEnd(t *testing.T) {
	s := serve(t, builtin.Options{})
	u := s.user(t, "Ada", "Byron", provision.RoleAgent)
	before, err := s.desks.Apps(t.Context(), support.ID)
	if err != nil {
		t.Fatal(err)
	}
	token := s.tokenOf(t, u.ID)
	apps, err := s.desks.Apps(t.Context(), support.ID)
	if err != nil || len(apps) != len(before)+1 {
		t.Fatalf("%d apps after %d, %v", len(apps), len(before), err)
	}
	var made builtin.AppInfo
	for _, app := range apps {
		if app.As == u.Email {
			made = app
		}
	}
	if !made.CreatedAt.Equal(s.now) {
		t.Errorf("the app is of %s, not of %s", made.CreatedAt, s.now)
	}
	if err := s.desks.EndApp(t.Context(), support.ID, "unknown"); desk.KindOf(err) != desk.NotFound {
		t.Errorf("an app that is not there: %v", err)
	}
	if a := s.doAs(t, token, http.MethodGet, "/users/me", nil); a.StatusCode != http.StatusOK {
		t.Fatalf("before: %s", a.Status)
	}
	if err := s.desks.EndApp(t.Context(), support.ID, made.ID); err != nil {
		t.Fatal(err)
	}
	if a := s.doAs(t, token, http.MethodGet, "/users/me", nil); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("its token afterwards: %s", a.Status)
	}
	if after, err := s.desks.Apps(t.Context(), support.ID); err != nil || len(after) != len(before) {
		t.Errorf("%d apps, %v", len(after), err)
	}
}
