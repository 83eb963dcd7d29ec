package chatwoot

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

const fakeToken = "vR3tYq0aZk8XbN5cWm1LpUe7"

type object = map[string]any

// fakeAgent is a user of the account; gone ones are those whom a job has still to
// take out of places.
type fakeAgent struct {
	ID                     int64
	Email, Name, Role      string
	Custom                 int64
	Availability           string
	AutoOffline, Confirmed bool
	Gone, Elsewhere        bool
}

type fakeConversation struct {
	ID, Inbox, Agent, Team int64
	Status                 string
	Bot                    bool // the agent's number is a bot's
}

// fake is a Chatwoot as its source describes it, and stricter: a request that it would
// misunderstand without a word is an error of the test.
type fake struct {
	*httptest.Server
	t *testing.T

	mu            sync.Mutex
	agents        []*fakeAgent
	teams         map[int64]string
	inboxes       map[int64]string
	in            map[kind]map[int64][]int64 // members by kind and place
	conversations []*fakeConversation
	asked         []string // "METHOD path" of requests, below the account

	old        bool // a build whose inboxes take all members at once, and nothing else
	enterprise bool // shows custom roles
	strict     bool // refuses addresses of users in other accounts
	seats      int  // 0: any number
	lazy       int  // lists on which a deleted agent is still shown
	halt       bool // the job that cleans up does not run
	intercept  func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, enterprise: true, teams: map[int64]string{3: "support", 5: "billing"}, inboxes: map[int64]string{1: "Help", 2: "Shop"},
		in: map[kind]map[int64][]int64{teams: {}, inboxes: {}}}
	f.add("Bridge", "deskbridge@example.test", administrator)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// add makes an agent past the API, as an admin does by hand.
func (f *fake) add(name, email, role string) *fakeAgent {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := &fakeAgent{ID: int64(len(f.agents) + 1), Name: name, Email: strings.ToLower(email), Role: role, Availability: "online"}
	f.agents = append(f.agents, a)
	return a
}

func (f *fake) agent(id int64) *fakeAgent {
	if id < 1 || id > int64(len(f.agents)) || f.agents[id-1].Gone || f.agents[id-1].Elsewhere {
		return nil
	}
	return f.agents[id-1]
}

func (f *fake) show(a *fakeAgent) object {
	out := object{"id": a.ID, "account_id": 7, "email": a.Email, "name": a.Name, "available_name": a.Name, "role": a.Role, "confirmed": a.Confirmed,
		"availability_status": a.Availability, "auto_offline": a.AutoOffline, "thumbnail": ""}
	if f.enterprise {
		if out["custom_role_id"] = nil; a.Custom > 0 {
			out["custom_role_id"] = a.Custom
		}
	}
	return out
}

func (f *fake) showAll(ids func(*fakeAgent) bool) []object {
	out := []object{}
	for _, a := range f.agents {
		if ids(a) {
			out = append(out, f.show(a))
		}
	}
	return out
}

// clean does what a job does after a deletion.
func (f *fake) clean() {
	if f.halt {
		return
	}
	for _, a := range f.agents {
		if !a.Gone {
			continue
		}
		for _, of := range f.in {
			for id := range of {
				of[id] = slices.DeleteFunc(of[id], func(m int64) bool { return m == a.ID })
			}
		}
		for _, c := range f.conversations {
			if c.Agent == a.ID && !c.Bot {
				c.Agent = 0
			}
		}
	}
}

type reply struct {
	status int
	body   any // nil: none
}

func refuse(status int, words string) reply { return reply{status, object{"error": words}} }

var notFound = refuse(404, "Resource could not be found")

// ServeHTTP answers as Chatwoot does.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked has gone
	}
	if f.intercept != nil && f.intercept(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var in object
	if len(body) > 0 && (json.Unmarshal(body, &in) != nil || r.Header.Get("Content-Type") != "application/json") {
		f.t.Errorf("%s %s: no JSON: %s", r.Method, r.URL.Path, body)
	}
	a := reply{404, object{"status": 404, "error": "Not Found"}}
	path, ours := strings.CutPrefix(r.URL.Path, "/api/v1/accounts/7")
	switch {
	case r.Header.Get("Api_access_token") != fakeToken:
		a = refuse(401, "Invalid Access Token")
	case r.URL.Path == "/api/v1/profile":
		own := f.show(f.agents[0])
		own["accounts"] = []object{{"id": 3, "role": "agent"}, {"id": 7, "role": f.agents[0].Role}}
		a = reply{200, own}
	case strings.HasPrefix(r.URL.Path, "/api/v1/accounts/") && !ours:
		a = refuse(401, "You are not authorized to access this account")
	case ours:
		f.asked = append(f.asked, r.Method+" "+path)
		a = f.route(r, strings.Split(strings.Trim(path, "/"), "/"), in, a)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if a.body == nil {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(a.status)
		return
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func (f *fake) route(r *http.Request, parts []string, in object, none reply) reply {
	var id int64
	if len(parts) > 1 {
		id, _ = strconv.ParseInt(parts[1], 10, 64)
	}
	if r.Method != "GET" && f.agents[0].Role != administrator {
		return refuse(401, "You are not authorized to do this action")
	}
	switch what := fmt.Sprint(r.Method, " ", parts[0], " ", len(parts)); what {
	case "GET agents 1":
		shown := f.showAll(func(a *fakeAgent) bool { return !a.Elsewhere && (!a.Gone || f.lazy > 0) })
		f.lazy = max(f.lazy-1, 0)
		f.clean()
		return reply{200, shown}
	case "POST agents 1":
		return f.invite(in)
	case "PATCH agents 2", "DELETE agents 2":
		a := f.agent(id)
		if a == nil {
			return notFound
		}
		if r.Method == "DELETE" {
			a.Gone = true
			return reply{200, nil}
		}
		return f.update(a, in)
	case "GET teams 1":
		return reply{200, shownPlaces(f.teams)}
	case "GET inboxes 1":
		return reply{200, object{"payload": shownPlaces(f.inboxes)}}
	case "GET teams 3", "POST teams 3", "DELETE teams 3":
		if f.teams[id] == "" || parts[2] != "team_members" {
			return notFound
		}
		return f.members(r.Method, teams, id, in)
	case "GET inbox_members 2":
		if f.inboxes[id] == "" {
			return notFound
		}
		got := f.members(r.Method, inboxes, id, nil)
		return reply{200, object{"payload": got.body}}
	case "POST inbox_members 1", "DELETE inbox_members 1":
		id := int64(in["inbox_id"].(float64))
		if f.old && r.Method == "DELETE" {
			return none
		}
		if f.inboxes[id] == "" {
			return notFound
		}
		return f.members(r.Method, inboxes, id, in)
	case "POST conversations 2":
		return f.filter(r, in)
	case "GET conversations 2", "POST conversations 3":
		i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return c.ID == id })
		if i < 0 {
			return notFound
		}
		if r.Method == "POST" {
			return f.assign(f.conversations[i], in)
		}
		return reply{200, f.showConversation(f.conversations[i])}
	}
	f.t.Errorf("unexpected request %s %v", r.Method, parts)
	return none
}

func shownPlaces(of map[int64]string) (out []object) {
	for _, id := range slices.Sorted(maps.Keys(of)) {
		out = append(out, object{"id": id, "name": of[id]})
	}
	return out
}

func (f *fake) only(in object, keys ...string) {
	for key := range in {
		if !slices.Contains(keys, key) {
			f.t.Errorf("unexpected %s in %v", key, in)
		}
	}
}

func (f *fake) invite(in object) reply {
	f.only(in, "email", "name", "role")
	email := in["email"].(string)
	if f.seats > 0 && len(f.showAll(func(a *fakeAgent) bool { return !a.Gone && !a.Elsewhere })) >= f.seats {
		return refuse(402, "Account limit exceeded. Please purchase more licenses")
	}
	for _, a := range f.agents {
		if a.Email != strings.ToLower(email) || a.Gone {
			continue
		}
		if !a.Elsewhere || f.strict {
			return reply{422, object{"message": "User has already been taken", "attributes": []string{"user_id"}}}
		}
		a.Elsewhere, a.Role = false, in["role"].(string)
		return reply{200, f.show(a)}
	}
	if !slices.Contains([]string{administrator, plainAgent}, in["role"].(string)) || in["name"] == "" {
		f.t.Errorf("invited %v", in)
	}
	a := &fakeAgent{ID: int64(len(f.agents) + 1), Email: strings.ToLower(email), Name: in["name"].(string), Role: in["role"].(string), Availability: "offline"}
	f.agents = append(f.agents, a)
	return reply{200, f.show(a)}
}

func (f *fake) update(a *fakeAgent, in object) reply {
	f.only(in, "name", "role", "availability", "auto_offline")
	for key, value := range in {
		switch key {
		case "name":
			a.Name = value.(string)
		case "role":
			if a.Custom > 0 {
				f.t.Error("a custom role is overwritten")
			}
			a.Role = value.(string)
		case "availability":
			a.Availability = value.(string)
		case "auto_offline":
			a.AutoOffline = value.(bool)
		}
	}
	return reply{200, f.show(a)}
}

// members reads or changes who is in a place. Teams add and remove; inboxes do in
// builds of today, and take all of them in old ones.
func (f *fake) members(method string, k kind, id int64, in object) reply {
	if method == "GET" {
		return reply{200, f.showAll(func(a *fakeAgent) bool { return !a.Elsewhere && !a.Gone && slices.Contains(f.in[k][id], a.ID) })}
	}
	f.only(in, "user_ids", "inbox_id")
	var ids []int64
	for _, n := range in["user_ids"].([]any) {
		if ids = append(ids, int64(n.(float64))); f.agent(int64(n.(float64))) == nil {
			return refuse(422, "Could not add agents to inbox")
		}
	}
	switch {
	case method == "DELETE":
		f.in[k][id] = slices.DeleteFunc(f.in[k][id], func(m int64) bool { return slices.Contains(ids, m) })
		return reply{200, nil}
	case k == inboxes && f.old:
		f.in[k][id] = ids
	default:
		for _, n := range ids {
			if !slices.Contains(f.in[k][id], n) {
				f.in[k][id] = append(f.in[k][id], n)
			}
		}
	}
	return reply{200, f.members("GET", k, id, nil).body}
}

func (f *fake) showConversation(c *fakeConversation) object {
	meta := object{"sender": object{"id": 1}, "channel": "Channel::Email"}
	switch a := f.agent(c.Agent); {
	case c.Bot:
		meta["assignee"], meta["assignee_type"] = object{"id": c.Agent, "name": "Bot"}, "AgentBot"
	case a != nil:
		meta["assignee"] = f.show(a)
	}
	if c.Team > 0 {
		meta["team"] = object{"id": c.Team, "name": f.teams[c.Team]}
	}
	return object{"id": c.ID, "inbox_id": c.Inbox, "status": c.Status, "meta": meta, "messages": []object{}}
}

func (f *fake) filter(r *http.Request, in object) reply {
	payload, _ := in["payload"].([]any)
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	if len(payload) != 2 || page < 1 || len(in) != 1 {
		f.t.Errorf("filter %v, page %d", in, page)
		return refuse(422, "Invalid query")
	}
	hits := []object{}
	for _, c := range f.conversations {
		all := true
		for i, raw := range payload {
			one := raw.(object)
			values := one["values"].([]any)
			if one["filter_operator"] != "equal_to" || len(values) != 1 || (one["query_operator"] == nil) != (i == 1) {
				f.t.Errorf("filter %v", one)
			}
			switch one["attribute_key"] {
			case "assignee_id":
				all = all && values[0] == float64(c.Agent) && f.agent(c.Agent) != nil
			case "status":
				all = all && values[0] == c.Status
			default:
				f.t.Errorf("filter %v", one)
			}
		}
		if all {
			hits = append(hits, f.showConversation(c))
		}
	}
	from := min((page-1)*25, len(hits))
	return reply{200, object{"meta": object{"mine_count": 0, "unassigned_count": 0, "all_count": len(hits)}, "payload": hits[from:min(from+25, len(hits))]}}
}

// assign assigns: an agent that is not one is nobody, and says nothing.
func (f *fake) assign(c *fakeConversation, in object) reply {
	f.only(in, "assignee_id", "team_id")
	if to, is := in["assignee_id"]; is {
		n, _ := to.(float64)
		if to != nil && f.agent(int64(n)) == nil {
			f.t.Errorf("conversation %d is assigned to %v", c.ID, to)
		}
		c.Agent, c.Bot = int64(n), false
		if to != nil {
			return reply{200, f.show(f.agent(int64(n)))}
		}
		return reply{200, []byte(nil)}
	}
	c.Team = int64(in["team_id"].(float64))
	if !slices.Contains(f.in[teams][c.Team], c.Agent) {
		c.Agent = 0
	}
	return reply{200, object{"id": c.Team}}
}

// converse opens conversations of the inbox Help.
func (f *fake) converse(agent provision.DeskUserID, n int) (ids []string) {
	id, _ := strconv.ParseInt(string(agent), 10, 64)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		c := &fakeConversation{ID: int64(len(f.conversations)*2 + 11), Inbox: 1, Agent: id, Status: openStatuses[i%3]}
		f.conversations, ids = append(f.conversations, c), append(ids, strconv.FormatInt(c.ID, 10))
	}
	return ids
}

func (f *fake) connect(t *testing.T) *chatwoot { return connect(t, f.URL) }

func connect(t *testing.T, address string) *chatwoot {
	t.Helper()
	d, err := New(provision.Desk{URL: address, Secret: fakeToken, Settings: map[string]string{"account": "7"}})
	if err != nil {
		t.Fatal(err)
	}
	c := d.(*chatwoot)
	c.patience.First = 2 * time.Millisecond
	return c
}

// harness is the suite's view of a fake.
func (f *fake) harness() desktest.Harness {
	return desktest.Harness{
		Desk:      func(t *testing.T) desk.Desk { return f.connect(t) },
		Teams:     [2]string{"support", "billing"},
		Mailboxes: [2]string{"Help", "Shop"},
		MakeUser: func(_ *testing.T, name, email string) provision.DeskUserID {
			return userID(f.add(name, email, plainAgent).ID)
		},
		Converse:  func(_ *testing.T, agent provision.DeskUserID, n int) []string { return f.converse(agent, n) },
		Elsewhere: "Shop",
		Move: func(_ *testing.T, conversation string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return strconv.FormatInt(c.ID, 10) == conversation })
			f.conversations[i].Inbox = 2
		},
		Read: func(_ *testing.T, id provision.DeskUserID) *provision.DeskUser {
			f.mu.Lock()
			defer f.mu.Unlock()
			n, _ := strconv.ParseInt(string(id), 10, 64)
			a := f.agent(n)
			if a == nil {
				return nil
			}
			role := map[string]provision.Role{administrator: provision.RoleAdmin, plainAgent: provision.RoleAgent}[a.Role]
			return &provision.DeskUser{ID: id, Email: a.Email, DisplayName: a.Name, Active: true, Role: role}
		},
		Assignee: func(_ *testing.T, conversation string) desk.Assignee {
			f.mu.Lock()
			defer f.mu.Unlock()
			i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return strconv.FormatInt(c.ID, 10) == conversation })
			c := f.conversations[i]
			if c.Agent > 0 {
				return desk.Assignee{User: userID(c.Agent)}
			}
			return desk.Assignee{Team: f.teams[c.Team]}
		},
	}
}

func TestConnector(t *testing.T) {
	for name, old := range map[string]bool{"a build of today": false, "a build whose inboxes replace": true} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.old, f.enterprise = old, !old
			desktest.Run(t, f.harness())
		})
	}
}

// TestConnectorBehindFaults runs the suite with every call made twice.
func TestConnectorBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, newFake(t).harness()) }
