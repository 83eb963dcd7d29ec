package requesttracker

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func TestRecordedUser(t *testing.T) {
	rt := newFakeRT(t, recorded(script{"POST /users": {file: "users_found.json"}}))
	got, err := connect(t, rt.URL).Find(t.Context(), desk.Key{Email: "Ada.Rec@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	want := &provision.DeskUser{
		ID: "570", ExternalID: "9b1c", Email: "ada.rec@example.test", UserName: "ada.rec@example.test", DisplayName: "Ada Byron", Phone: "+44 20 0000",
		Active: true, Role: provision.RoleAgent, Teams: []string{"Support Agents"}, MadeAt: time.Date(2026, 11, 21, 19, 42, 12, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	open, err := connect(t, rt.URL).OpenConversations(t.Context(), "570", 7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]desk.Conversation{{ID: "79", Assignee: "570", Mailbox: "Support"}}, open); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestObedience holds that a 200 is not believed, in whatever language it
// comes.
func TestObedience(t *testing.T) {
	said := func(sentence string) answer { return answer{body: `["` + sentence + `"]`} }
	for _, tt := range []struct {
		name   string
		script script
		do     func(d *rt) error
		kind   desk.Kind
		words  string
	}{
		{"a profile that it may not change", script{"PUT /user/570": said("User ada.rec@example.test: Permission Denied")},
			func(d *rt) error {
				return d.SetProfile(t.Context(), "570", provision.DeskUser{Email: "ada.rec@example.test", UserName: "ada.rec@example.test", DisplayName: "Augusta King"})
			}, desk.Permanent, "AdminUsers"},
		{"a sentence that nobody knows", script{"PUT /user/570": said("Benutzer ada.rec@example.test: Zugriff verweigert")},
			func(d *rt) error {
				return d.SetProfile(t.Context(), "570", provision.DeskUser{Email: "ada.rec@example.test", UserName: "ada.rec@example.test", DisplayName: "Augusta King"})
			}, desk.Permanent, "did not change the profile"},
		{"an address that is taken meanwhile", script{"PUT /user/570": said("Name in use")},
			func(d *rt) error {
				return d.SetProfile(t.Context(), "570", provision.DeskUser{Email: "grace@example.test"})
			}, desk.Permanent, "Name in use"},
		{"a user that stays enabled", script{"PUT /user/570": {body: `[]`}},
			func(d *rt) error { return d.SetActive(t.Context(), "570", false) }, desk.Permanent, "did not disable"},
		{"a user that stays privileged", script{"PUT /user/570": said("That is already the current value")},
			func(d *rt) error { return d.SetRole(t.Context(), "570", provision.RoleNone) }, desk.Permanent, "still agent"},
		{"a role whose group does not take the user", script{"PUT /group/40/members": said("Couldn't find that principal")},
			func(d *rt) error { return d.SetRole(t.Context(), "570", provision.RoleAdmin) }, desk.Permanent, "still agent"},
		{"a group that does not take the user", script{"PUT /group/38/members": {body: `[null]`}},
			func(d *rt) error { return d.ChangeTeams(t.Context(), "570", []string{"Billing Agents"}, nil) }, desk.Permanent, "did not add"},
		{"a group that keeps the user", script{"DELETE /group/33/member/570": {status: 204}},
			func(d *rt) error { return d.ChangeTeams(t.Context(), "570", nil, []string{"Support Agents"}) }, desk.Permanent, "still in group"},
		{"a group that is not ours to change", script{"DELETE /group/33/member/570": {status: 403}},
			func(d *rt) error { return d.ChangeTeams(t.Context(), "570", nil, []string{"Support Agents"}) }, desk.Permanent, "AdminGroupMembership"},
		{"an owner that stays", script{"PUT /ticket/79": said("Ticket 79: Owner could not be set.")},
			func(d *rt) error { return d.Assign(t.Context(), "79", desk.Assignee{}) }, desk.Permanent, "ReassignTicket"},
		{"owners that stay, in bulk", script{"PUT /tickets/bulk": {body: `[["79","Ticket 79: Owner could not be set."],["80","Resource does not exist"]]`}},
			func(d *rt) error { return d.AssignMany(t.Context(), []string{"79", "80"}, desk.Assignee{}) }, desk.Permanent, "gave 0 of 2"},
		{"one of two tickets, in bulk", script{"PUT /tickets/bulk": {body: `[["79","Owner changed"],["80","Owner changed"]]`}},
			func(d *rt) error { return d.AssignMany(t.Context(), []string{"79", "80"}, desk.Assignee{User: "570"}) }, desk.Permanent, "gave 1 of 2"},
		{"a ticket that is hidden", script{"PUT /ticket/79": {status: 403}},
			func(d *rt) error { return d.Assign(t.Context(), "79", desk.Assignee{}) }, desk.Permanent, "ShowTicket"},
		{"a ticket that is merged away", script{"PUT /ticket/79": said("Ticket 80: Owner changed"), "GET /tickets": {body: `{"total" : 0, "items" : []}`}},
			func(d *rt) error { return d.Assign(t.Context(), "79", desk.Assignee{}) }, desk.NotFound, "merged"},
		{"a user that is not made for lack of rights", script{"POST /user": {status: 400, body: `{"message":"Permission Denied"}`}},
			createAda(t), desk.Permanent, "AdminUsers"},
		{"a user that the database does not take", script{"POST /user": {status: 400, body: `{"message":"Could not create user"}`}},
			createAda(t), desk.Retryable, "database"},
		{"a user who is there, says another language", script{
			"POST /user": {status: 400, body: `{"message":"E-Mail-Adresse wird verwendet"}`}, "POST /users": {file: "users_found.json"}},
			createAda(t), desk.Conflict, "570"},
		{"a new user without a number", script{"POST /user": {status: 201, body: `{"type":"user","id":"ada.rec@example.test"}`}},
			createAda(t), desk.Retryable, "no number"},
		{"a new user with another external id", script{"POST /user": {status: 201, header: map[string]string{"Location": "/REST/2.0/user/570"}}},
			createAda(t), desk.Permanent, "ModifyCustomField"},
		{"a new user who is gone", script{"POST /user": {status: 201, header: map[string]string{"Location": "/REST/2.0/user/4711"}}},
			createAda(t), desk.Retryable, "4711"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := newFakeRT(t, recorded(tt.script))
			err := tt.do(connect(t, rt.URL))
			wantKind(t, err, tt.kind, tt.words)
			quiet(t, err)
		})
	}
}

func createAda(t *testing.T) func(d *rt) error {
	return func(d *rt) error {
		_, err := d.Create(t.Context(), provision.DeskUser{
			ExternalID: "0190", Email: "ada.rec@example.test", UserName: "ada.rec@example.test", DisplayName: "Ada Byron", Role: provision.RoleAgent})
		return err
	}
}

// An unknown search field is ignored: all users come back.
func TestEverybodyIsNobody(t *testing.T) {
	rt := newFakeRT(t, recorded(script{"POST /users": {file: "users_everybody.json"}}))
	for _, key := range []desk.Key{{ExternalID: "9b1c"}, {Email: "ada.rec@example.test"}} {
		got, err := connect(t, rt.URL).Find(t.Context(), key)
		if got != nil {
			t.Errorf("Find = %+v", got)
		}
		wantKind(t, err, desk.Permanent, "service account")
	}
}

// TestUnprivileged shows the desk as RT shows it to an account without rights.
func TestUnprivileged(t *testing.T) {
	rt := newFakeRT(t, script{
		"GET /rt":          {body: `{"Version" : "5.0.3+dfsg-3~deb12u6"}`},
		"GET /user/27":     {file: "unprivileged/self.json"},
		"GET /user/570":    {file: "unprivileged/user.json"},
		"GET /user/root":   {file: "unprivileged/user.json"},
		"GET /user/Nobody": {file: "unprivileged/nobody.json"},
		"POST /groups":     {file: "unprivileged/groups.json"},
		"GET /queues/all":  {file: "unprivileged/queues.json"},
	})
	d := connect(t, rt.URL)

	// What RT leaves out must not be read as "enabled, in no group".
	got, err := d.Find(t.Context(), desk.Key{ID: "570"})
	if got != nil {
		t.Errorf("Find = %+v", got)
	}
	wantKind(t, err, desk.Permanent, "AdminUsers")
	_, err = d.Admins(t.Context())
	wantKind(t, err, desk.Permanent, "AdminUsers")
	wantKind(t, d.SetRole(t.Context(), "570", provision.RoleAdmin), desk.Permanent, "SeeGroup")

	profile, err := d.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := desk.Profile{Self: "27", Version: "5.0.3+dfsg-3~deb12u6", Problems: []string{
		`the service account may not manage users: grant AdminUsers at Admin > Global > User Rights`,
		`users show no custom field "SCIM external id": make it at Admin > Custom Fields > Create (type "Enter one value", applies to "Users"), and grant SeeCustomField and ModifyCustomField at Admin > Global > User Rights`,
		`RT shows no groups: grant SeeGroup at Admin > Global > User Rights, and make the groups at Admin > Groups > Create`,
		`RT shows no queues: grant SeeQueue, ShowTicket, ModifyTicket and ReassignTicket at Admin > Global > User Rights`,
	}}
	if diff := cmp.Diff(want, profile); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheckMembershipRights(t *testing.T) {
	s := recorded(script{
		"GET /user/27":          {file: "unprivileged/self.json"}, // no link to memberships: not granted for all groups
		"GET /group/33/members": {body: `{"total" : 0, "items" : []}`},
		"GET /group/38/members": {status: 403},
		"GET /group/39/members": {body: `{"total" : 0, "items" : []}`},
		"GET /group/40/members": {status: 403},
	})
	profile, err := connect(t, newFakeRT(t, s).URL).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Desk Readers", "Support Agents"}, profile.Teams); diff != "" {
		t.Errorf("teams (-want +got):\n%s", diff)
	}
	if last := profile.Problems[len(profile.Problems)-1]; !strings.Contains(last, `the group "Desk Admins"`) {
		t.Errorf("problems are %q, want the group that stands for a role", profile.Problems)
	}
}

func TestCheckElsewhere(t *testing.T) {
	_, err := connect(t, newFakeRT(t, script{"GET /rt": {status: 404, body: "<html>"}}).URL).Check(t.Context())
	wantKind(t, err, desk.Retryable, "home page")
}

func TestUnsupported(t *testing.T) {
	d := connect(t, "http://127.0.0.1:1") // nobody answers there
	for name, err := range map[string]error{
		"Delete":          d.Delete(t.Context(), "570"),
		"Anonymize":       d.Anonymize(t.Context(), "570"),
		"EndSessions":     d.EndSessions(t.Context(), "570"),
		"ChangeMailboxes": d.ChangeMailboxes(t.Context(), "570", nil, nil),
		"Assign":          d.Assign(t.Context(), "79", desk.Assignee{Team: "Support Agents"}),
	} {
		t.Run(name, func(t *testing.T) { wantKind(t, err, desk.CannotDo, "") })
	}
}

func TestRefusedBeforeAsking(t *testing.T) {
	d := connect(t, "http://127.0.0.1:1") // nobody answers there
	long := provision.DeskUser{Email: string(make([]byte, 120)) + "@example.test", Role: provision.RoleAgent}
	for _, tt := range []struct {
		name string
		err  error
		kind desk.Kind
	}{
		{"an id that is no number", d.SetActive(t.Context(), "570/groups", false), desk.NotFound},
		{"an id that is a path", d.SetActive(t.Context(), "../group/40", false), desk.NotFound},
		{"no id", d.SetActive(t.Context(), "", false), desk.NotFound},
		{"a ticket that is no number", d.Assign(t.Context(), "79/take", desk.Assignee{}), desk.NotFound},
		{"a person without address", d.SetProfile(t.Context(), "570", provision.DeskUser{}), desk.Permanent},
		{"an address that RT would cut", d.SetProfile(t.Context(), "570", long), desk.Permanent},
		{"a role without a group", d.SetRole(t.Context(), "570", provision.RoleLimited), desk.Permanent},
		{"the owner's role", d.SetRole(t.Context(), "570", provision.RoleOwner), desk.Permanent},
	} {
		t.Run(tt.name, func(t *testing.T) { wantKind(t, tt.err, tt.kind, "") })
	}
}

// quiet fails when an error tells of a person or holds the token.
func quiet(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"ada", "Ada", "Augusta", "grace", fakeToken} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells too much: %v", err)
		}
	}
}
