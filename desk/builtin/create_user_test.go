package builtin_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// valid is a request with nothing but what is required.
func valid() map[string]any {
	return map[string]any{"firstName": "New", "lastName": "Agent", "email": "new-agent@example.com", "role": "user"}
}

// problems returns the paths and codes that an answer objects to: "role EnumValue".
func problems(t *testing.T, a answer) []string {
	t.Helper()
	var body struct {
		Message  string
		Embedded struct {
			Errors []struct {
				Path, Source string
				Links        struct{ About struct{ Href string } } `json:"_links"`
			}
		} `json:"_embedded"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	var out []string
	for _, e := range body.Embedded.Errors {
		_, code, _ := strings.Cut(e.Links.About.Href, "#")
		out = append(out, strings.TrimSpace(e.Path+" "+code))
	}
	return out
}

func TestCreateUserValidation(t *testing.T) {
	s := serve(t, builtin.Options{})
	longest := func(n int) string { return strings.Repeat("ö", n) }
	const missing = "(missing)"
	for _, tt := range []struct {
		name  string
		field string
		value any
		want  []string // nil: created
	}{
		{"only what is required", "", nil, nil},
		{"firstName is required", "firstName", missing, []string{"firstName NotBlank"}},
		{"firstName may not be null", "firstName", nil, []string{"firstName NotBlank"}},
		{"firstName may not be blank", "firstName", "  \t", []string{"firstName NotBlank"}},
		{"firstName is a string", "firstName", 7, []string{"firstName Type"}},
		{"firstName of 40 characters, not bytes", "firstName", longest(40), nil},
		{"firstName of 41 characters", "firstName", longest(41), []string{"firstName Size"}},
		{"firstName with a control character", "firstName", "A\x00da", []string{"firstName Text"}},
		{"lastName is required", "lastName", missing, []string{"lastName NotBlank"}},
		{"lastName may not be blank", "lastName", "", []string{"lastName NotBlank"}},
		{"lastName is a string", "lastName", []string{"King"}, []string{"lastName Type"}},
		{"lastName of 40 characters", "lastName", longest(40), nil},
		{"lastName of 41 characters", "lastName", longest(41), []string{"lastName Size"}},
		{"email is required", "email", missing, []string{"email NotBlank"}},
		{"email is a string", "email", true, []string{"email Type"}},
		{"email needs a domain", "email", "ada", []string{"email Email"}},
		{"email without a name beside it", "email", "Ada <ada@example.test>", []string{"email Email"}},
		{"email of one person", "email", "ada@example.test, grace@example.test", []string{"email Email"}},
		{"email with accents", "email", "žofie@příklad.example", nil},
		{"role is required", "role", missing, []string{"role NotBlank"}},
		{"role admin", "role", "admin", nil},
		{"role light user", "role", "light user", nil},
		{"role owner cannot be assigned", "role", "owner", []string{"role EnumValue"}},
		{"role none is not for the API", "role", "none", []string{"role EnumValue"}},
		{"role in capitals", "role", "User", []string{"role EnumValue"}},
		{"role is a string", "role", 1, []string{"role Type"}},
		{"timezone", "timezone", "Europe/Prague", nil},
		{"timezone nowhere", "timezone", "Mars/Olympus", []string{"timezone Timezone"}},
		{"timezone Local is the server's secret", "timezone", "Local", []string{"timezone Timezone"}},
		{"timezone null is the company's", "timezone", nil, nil},
		{"jobTitle of 50 characters", "jobTitle", longest(50), nil},
		{"jobTitle of 51 characters", "jobTitle", longest(51), []string{"jobTitle Size"}},
		{"jobTitle is a string", "jobTitle", 1, []string{"jobTitle Type"}},
		{"phone", "phone", "+1 555 0100", nil},
		{"phone is a string", "phone", 15550100, []string{"phone Type"}},
		{"sendInvite", "sendInvite", false, nil},
		{"sendInvite is a boolean", "sendInvite", "no", []string{"sendInvite Type"}},
		{"mailboxes may be empty", "mailboxes", []any{}, nil},
		{"mailboxes is a list", "mailboxes", map[string]any{"id": 4}, []string{"mailboxes Type"}},
		{"mailboxes holds objects", "mailboxes", []any{4, nil}, []string{"mailboxes[0] Type", "mailboxes[1] Type"}},
		{"a mailbox", "mailboxes", []any{map[string]any{"id": 4}}, nil},
		{"a mailbox twice", "mailboxes", []any{map[string]any{"id": 4}, map[string]any{"id": 4}}, nil},
		{"a mailbox needs an id", "mailboxes", []any{map[string]any{"emailAccess": true}}, []string{"mailboxes[0].id NotBlank"}},
		{"a mailbox's id is a number", "mailboxes", []any{map[string]any{"id": "4"}}, []string{"mailboxes[0].id Type"}},
		{"a mailbox's id is whole", "mailboxes", []any{map[string]any{"id": 4.5}}, []string{"mailboxes[0].id Type"}},
		{"a mailbox must exist", "mailboxes", []any{map[string]any{"id": 4}, map[string]any{"id": 99}}, []string{"mailboxes[1].id Exists"}},
		{"a team is no mailbox", "mailboxes", []any{map[string]any{"id": 3}}, []string{"mailboxes[0].id Exists"}},
		{"emailAccess is a boolean", "mailboxes", []any{map[string]any{"id": 4, "emailAccess": 1}}, []string{"mailboxes[0].emailAccess Type"}},
		{"unknown fields are ignored", "nickname", "Countess", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := maps.Clone(valid())
			if body[tt.field] = tt.value; tt.value == missing || tt.field == "" {
				delete(body, tt.field)
			}
			a := s.do(t, http.MethodPost, "/users", body)
			if tt.want != nil {
				if diff := cmp.Diff(tt.want, problems(t, a)); a.StatusCode != http.StatusBadRequest || diff != "" {
					t.Errorf("%s (-want +got):\n%s", a.Status, diff)
				}
				return
			}
			if a.StatusCode != http.StatusCreated || len(a.body) > 0 {
				t.Fatalf("%s %s, want 201 without a body", a.Status, a.body)
			}
			id := a.Header.Get("Resource-ID")
			if want := "https://desk.example.test/desk/v2/users/" + id; a.Header.Get("Location") != want {
				t.Errorf("Location is %q, want %q", a.Header.Get("Location"), want)
			}
			if a := s.do(t, http.MethodDelete, "/users/"+id, nil); a.StatusCode != http.StatusNoContent {
				t.Errorf("delete: %s", a.Status)
			}
		})
	}
}

func TestCreateUserBody(t *testing.T) {
	s := serve(t, builtin.Options{})
	for _, tt := range []struct {
		name, contentType, body string
		want                    int
	}{
		{"as JSON", "application/json", `{}`, http.StatusBadRequest},
		{"with a charset", "application/json; charset=utf-8", `{}`, http.StatusBadRequest},
		{"as HAL", "application/hal+json", `{}`, http.StatusBadRequest},
		{"no content type", "", `{}`, http.StatusUnsupportedMediaType},
		{"a form", "application/x-www-form-urlencoded", `firstName=Ada`, http.StatusUnsupportedMediaType},
		{"text", "text/json", `{}`, http.StatusUnsupportedMediaType},
		{"empty", "application/json", ``, http.StatusBadRequest},
		{"half", "application/json", `{"firstName": "Ada"`, http.StatusBadRequest},
		{"a list", "application/json", `[{}]`, http.StatusBadRequest},
		{"null", "application/json", `null`, http.StatusBadRequest},
		{"two objects", "application/json", `{} {}`, http.StatusBadRequest},
		{"as large as may be", "application/json", `{"phone": "` + strings.Repeat("1", 1<<20-13) + `"}`, http.StatusBadRequest},
		{"too large", "application/json", `{"phone": "` + strings.Repeat("1", 1<<20) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/desk/v2/users", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "bearer "+s.token)
			if tt.contentType != "" {
				req.Header.Set("Content-Type", tt.contentType)
			}
			a := send(t, s.Client(), req)
			if a.StatusCode != tt.want || a.Header.Get("Content-Type") != "application/vnd.error+json" {
				t.Errorf("%s, %s, want %d", a.Status, a.Header.Get("Content-Type"), tt.want)
			}
		})
	}
}

// TestCreateUserDefaults: what is left out, and what it comes to.
func TestCreateUserDefaults(t *testing.T) {
	s := serve(t, builtin.Options{})
	conf := support
	conf.Settings = map[string]string{builtin.SettingTimezone: "Europe/Prague"}
	if err := s.desks.Open(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	body := valid()
	body["mailboxes"] = []any{map[string]any{"id": 4}, map[string]any{"id": 6, "emailAccess": false}}
	id := s.do(t, http.MethodPost, "/users", body).Header.Get("Resource-ID")

	var shown struct{ Timezone string }
	if err := json.Unmarshal(s.do(t, http.MethodGet, "/users/"+id, nil).body, &shown); err != nil || shown.Timezone != "Europe/Prague" {
		t.Errorf("time zone is %q (%v), want the company's", shown.Timezone, err)
	}
	got, err := s.desk.Find(t.Context(), desk.Key{ID: provision.DeskUserID(id)})
	if err != nil {
		t.Fatal(err)
	}
	want := &provision.DeskUser{ID: provision.DeskUserID(id), Email: "new-agent@example.com", DisplayName: "New Agent",
		GivenName: "New", FamilyName: "Agent", Active: true, Role: provision.RoleAgent, Mailboxes: []string{"Support"}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(provision.DeskUser{}, "MadeAt")); diff != "" {
		t.Errorf("the user (-want +got):\n%s", diff)
	}
	if invited := s.desks.Invited(t, support.ID); !cmp.Equal(invited, []string{"new-agent@example.com"}) {
		t.Errorf("invited are %q", invited)
	}
}
