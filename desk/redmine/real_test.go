package redmine

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// admin is Redmine as its administrator sees it: an independent reader, with
// nothing of the connector's code.
type admin struct {
	*testing.T
	url, key string
}

// realRedmine returns the Redmine that test/redmine.sh runs.
func realRedmine(t *testing.T) admin {
	t.Helper()
	servicetest.Need(t)
	a := admin{t, os.Getenv("DESKBRIDGE_TEST_REDMINE_URL"), os.Getenv("DESKBRIDGE_TEST_REDMINE_KEY")}
	if a.url == "" || a.key == "" {
		t.Fatal(`no Redmine to test against: run make test, or eval "$(test/redmine.sh start)" before go test`)
	}
	return a
}

// connect returns a connector on the real Redmine; the settings are pairs of key
// and value.
func (a admin) connect(pairs ...string) *redmine {
	a.Helper()
	settings := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	d, err := New(provision.Desk{Name: "support", Kind: "redmine", URL: a.url, Secret: a.key, Settings: settings})
	if err != nil {
		a.Fatal(err)
	}
	return d.(*redmine)
}

// as sends a request with somebody's key and decodes the answer into answer,
// when that is not nil. It returns the status.
func (a admin) as(key, method, path string, body, answer any) int {
	a.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		a.Fatal(err)
	}
	req, err := http.NewRequestWithContext(a.Context(), method, a.url+path, bytes.NewReader(data))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("X-Redmine-API-Key", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer resp.Body.Close()
	if data, err = io.ReadAll(resp.Body); err != nil {
		a.Fatal(err)
	}
	if answer != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(data, answer); err != nil {
			a.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
	return resp.StatusCode
}

// do sends a request with the administrator's key and fails unless it succeeds,
// or there is no such record.
func (a admin) do(method, path string, body, answer any) (found bool) {
	a.Helper()
	status := a.as(a.key, method, path, body, answer)
	if status >= 300 && status != http.StatusNotFound {
		a.Fatalf("%s %s: HTTP %d", method, path, status)
	}
	return status != http.StatusNotFound
}

type object = map[string]any

// make makes something of a kind and returns its number.
func (a admin) make(path, kind string, fields object) string {
	a.Helper()
	made := map[string]struct{ ID json.Number }{}
	a.do("POST", path, object{kind: fields}, &made)
	return made[kind].ID.String()
}

// makeUser makes a user by hand, who can sign in with the password.
func (a admin) makeUser(name, email string, more object) provision.DeskUserID {
	a.Helper()
	first, last, _ := strings.Cut(name, " ")
	fields := object{"login": email, "firstname": first, "lastname": last, "mail": email, "password": password}
	for key, value := range more {
		fields[key] = value
	}
	return provision.DeskUserID(a.make("/users.json", "user", fields))
}

const password = "correct horse battery"

// makeProject makes a project with an issue tracker and returns its name.
func (a admin) makeProject(parent string) (id, name string) {
	a.Helper()
	name = "Project " + rand.Text()[:10]
	fields := object{"name": name, "identifier": "p-" + strings.ToLower(name[8:]), "enabled_module_names": []string{"issue_tracking"}}
	if parent != "" {
		fields["parent_id"], fields["inherit_members"] = parent, true
	}
	return a.make("/projects.json", "project", fields), name
}

// makeGroup makes a group and returns its number.
func (a admin) makeGroup(name string) string {
	a.Helper()
	return a.make("/groups.json", "group", object{"name": name})
}

// role returns the number of a role.
func (a admin) role(name string) json.Number {
	a.Helper()
	var all struct {
		Roles []struct {
			ID   json.Number
			Name string
		}
	}
	a.do("GET", "/roles.json", nil, &all)
	for _, r := range all.Roles {
		if r.Name == name {
			return r.ID
		}
	}
	a.Fatalf("there is no role %s", name)
	return ""
}

// enrol gives a user or group roles in a project.
func (a admin) enrol(project, who string, roles ...string) {
	a.Helper()
	var ids []json.Number
	for _, name := range roles {
		ids = append(ids, a.role(name))
	}
	a.make("/projects/"+project+"/memberships.json", "membership", object{"user_id": who, "role_ids": ids})
}

// converse opens issues in a project.
func (a admin) converse(project string, assignee provision.DeskUserID, n int) []string {
	a.Helper()
	var ids []string
	for range n {
		ids = append(ids, a.make("/issues.json", "issue",
			object{"project_id": project, "subject": "a question", "tracker_id": 3, "assigned_to_id": string(assignee)}))
	}
	return ids
}

type rawUser struct {
	Login, Mail, Firstname, Lastname string
	Key                              string `json:"api_key"`
	Admin                            bool
	Status                           int
	Groups                           []struct{ Name string }
	Memberships                      []struct {
		Project struct{ Name string }
		Roles   []struct {
			Name      string
			Inherited bool
		}
	}
}

// roles returns a user's roles in a project, those that come from a group in
// brackets.
func (a admin) roles(id provision.DeskUserID, project string) []string {
	a.Helper()
	u := a.user(id)
	var names []string
	for _, m := range u.Memberships {
		for _, r := range m.Roles {
			switch {
			case m.Project.Name != project:
			case r.Inherited:
				names = append(names, "("+r.Name+")")
			default:
				names = append(names, r.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (a admin) user(id provision.DeskUserID) rawUser {
	a.Helper()
	var answer struct{ User rawUser }
	if !a.do("GET", "/users/"+string(id)+".json?include=groups,memberships", nil, &answer) {
		a.Fatalf("there is no user %s", id)
	}
	return answer.User
}

// read reads a user in the common words.
func (a admin) read(id provision.DeskUserID) *provision.DeskUser {
	a.Helper()
	var answer struct{ User rawUser }
	if !a.do("GET", "/users/"+string(id)+".json?include=groups", nil, &answer) {
		return nil
	}
	u, role := answer.User, provision.RoleAgent
	for _, g := range u.Groups {
		if g.Name == "Desk Readers" {
			role = provision.RoleLimited
		}
	}
	if u.Admin {
		role = provision.RoleAdmin
	}
	return &provision.DeskUser{ID: id, Email: u.Mail, DisplayName: u.Firstname + " " + u.Lastname, Active: u.Status == 1, Role: role}
}

func (a admin) assignee(conversation string) desk.Assignee {
	a.Helper()
	var answer struct {
		Issue struct {
			To *struct {
				ID   json.Number
				Name string
			} `json:"assigned_to"`
		}
	}
	a.do("GET", "/issues/"+conversation+".json", nil, &answer)
	to := answer.Issue.To
	switch {
	case to == nil:
		return desk.Assignee{}
	case a.do("GET", "/groups/"+to.ID.String()+".json", nil, nil):
		return desk.Assignee{Team: to.Name}
	}
	return desk.Assignee{User: provision.DeskUserID(to.ID)}
}

// browser is somebody signed in to Redmine's web pages.
type browser struct {
	admin
	client *http.Client
}

var formToken = regexp.MustCompile(`name="authenticity_token" value="([^"]+)"`)

// signIn signs somebody in on Redmine's web pages.
func (a admin) signIn(login string) browser {
	a.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.Fatal(err)
	}
	b := browser{a, &http.Client{Jar: jar}}
	token := formToken.FindStringSubmatch(b.page("/login"))
	if token == nil {
		a.Fatal("the page to sign in has no form")
	}
	form := url.Values{"username": {login}, "password": {password}, "authenticity_token": {token[1]}}
	resp, err := b.client.PostForm(a.url+"/login", form)
	if err != nil {
		a.Fatal(err)
	}
	resp.Body.Close()
	return b
}

// page returns what the browser shows of a page.
func (b browser) page(path string) string {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), "GET", b.url+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return string(page)
}

// sees reports whether the browser shows an issue.
func (b browser) sees(issue string) bool {
	b.Helper()
	return strings.Contains(b.page("/issues/"+issue), "a question")
}

func TestContract(t *testing.T) { desktest.Run(t, harness()) }

// TestContractBehindFaults runs the suite with every call made twice.
func TestContractBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, harness()) }

// TestOutcomes plays the table of faults.
func TestOutcomes(t *testing.T) {
	a := realRedmine(t)
	outcometest.Run(t, outcometest.Harness{
		Harness: harness(),
		Slow:    true,
		Server:  a.url,
		Connect: func(t *testing.T, address string) desk.Desk {
			a := a
			a.T, a.url = t, address
			return a.connect("limited_group", "Desk Readers", "assign_to_teams", "true")
		},
	})
}

func harness() desktest.Harness {
	return desktest.Harness{
		Desk: func(t *testing.T) desk.Desk {
			return realRedmine(t).connect("limited_group", "Desk Readers", "assign_to_teams", "true")
		},
		Teams:     [2]string{"Support Agents", "Billing Agents"},
		Mailboxes: [2]string{"Support", "Billing"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			return realRedmine(t).makeUser(name, email, nil)
		},
		Converse: func(t *testing.T, assignee provision.DeskUserID, n int) []string {
			return realRedmine(t).converse("support", assignee, n)
		},
		Read:     func(t *testing.T, id provision.DeskUserID) *provision.DeskUser { return realRedmine(t).read(id) },
		Assignee: func(t *testing.T, conversation string) desk.Assignee { return realRedmine(t).assignee(conversation) },
	}
}
