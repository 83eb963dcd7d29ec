package requesttracker

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// root is RT as its administrator sees it: an independent reader, with nothing
// of the connector's code.
type root struct {
	*testing.T
	url, token, password string
}

// realRT returns the Request Tracker that test/requesttracker.sh runs.
func realRT(t *testing.T) root {
	t.Helper()
	servicetest.Need(t)
	r := root{t, os.Getenv("DESKBRIDGE_TEST_RT_URL"), os.Getenv("DESKBRIDGE_TEST_RT_TOKEN"), os.Getenv("DESKBRIDGE_TEST_RT_ROOT_PASSWORD")}
	if r.url == "" || r.token == "" || r.password == "" {
		t.Fatal(`no Request Tracker to test against: run make test, or eval "$(test/requesttracker.sh start)" before go test`)
	}
	return r
}

// connect returns a connector on the real RT; the settings are pairs of key and
// value.
func (r root) connect(pairs ...string) *rt {
	r.Helper()
	settings := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	d, err := New(provision.Desk{Name: "support", Kind: "requesttracker", URL: r.url, Secret: r.token, Settings: settings})
	if err != nil {
		r.Fatal(err)
	}
	return d.(*rt)
}

// do sends a request as RT's root and decodes the answer into answer, when that
// is not nil. It returns the status.
func (r root) do(method, path string, body, answer any) int {
	r.Helper()
	var data []byte
	if body != nil {
		data, _ = json.Marshal(body)
	}
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+"/REST/2.0"+path, bytes.NewReader(data))
	if err != nil {
		r.Fatal(err)
	}
	req.SetBasicAuth("root", r.password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	data, err = io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	if answer != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(data, answer); err != nil {
			r.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
	return resp.StatusCode
}

func (r root) make(path string, body any) string {
	r.Helper()
	var made struct{ ID any }
	if status := r.do("POST", path, body, &made); status != http.StatusCreated {
		r.Fatalf("POST %s: HTTP %d", path, status)
	}
	name, _ := made.ID.(string)
	return name
}

// makeUser makes a privileged user by hand and returns the number.
func (r root) makeUser(fields map[string]any) provision.DeskUserID {
	r.Helper()
	fields["Privileged"] = 1
	name := r.make("/user", fields)
	var user struct{ ID json.Number }
	r.do("GET", "/user/"+url.PathEscape(name), nil, &user)
	return provision.DeskUserID(user.ID)
}

// makeGroup makes a group by hand and returns its number.
func (r root) makeGroup(name string) string {
	r.Helper()
	return r.make("/group", map[string]any{"Name": name})
}

// converse opens tickets in a queue.
func (r root) converse(queue string, owner provision.DeskUserID, n int) []string {
	r.Helper()
	var ids []string
	for range n {
		ids = append(ids, r.make("/ticket", map[string]any{"Queue": queue, "Subject": "a question", "Owner": string(owner)}))
	}
	return ids
}

// read reads a user, with the role worked out from the names of groups. limited
// is the group that stands for that role.
func (r root) read(id provision.DeskUserID, limited string) *provision.DeskUser {
	r.Helper()
	var user struct {
		Name, EmailAddress, RealName, Disabled string
		Privileged                             int
		Memberships                            []struct{ ID string }
	}
	if r.do("GET", "/user/"+string(id), nil, &user) == http.StatusNotFound {
		return nil
	}
	role := provision.RoleNone
	if user.Privileged == 1 {
		role = provision.RoleAgent
	}
	for _, m := range user.Memberships {
		var group struct{ Name string }
		r.do("GET", "/group/"+m.ID, nil, &group)
		switch {
		case user.Privileged == 1 && group.Name == "Desk Admins":
			role = provision.RoleAdmin
		case user.Privileged == 1 && group.Name == limited && role != provision.RoleAdmin:
			role = provision.RoleLimited
		}
	}
	return &provision.DeskUser{ID: id, Email: user.EmailAddress, DisplayName: user.RealName, Active: user.Disabled == "0", Role: role}
}

// name returns a user's login name.
func (r root) name(id provision.DeskUserID) string {
	r.Helper()
	var user struct{ Name string }
	r.do("GET", "/user/"+string(id), nil, &user)
	return user.Name
}

func (r root) assignee(conversation string) desk.Assignee {
	r.Helper()
	var ticket struct{ Owner struct{ ID string } }
	r.do("GET", "/ticket/"+conversation, nil, &ticket)
	if ticket.Owner.ID == "Nobody" {
		return desk.Assignee{}
	}
	var user struct{ ID json.Number }
	r.do("GET", "/user/"+url.PathEscape(ticket.Owner.ID), nil, &user)
	return desk.Assignee{User: provision.DeskUserID(user.ID)}
}

// browser is somebody signed in to RT's web pages.
type browser struct {
	root
	client *http.Client
}

// signIn signs a user in on RT's web pages.
func (r root) signIn(id provision.DeskUserID, password string) browser {
	r.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.Fatal(err)
	}
	b := browser{r, &http.Client{Jar: jar}}
	resp, err := b.client.PostForm(r.url+"/NoAuth/Login.html", url.Values{"user": {r.name(id)}, "pass": {password}})
	if err != nil {
		r.Fatal(err)
	}
	resp.Body.Close()
	return b
}

// sees reports whether the browser shows the ticket.
func (b browser) sees(ticket string) bool {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), "GET", b.url+"/Ticket/Display.html?id="+ticket, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Referer", b.url+"/")
	resp, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return strings.Contains(string(page), "a question")
}

func TestContract(t *testing.T) { desktest.Run(t, harness()) }

// TestContractBehindFaults runs the suite with every call made twice.
func TestContractBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, harness()) }

// TestOutcomes plays the table of faults.
func TestOutcomes(t *testing.T) {
	r := realRT(t)
	outcometest.Run(t, outcometest.Harness{
		Harness: harness(),
		Slow:    true,
		Server:  r.url,
		Connect: func(t *testing.T, address string) desk.Desk {
			r := r
			r.T, r.url = t, address
			return r.connect("limited_group", "Desk Readers")
		},
		Reads: func(_, path string) bool { return path == "/REST/2.0/users" || path == "/REST/2.0/groups" },
		Yes: func(method string) (int, string) {
			if method == http.MethodPut {
				return http.StatusOK, `["It was done"]`
			}
			return 0, ""
		},
	})
}

func harness() desktest.Harness {
	return desktest.Harness{
		Desk:  func(t *testing.T) desk.Desk { return realRT(t).connect("limited_group", "Desk Readers") },
		Teams: [2]string{"Support Agents", "Billing Agents"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			return realRT(t).makeUser(map[string]any{"Name": email, "EmailAddress": email, "RealName": name})
		},
		Converse: func(t *testing.T, assignee provision.DeskUserID, n int) []string {
			return realRT(t).converse("Support", assignee, n)
		},
		Read: func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
			return realRT(t).read(id, "Desk Readers")
		},
		Assignee: func(t *testing.T, conversation string) desk.Assignee { return realRT(t).assignee(conversation) },
	}
}
