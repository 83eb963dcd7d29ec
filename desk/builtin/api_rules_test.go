package builtin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// TestWhoMay walks the calls that not everybody may make.
func TestWhoMay(t *testing.T) {
	s := serve(t, builtin.Options{})
	admin := s.user(t, "Alma", "Admin", provision.RoleAdmin)           // 7
	agent := s.user(t, "Ada", "Agent", provision.RoleAgent, "Support") // 8
	light := s.user(t, "Linus", "Light", provision.RoleLimited)        // 9
	s.user(t, "Grace", "Agent", provision.RoleAgent)                   // 10
	s.conversation(t, builtin.NewConversation{Mailbox: "Support"})     // 11
	s.conversation(t, builtin.NewConversation{Mailbox: "Billing"})     // 12
	token := map[string]string{"nobody": ""}
	for name, u := range map[string]provision.DeskUserID{"admin": admin.ID, "agent": agent.ID, "light user": light.ID, "service account": ""} {
		token[name] = s.tokenOf(t, u)
	}
	members := map[string]any{"addedUserIds": []int{}, "deletedUserIds": []int{}}
	closing := map[string]any{"op": "replace", "path": "/status", "value": "closed"}
	for _, tt := range []struct {
		who, method, path string
		body              any
		want              int
	}{
		{"nobody", http.MethodGet, "/users", nil, http.StatusUnauthorized},
		{"nobody", http.MethodGet, "/no/such/path", nil, http.StatusUnauthorized},
		{"light user", http.MethodGet, "/users/me", nil, http.StatusForbidden},
		{"agent", http.MethodGet, "/users/me", nil, http.StatusOK},
		{"agent", http.MethodPost, "/users", valid(), http.StatusForbidden},
		{"agent", http.MethodDelete, "/users/10", nil, http.StatusForbidden},
		{"agent", http.MethodPut, "/teams/3/members", members, http.StatusForbidden},
		{"admin", http.MethodPut, "/teams/3/members", members, http.StatusNoContent},
		{"admin", http.MethodPut, "/teams/4/members", members, http.StatusNotFound}, // a mailbox
		{"admin", http.MethodPut, "/teams/3/members", map[string]any{"addedUserIds": []int{}}, http.StatusBadRequest},
		{"agent", http.MethodPut, "/users/8/status", map[string]string{"status": "away"}, http.StatusNoContent},
		{"agent", http.MethodPut, "/users/10/status", map[string]string{"status": "away"}, http.StatusForbidden},
		{"admin", http.MethodPut, "/users/10/status", map[string]string{"status": "away"}, http.StatusNoContent},
		{"admin", http.MethodPut, "/users/10/status", map[string]string{"status": "asleep"}, http.StatusBadRequest},
		{"admin", http.MethodPut, "/users/10/status", map[string]any{"status": "away", "customStatus": map[string]string{"text": "left"}}, http.StatusBadRequest},
		{"admin", http.MethodPut, "/users/999/status", map[string]string{"status": "away"}, http.StatusNotFound},
		{"agent", http.MethodGet, "/mailboxes/4", nil, http.StatusOK},
		{"agent", http.MethodGet, "/mailboxes/6", nil, http.StatusNotFound},
		{"agent", http.MethodGet, "/conversations/11", nil, http.StatusOK},
		{"agent", http.MethodGet, "/conversations/12", nil, http.StatusNotFound},
		{"agent", http.MethodPatch, "/conversations/11", closing, http.StatusNoContent},
		{"agent", http.MethodPatch, "/conversations/12", closing, http.StatusNotFound},
		{"agent", http.MethodPost, "/conversations", map[string]any{"subject": "?", "mailboxId": 6, "customer": map[string]string{"email": "a@example.test"}}, http.StatusBadRequest},
		{"admin", http.MethodGet, "/conversations/12", nil, http.StatusOK},
		{"admin", http.MethodDelete, "/users/7", nil, http.StatusForbidden}, // oneself
		{"service account", http.MethodDelete, "/users/2", nil, http.StatusForbidden},
		{"admin", http.MethodDelete, "/users/1", nil, http.StatusForbidden}, // the owner
		{"admin", http.MethodDelete, "/users/2", nil, http.StatusForbidden}, // the service account
		{"admin", http.MethodDelete, "/users/999", nil, http.StatusNotFound},
		{"admin", http.MethodDelete, "/users/me", nil, http.StatusMethodNotAllowed},
		{"admin", http.MethodDelete, "/users/+8", nil, http.StatusNotFound},
		{"admin", http.MethodDelete, "/users/10", nil, http.StatusNoContent},
		{"admin", http.MethodDelete, "/users/10", nil, http.StatusNotFound},
		{"admin", http.MethodHead, "/users", nil, http.StatusOK},
	} {
		t.Run(tt.who+" "+tt.method+" "+tt.path, func(t *testing.T) {
			if a := s.doAs(t, token[tt.who], tt.method, tt.path, tt.body); a.StatusCode != tt.want {
				t.Errorf("%s %s, want %d", a.Status, a.body, tt.want)
			}
		})
	}
}

func TestPatchRefusals(t *testing.T) {
	s := serve(t, builtin.Options{})
	s.conversation(t, builtin.NewConversation{Mailbox: "Support"}) // 7
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"a list, as JSON Patch has it", `[{"op": "remove", "path": "/assignTo"}]`, []string{"JSON"}},
		{"no operation", `{"path": "/assignTo", "value": 2}`, []string{"op NotBlank"}},
		{"unknown operation", `{"op": "add", "path": "/assignTo", "value": 2}`, []string{"op EnumValue"}},
		{"unknown path", `{"op": "replace", "path": "/tags", "value": 2}`, []string{"path EnumValue"}},
		{"no value", `{"op": "replace", "path": "/assignTo"}`, []string{"value NotBlank"}},
		{"a name", `{"op": "replace", "path": "/assignTo", "value": "ada"}`, []string{"value Type"}},
		{"nobody has this id", `{"op": "replace", "path": "/assignTo", "value": 99}`, []string{"value Refused"}},
		{"id 0", `{"op": "replace", "path": "/assignTo", "value": 0}`, []string{"value Refused"}},
		{"a status cannot be removed", `{"op": "remove", "path": "/status"}`, []string{"op EnumValue", "value NotBlank"}},
		{"unknown status", `{"op": "replace", "path": "/status", "value": "done"}`, []string{"value EnumValue"}},
		{"no subject", `{"op": "replace", "path": "/subject", "value": ""}`, []string{"value NotBlank"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.do(t, http.MethodPatch, "/conversations/7", tt.body)
			if diff := cmp.Diff(tt.want, problems(t, a)); a.StatusCode != http.StatusBadRequest || diff != "" {
				t.Errorf("%s (-want +got):\n%s", a.Status, diff)
			}
		})
	}
	if a := s.do(t, http.MethodPatch, "/conversations/7", `{"op": "replace", "path": "/subject", "value": "A new one"}`); a.StatusCode != http.StatusNoContent {
		t.Errorf("a new subject: %s", a.Status)
	}
}

func TestCreateConversationRefusals(t *testing.T) {
	s := serve(t, builtin.Options{})
	s.user(t, "Linus", "Light", provision.RoleLimited) // 7
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"nothing", `{}`, []string{"subject NotBlank", "mailboxId NotBlank", "customer NotBlank"}},
		{"a customer without address", `{"subject": "?", "mailboxId": 4, "customer": {"id": 7}}`, []string{"customer.email NotBlank"}},
		{"a customer by name", `{"subject": "?", "mailboxId": 4, "customer": "Vernon"}`, []string{"customer Type"}},
		{"no such mailbox", `{"subject": "?", "mailboxId": 3, "customer": {"email": "a@example.test"}}`, []string{"mailboxId Exists"}},
		{"a chat", `{"subject": "?", "type": "chat", "mailboxId": 4, "customer": {"email": "a@example.test"}}`, []string{"type EnumValue"}},
		{"two threads", `{"subject": "?", "mailboxId": 4, "customer": {"email": "a@example.test"}, "threads": [{"text": "a"}, {"text": "b"}]}`, []string{"threads Size"}},
		{"to a light user", `{"subject": "?", "mailboxId": 4, "customer": {"email": "a@example.test"}, "assignTo": 7}`, []string{"assignTo Refused"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.do(t, http.MethodPost, "/conversations", tt.body)
			if diff := cmp.Diff(tt.want, problems(t, a)); a.StatusCode != http.StatusBadRequest || diff != "" {
				t.Errorf("%s (-want +got):\n%s", a.Status, diff)
			}
		})
	}
	if n := total(t, s.do(t, http.MethodGet, "/conversations?status=all", nil)); n != 0 {
		t.Errorf("refused requests made %d conversations", n)
	}
}

// total returns how many elements a list has in all.
func total(t *testing.T, a answer) int {
	t.Helper()
	var body struct{ Page struct{ TotalElements int } }
	if err := json.Unmarshal(a.body, &body); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %v", a.Status, a.body, err)
	}
	return body.Page.TotalElements
}

// TestPages follows the links of a list from end to end.
func TestPages(t *testing.T) {
	eachDatabase(t, testPages)
}

func testPages(t *testing.T, desks *builtin.Desks) {
	s := serveOn(t, desks, builtin.Options{})
	for i := range 60 {
		s.conversation(t, builtin.NewConversation{Mailbox: "Support", Subject: fmt.Sprint(i), Status: []string{"active", "pending"}[i%2]})
		s.user(t, fmt.Sprintf("User%d", i), "Test", provision.RoleAgent)
	}
	for _, tt := range []struct {
		path, name   string
		elements     int
		sizes        []int
		wantLastPage string
	}{
		{"/users", "users", 62, []int{50, 12}, "page=2"},
		{"/users/status?page=1", "userStatuses", 62, []int{50, 12}, "page=2"},
		{"/conversations?status=open", "conversations", 60, []int{25, 25, 10}, "page=3&status=open"},
		{"/conversations", "conversations", 30, []int{25, 5}, "page=2"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			var sizes []int
			seen := make(map[float64]bool)
			for path := tt.path; path != ""; {
				var body struct {
					Embedded map[string][]map[string]any      `json:"_embedded"`
					Links    map[string]struct{ Href string } `json:"_links"`
				}
				a := s.do(t, http.MethodGet, path, nil)
				if err := json.Unmarshal(a.body, &body); err != nil {
					t.Fatal(err)
				}
				if n := total(t, a); n != tt.elements {
					t.Errorf("%d elements, want %d", n, tt.elements)
				}
				for _, e := range body.Embedded[tt.name] {
					id, ok := e["id"].(float64)
					if !ok {
						id = e["userId"].(float64)
					}
					if seen[id] {
						t.Errorf("%v is on two pages", id)
					}
					seen[id] = true
				}
				if !strings.HasSuffix(body.Links["last"].Href, "?"+tt.wantLastPage) {
					t.Errorf("the last page is %s, want %s", body.Links["last"].Href, tt.wantLastPage)
				}
				sizes = append(sizes, len(body.Embedded[tt.name]))
				path = strings.TrimPrefix(body.Links["next"].Href, "https://desk.example.test/desk/v2")
			}
			if !slices.Equal(sizes, tt.sizes) || len(seen) != tt.elements {
				t.Errorf("pages of %v, %d elements; want %v, %d", sizes, len(seen), tt.sizes, tt.elements)
			}
		})
	}
	for path, want := range map[string]int{
		"/users?page=9": http.StatusOK, "/users?page=0": http.StatusBadRequest, "/users?page=-1": http.StatusBadRequest,
		"/users?page=x": http.StatusBadRequest, "/users?page=99999999999999999999": http.StatusBadRequest,
		"/users?mailbox=x": http.StatusBadRequest, "/conversations?assigned_to=ada": http.StatusBadRequest,
		"/users?email=%00%ff": http.StatusOK, "/users/99999999999999999999": http.StatusNotFound,
	} {
		if a := s.do(t, http.MethodGet, path, nil); a.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, a.Status, want)
		}
	}
}

func TestRateLimit(t *testing.T) {
	s := serve(t, builtin.Options{UnitsPerMinute: 5})
	read := func() answer { return s.do(t, http.MethodGet, "/users/me", nil) }
	write := func() answer { return s.do(t, http.MethodPut, "/users/me", nil) } // 405, and yet a write
	for i, step := range []struct {
		name       string
		call       func() answer
		want       int
		left, wait string
	}{
		{"a read costs one", read, http.StatusOK, "4", ""},
		{"a write costs two", write, http.StatusMethodNotAllowed, "2", ""},
		{"a write costs two", write, http.StatusMethodNotAllowed, "0", ""},
		{"nothing is left", read, http.StatusTooManyRequests, "0", "45"},
		{"a refusal costs nothing", write, http.StatusTooManyRequests, "0", "45"},
	} {
		a := step.call()
		if got := a.Header.Get("X-RateLimit-Remaining-Minute"); a.StatusCode != step.want || got != step.left {
			t.Errorf("%d. %s: %s with %s left, want %d with %s", i, step.name, a.Status, got, step.want, step.left)
		}
		if got := a.Header.Get("X-RateLimit-Retry-After"); got != step.wait || a.Header.Get("X-RateLimit-Limit-Minute") != "5" {
			t.Errorf("%d. %s: retry after %q, want %q", i, step.name, got, step.wait)
		}
	}
	s.now = s.now.Add(45 * time.Second)
	if a := read(); a.StatusCode != http.StatusOK {
		t.Errorf("the next minute: %s", a.Status)
	}
}

// TestTokenEnds: a token ends with its time, its user's activity, their
// sessions, and the user.
func TestTokenEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(s *server, id provision.DeskUserID) error
		back bool // the token works again when the user is active again
	}{
		{"after 48 hours", func(s *server, _ provision.DeskUserID) error { s.now = s.now.Add(48 * time.Hour); return nil }, false},
		{"when the user is deactivated", func(s *server, id provision.DeskUserID) error {
			return s.desk.SetActive(t.Context(), id, false)
		}, true},
		{"when sessions are ended", func(s *server, id provision.DeskUserID) error { return s.desk.EndSessions(t.Context(), id) }, false},
		{"when the user is deleted", func(s *server, id provision.DeskUserID) error { return s.desk.Delete(t.Context(), id) }, false},
		{"when the user is anonymized", func(s *server, id provision.DeskUserID) error { return s.desk.Anonymize(t.Context(), id) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, builtin.Options{})
			u := s.user(t, "Ada", "Byron", provision.RoleAgent)
			token := s.tokenOf(t, u.ID)
			s.now = s.now.Add(48*time.Hour - time.Second)
			if a := s.doAs(t, token, http.MethodGet, "/users/me", nil); a.StatusCode != http.StatusOK {
				t.Fatalf("before: %s", a.Status)
			}
			if err := tt.end(s, u.ID); err != nil {
				t.Fatal(err)
			}
			if a := s.doAs(t, token, http.MethodGet, "/users/me", nil); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("after: %s", a.Status)
			}
			if tt.back {
				if err := s.desk.SetActive(t.Context(), u.ID, true); err != nil {
					t.Fatal(err)
				}
				if a := s.doAs(t, token, http.MethodGet, "/users/me", nil); a.StatusCode != http.StatusOK {
					t.Errorf("active again: %s", a.Status)
				}
			}
		})
	}
}

// TestNothingSecretIsKept looks for credentials in every table.
func TestNothingSecretIsKept(t *testing.T) {
	s := serve(t, builtin.Options{})
	app, err := s.desks.CreateApp(t.Context(), support.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if kept := s.desks.Dump(t); strings.Contains(kept, app.Secret) || strings.Contains(kept, s.token) || !strings.Contains(kept, app.ID) {
		t.Error("a secret is kept in clear")
	}
	if _, err := s.desks.CreateApp(t.Context(), support.ID, "999"); desk.KindOf(err) != desk.NotFound {
		t.Errorf("an app for nobody: %v", err)
	}
}

func TestErrorsPage(t *testing.T) {
	s := serve(t, builtin.Options{})
	a := s.doAs(t, "", http.MethodGet, "/errors", nil)
	if a.StatusCode != http.StatusOK || !strings.Contains(string(a.body), "EnumValue: ") {
		t.Errorf("%s %s", a.Status, a.body)
	}
}
