package builtin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// newAgent is the request of the reference, field for field.
const newAgent = `{
	"firstName": "New", "lastName": "Agent", "email": "new-agent@example.com", "role": "user", "timezone": "America/New_York",
	"jobTitle": "Support Agent", "phone": "+1 555 0100", "sendInvite": true,
	"mailboxes": [{"id": 4, "emailAccess": true}, {"id": 6, "emailAccess": true}]
}`

// TestAnswers compares whole answers with files, on both databases. The
// requests follow each other on one desk.
func TestAnswers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		s := serveOn(t, desks, builtin.Options{})
		ada := s.user(t, "Ada", "Byron", provision.RoleAgent, "Support") // 7
		s.user(t, "Linus", "Light", provision.RoleLimited)               // 8
		customer := builtin.Customer{Email: "bear@example.test", FirstName: "Vernon", LastName: "Bear"}
		s.conversation(t, builtin.NewConversation{Mailbox: "Support", Subject: "Where is my parcel?", Text: "Hello,\nit has not come.",
			Customer: customer, Assignee: desk.Assignee{User: ada.ID}}) // 9
		s.conversation(t, builtin.NewConversation{Mailbox: "Billing", Subject: "An invoice", Customer: customer, Status: "pending",
			Assignee: desk.Assignee{Team: "Billing"}}) // 10

		former := s.user(t, "Fritz", "Former", provision.RoleAgent, "Support") // 11
		s.conversation(t, builtin.NewConversation{Mailbox: "Support", Subject: "Thanks", Customer: customer, Status: "closed",
			Assignee: desk.Assignee{User: former.ID}}) // 12
		if err := s.desk.Anonymize(t.Context(), former.ID); err != nil {
			t.Fatal(err)
		}

		for _, step := range []struct {
			golden, method, path string
			body                 any
		}{
			{"user_created.txt", http.MethodPost, "/users", newAgent}, // 13
			{"user.txt", http.MethodGet, "/users/13", nil},
			{"user_me.txt", http.MethodGet, "/users/me", nil},
			{"user_missing.txt", http.MethodGet, "/users/999", nil},
			{"user_invalid.txt", http.MethodPost, "/users", `{"firstName": "` + strings.Repeat("ö", 41) + `", "role": "boss", "email": "no address", "mailboxes": [{"id": 99}]}`},
			{"user_taken.txt", http.MethodPost, "/users", strings.Replace(newAgent, "new-agent@", "NEW-Agent@", 1)},
			{"users.txt", http.MethodGet, "/users", nil},
			{"users_by_email.txt", http.MethodGet, "/users?email=ADA%40example.test", nil},
			{"users_none.txt", http.MethodGet, "/users?email=nobody%40example.test", nil},
			{"users_by_mailbox.txt", http.MethodGet, "/users?mailbox=6", nil},
			{"user_status_set.txt", http.MethodPut, "/users/7/status", `{"status": "away"}`},
			{"user_status.txt", http.MethodGet, "/users/7/status", nil},
			{"user_statuses.txt", http.MethodGet, "/users/status", nil},
			{"teams.txt", http.MethodGet, "/teams", nil},
			{"team_changed.txt", http.MethodPut, "/teams/3/members", `{"addedUserIds": [13, 7], "deletedUserIds": [2]}`},
			{"team_refused.txt", http.MethodPut, "/teams/3/members", `{"addedUserIds": [8, 99], "deletedUserIds": []}`},
			{"team_members.txt", http.MethodGet, "/teams/3/members", nil},
			{"mailboxes.txt", http.MethodGet, "/mailboxes", nil},
			{"mailbox.txt", http.MethodGet, "/mailboxes/4", nil},
			{"conversation_created.txt", http.MethodPost, "/conversations", `{"subject": "Help", "customer": {"email": "bear@example.test"},
				"mailboxId": 4, "type": "email", "status": "active", "assignTo": 13, "threads": [{"type": "customer", "text": "Please"}]}`}, // 14
			{"conversation.txt", http.MethodGet, "/conversations/14", nil},
			{"conversations.txt", http.MethodGet, "/conversations", nil},
			{"conversations_all.txt", http.MethodGet, "/conversations?status=all&assigned_to=5", nil},
			{"conversations_invalid.txt", http.MethodGet, "/conversations?status=new", nil},
			{"conversation_reassigned.txt", http.MethodPatch, "/conversations/14", `{"op": "replace", "path": "/assignTo", "value": 7}`},
			{"conversation_refused.txt", http.MethodPatch, "/conversations/14", `{"op": "replace", "path": "/assignTo", "value": 8}`},
			{"conversation_unassigned.txt", http.MethodPatch, "/conversations/14", `{"op": "remove", "path": "/assignTo"}`},
			{"conversation_closed.txt", http.MethodPatch, "/conversations/14", `{"op": "replace", "path": "/status", "value": "closed"}`},
			{"conversation_after.txt", http.MethodGet, "/conversations/14", nil},
			{"user_deleted.txt", http.MethodDelete, "/users/7", nil},
			{"conversation_left.txt", http.MethodGet, "/conversations/9", nil},
			{"conversation_former.txt", http.MethodGet, "/conversations/12", nil},
			{"method_not_allowed.txt", http.MethodPatch, "/users/13", `{}`},
			{"path_unknown.txt", http.MethodGet, "/tags", nil},
		} {
			t.Run(step.golden, func(t *testing.T) {
				golden(t, step.golden, s.do(t, step.method, step.path, step.body))
			})
		}
		golden(t, "unauthorized.txt", s.doAs(t, "wrong", http.MethodGet, "/users", nil))
	})
}

func TestTokenAnswers(t *testing.T) {
	s := serve(t, builtin.Options{})
	app, err := s.desks.CreateApp(t.Context(), support.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ID}, "client_secret": {app.Secret}}
	for _, tt := range []struct {
		name, golden, query, contentType, body string
	}{
		{"form", "token.txt", "", "application/x-www-form-urlencoded", good.Encode()},
		{"query", "token.txt", "?" + good.Encode(), "", ""},
		{"json", "token.txt", "", "application/json",
			`{"grant_type": "client_credentials", "client_id": "` + app.ID + `", "client_secret": "` + app.Secret + `"}`},
		{"wrong secret", "token_refused.txt", "", "application/json",
			`{"grant_type": "client_credentials", "client_id": "` + app.ID + `", "client_secret": "wrong"}`},
		{"unknown app", "token_refused.txt", "", "application/json",
			`{"grant_type": "client_credentials", "client_id": "unknown\u0000", "client_secret": "wrong"}`},
		{"another grant", "token_unsupported.txt", "", "application/json",
			`{"grant_type": "authorization_code", "client_id": "` + app.ID + `", "client_secret": "wrong"}`},
		{"nothing", "token_incomplete.txt", "", "application/x-www-form-urlencoded", ""},
		{"no JSON", "token_incomplete.txt", "", "application/json", "grant_type=client_credentials"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/desk/v2/oauth2/token"+tt.query, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.contentType != "" {
				req.Header.Set("Content-Type", tt.contentType)
			}
			golden(t, tt.golden, send(t, s.Client(), req))
		})
	}
}
