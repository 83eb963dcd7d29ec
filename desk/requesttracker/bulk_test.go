package requesttracker

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// ownGroups are two of RT's own groups, as RT before deb12u7 lists them.
const ownGroups = `{"id":"4","Name":"Privileged","Domain":"SystemInternal"},{"id":"5","Name":"Unprivileged","Domain":"SystemInternal"}`

// shownLists is an RT with four users: 570 is an agent in a team, 571 was
// disabled, 572 is an admin, and 573 is a customer. own are the groups of RT's
// own that it shows.
func shownLists(t *testing.T, own string) *httptest.Server {
	t.Helper()
	page := func(items string) string { return `{"total":1,"items":[` + items + `]}` }
	user := func(id, name string) string {
		return `{"id":` + id + `,"Name":"` + name + `","EmailAddress":"` + name + `@example.test","RealName":"` + name + `"}`
	}
	known := page(strings.Join([]string{user("570", "ada"), user("572", "cleo"), user("573", "dan")}, ","))
	all := page(strings.Join([]string{user("570", "ada"), user("571", "bob"), user("572", "cleo"), user("573", "dan")}, ","))
	answers := map[string]string{
		"POST /groups":          page(strings.Trim(`{"id":"33","Name":"Support Agents","Domain":"UserDefined"},{"id":"40","Name":"Desk Admins","Domain":"UserDefined"},`+own, ",")),
		"GET /users":            known,
		"GET /users disabled":   all,
		"GET /group/4/members":  page(`{"type":"user","id":"27"},{"type":"user","id":"570"},{"type":"user","id":"572"}`),
		"GET /group/33/members": page(`{"type":"user","id":"570"},{"type":"user","id":"571"}`),
		"GET /group/40/members": page(`{"type":"user","id":"572"}`),
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method + " " + strings.TrimPrefix(r.URL.Path, apiPrefix)
		if strings.HasSuffix(what, "/users") && r.URL.Query().Get("find_disabled_rows") != "" {
			what += " disabled"
		}
		answer{body: answers[what]}.write(t, w)
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestList(t *testing.T) {
	users, next, err := connect(t, shownLists(t, ownGroups).URL).List(t.Context(), "")
	if err != nil || next != "" {
		t.Fatalf("next page %q, %v", next, err)
	}
	shown := func(id provision.DeskUserID, name string, active bool, role provision.Role, teams ...string) provision.DeskUser {
		return provision.DeskUser{ID: id, Email: name + "@example.test", UserName: name, DisplayName: name, Active: active, Role: role, Teams: teams}
	}
	want := []provision.DeskUser{
		shown("570", "ada", true, provision.RoleAgent, "Support Agents"),
		shown("571", "bob", false, provision.RoleNone, "Support Agents"),
		shown("572", "cleo", true, provision.RoleAdmin),
		shown("573", "dan", true, provision.RoleNone),
	}
	if diff := cmp.Diff(want, users); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestListOfTheMendedRT: an RT that keeps its own groups to itself must not be
// read as one whose users all lack rights.
func TestListOfTheMendedRT(t *testing.T) {
	users, _, err := connect(t, shownLists(t, "").URL).List(t.Context(), "")
	wantKind(t, err, desk.CannotDo, "one user at a time")
	if len(users) > 0 {
		t.Errorf("users %+v", users)
	}
}
