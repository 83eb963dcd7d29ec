package libredesk

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// browser is somebody signed in to Libredesk with a password: an independent
// reader, with nothing of the connector's code.
type browser struct {
	*testing.T
	url    string
	client *http.Client
}

type object = map[string]any

// signIn signs somebody in.
func signIn(t *testing.T, email, password string) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, os.Getenv("DESKBRIDGE_TEST_LIBREDESK_URL"), &http.Client{Jar: jar}}
	if status := b.do("POST", "/auth/login", object{"email": email, "password": password}, nil); status != http.StatusOK {
		t.Fatalf("sign-in: HTTP %d", status)
	}
	return b
}

var (
	systemOnce    sync.Once
	systemBrowser browser
)

// real returns the Libredesk that test/libredesk.sh runs, as its own account
// sees it.
func real(t *testing.T) browser {
	t.Helper()
	servicetest.Need(t)
	password := os.Getenv("DESKBRIDGE_TEST_LIBREDESK_ADMIN")
	if password == "" {
		t.Fatal(`no Libredesk to test against: run make test, or eval "$(test/libredesk.sh start)" before go test`)
	}
	systemOnce.Do(func() { systemBrowser = signIn(t, "System", password) })
	b := systemBrowser
	b.T = t
	return b
}

// do sends a request and decodes what the envelope holds into answer, when that
// is not nil. It returns the status.
func (b browser) do(method, path string, body, answer any) int {
	b.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.Context(), method, b.url+"/api/v1"+path, bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, c := range b.client.Jar.Cookies(req.URL) {
		if c.Name == "csrf_token" {
			req.Header.Set("X-CSRFTOKEN", c.Value)
		}
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct{ Data json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		b.Fatalf("%s %s: %v", method, path, err)
	}
	if answer != nil && resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(said.Data, answer); err != nil {
			b.Fatalf("%s %s: %v in %s", method, path, err, said.Data)
		}
	}
	return resp.StatusCode
}

// must sends a request that has to succeed.
func (b browser) must(method, path string, body, answer any) {
	b.Helper()
	if status := b.do(method, path, body, answer); status != http.StatusOK {
		b.Fatalf("%s %s: HTTP %d", method, path, status)
	}
}

type rawAgent struct {
	ID           json.Number
	Email        string
	First        string `json:"first_name"`
	Last         string `json:"last_name"`
	Enabled      bool
	Roles        []string
	Availability string  `json:"availability_status"`
	Key          *string `json:"api_key"`
}

// hire makes an agent by hand.
func (b browser) hire(name, email string, roles ...string) provision.DeskUserID {
	b.Helper()
	first, last, _ := strings.Cut(name, " ")
	var made rawAgent
	b.must("POST", "/agents", object{"first_name": first, "last_name": last, "email": email, "roles": roles}, &made)
	return provision.DeskUserID(made.ID)
}

// agent reads an agent; nil when there is none.
func (b browser) agent(id provision.DeskUserID) *rawAgent {
	b.Helper()
	var a rawAgent
	if b.do("GET", "/agents/"+string(id), nil, &a) != http.StatusOK {
		return nil
	}
	return &a
}

// change writes fields of an agent by hand; those that are not named stay.
func (b browser) change(id provision.DeskUserID, fields object) {
	b.Helper()
	now, teams := object{}, []string{}
	b.must("GET", "/agents/"+string(id), nil, &now)
	for _, t := range now["teams"].([]any) {
		teams = append(teams, t.(object)["name"].(string))
	}
	now["teams"] = teams
	for key, value := range fields {
		now[key] = value
	}
	b.must("PUT", "/agents/"+string(id), now, nil)
}

// read reads an agent in the common words.
func (b browser) read(id provision.DeskUserID) *provision.DeskUser {
	b.Helper()
	a := b.agent(id)
	if a == nil {
		return nil
	}
	role := provision.RoleNone
	for _, r := range []struct {
		name string
		role provision.Role
	}{{"Admin", provision.RoleAdmin}, {"Deskbridge", provision.RoleAdmin}, {"Team Agent", provision.RoleAgent}, {"Reader", provision.RoleLimited}} {
		if slices.Contains(a.Roles, r.name) {
			role = r.role
			break
		}
	}
	return &provision.DeskUser{ID: id, Email: a.Email, DisplayName: strings.TrimSpace(a.First + " " + a.Last), Active: a.Enabled, Role: role}
}

// support is the number of the team Support Agents.
const support = 1

// converse opens conversations of the team Support Agents, as mail does that
// comes in.
func (b browser) converse(assignee provision.DeskUserID, n int) (ids []string) {
	b.Helper()
	rows, err := database().QueryContext(b.Context(), `INSERT INTO conversations (contact_id, contact_channel_id, inbox_id, subject, status_id, assigned_user_id, assigned_team_id)
		SELECT contact_id, contact_channels.id, inbox_id, 'a question', (SELECT id FROM conversation_statuses WHERE name = 'Open'), $1::bigint, $2::int
		FROM contact_channels, generate_series(1, $3::int) RETURNING uuid::text`, string(assignee), support, n)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			b.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) != n {
		b.Fatalf("%d conversations, want %d: %v", len(ids), n, err)
	}
	return ids
}

// database opens Libredesk's database.
var database = sync.OnceValue(func() *sql.DB {
	db, err := sql.Open("pgx", os.Getenv("DESKBRIDGE_TEST_LIBREDESK_DATABASE"))
	if err != nil {
		panic(err)
	}
	return db
})

func (b browser) assignee(conversation string) desk.Assignee {
	b.Helper()
	var c struct {
		User *json.Number `json:"assigned_user_id"`
		Team *json.Number `json:"assigned_team_id"`
	}
	b.must("GET", "/conversations/"+conversation, nil, &c)
	switch {
	case c.User != nil:
		return desk.Assignee{User: provision.DeskUserID(*c.User)}
	case c.Team == nil:
		return desk.Assignee{}
	}
	var team struct{ Name string }
	b.must("GET", "/teams/"+c.Team.String(), nil, &team)
	return desk.Assignee{Team: team.Name}
}

// connect returns a connector on the real Libredesk; the settings are pairs of
// key and value.
func (b browser) connect(pairs ...string) *libredesk {
	b.Helper()
	return connectTo(b.T, b.url, os.Getenv("DESKBRIDGE_TEST_LIBREDESK_KEY"), pairs...)
}

func connectTo(t *testing.T, address, key string, pairs ...string) *libredesk {
	t.Helper()
	settings := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	d, err := New(provision.Desk{Name: "support", Kind: "libredesk", URL: address, Secret: key, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*libredesk)
}

// catalogueOfTests are the settings for the roles that test/libredesk.sh makes: an
// agent sees what the agent's teams have, and no more.
var catalogueOfTests = []string{"agent_role", "Team Agent", "limited_role", "Reader"}

func TestContract(t *testing.T) { desktest.Run(t, harness()) }

// TestOutcomesOnReal plays the table of faults on the real one.
func TestOutcomesOnReal(t *testing.T) {
	b := real(t)
	outcometest.Run(t, outcometest.Harness{
		Harness: harness(),
		Slow:    true,
		Server:  b.url,
		Connect: func(t *testing.T, address string) desk.Desk {
			return connectTo(t, address, os.Getenv("DESKBRIDGE_TEST_LIBREDESK_KEY"), catalogueOfTests...)
		},
		Yes: func(string) (int, string) { return http.StatusOK, `{"status":"success","data":true}` },
	})
}

// harness has one connector for all tests: each reads everybody once.
func harness() desktest.Harness {
	var d *libredesk
	return desktest.Harness{
		Desk: func(t *testing.T) desk.Desk {
			if b := real(t); d == nil {
				d = b.connect(catalogueOfTests...)
			}
			return d
		},
		Teams: [2]string{"Support Agents", "Billing Agents"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			return real(t).hire(name, email, "Team Agent")
		},
		Converse: func(t *testing.T, assignee provision.DeskUserID, n int) []string {
			return real(t).converse(assignee, n)
		},
		Unassigned: desk.Assignee{Team: "Support Agents"},
		Read:       func(t *testing.T, id provision.DeskUserID) *provision.DeskUser { return real(t).read(id) },
		Assignee:   func(t *testing.T, conversation string) desk.Assignee { return real(t).assignee(conversation) },
	}
}
