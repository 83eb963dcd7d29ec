package libredesk

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/mail"
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

const fakeKey = "0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// fakeAgent is an agent of a fake Libredesk, with names as numbers.
type fakeAgent struct {
	ID                 int64
	First, Last, Email string
	Enabled, Deleted   bool
	Availability, Key  string
	Roles, Teams       []int64
	UpdatedAt          time.Time
	LastLogin          any // null until the first
}

type fakeConversation struct {
	UUID       string
	User, Team int64 // 0: none
	Status     string
	Inbox      string // "": Support
}

// fakeLibredesk is as strict as the real one, and has its habits: see the page in
// docs/desks. Where lie says so, it does not do what it answers.
type fakeLibredesk struct {
	*httptest.Server
	t *testing.T

	mu            sync.Mutex
	roles         map[int64]object // id, name, permissions
	teams         map[int64]string
	statuses      []object
	agents        map[int64]*fakeAgent
	conversations []*fakeConversation
	newer         bool           // a list of conversations shows who has them, and a status its category
	asked         map[string]int // by method and path, with N for an id
	// lie looks at a request before it is answered; true says that it was.
	lie func(w http.ResponseWriter, r *http.Request, body []byte) bool
}

// newFake returns a fake on which everything is as test/libredesk.sh makes it.
func newFake(t *testing.T) *fakeLibredesk {
	t.Helper()
	all := []string{manageUsers, readAny, readAll, readOwn, readTeams, assignUser, assignTeam}
	role := func(id int64, name string, permissions ...string) object {
		return object{"id": id, "name": name, "permissions": permissions}
	}
	f := &fakeLibredesk{t: t, asked: map[string]int{}, agents: map[int64]*fakeAgent{},
		roles: map[int64]object{
			1: role(1, "Agent", all[1:]...), 2: role(2, "Admin", all...), 3: role(3, "Deskbridge", manageUsers, readAny, readAll, assignUser, assignTeam),
			4: role(4, "Team Agent", readAny, readTeams), 5: role(5, "Reader", readAny), 6: role(6, "Shift Lead", "conversations:update_tags"), 7: role(7, "Office", manageUsers),
		},
		teams:    map[int64]string{1: "Support Agents", 2: "Billing Agents"},
		statuses: []object{{"id": 1, "name": "Open"}, {"id": 2, "name": "Snoozed"}, {"id": 3, "name": "Resolved"}, {"id": 4, "name": "Closed"}},
	}
	f.agents[1] = &fakeAgent{ID: 1, First: "System", Email: systemEmail, Enabled: true, Availability: offline, Roles: []int64{2}}
	f.hire("Deskbridge", "bridge@desk.example.test", 3)
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

// hire adds an agent; the caller holds the lock, or is alone.
func (f *fakeLibredesk) hire(name, email string, roles ...int64) *fakeAgent {
	first, last, _ := strings.Cut(name, " ")
	a := &fakeAgent{ID: int64(len(f.agents) + 1), First: first, Last: last, Email: email, Enabled: true, Availability: offline, Roles: roles, UpdatedAt: time.Now()}
	f.agents[a.ID] = a
	return a
}

// locked gives a test the state of the fake.
func locked[T any](f *fakeLibredesk, look func() T) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return look()
}

func (f *fakeLibredesk) count(what string) int { return locked(f, func() int { return f.asked[what] }) }

func succeed(w http.ResponseWriter, data any) { say(w, 200, object{"status": "success", "data": data}) }

func refuse(w http.ResponseWriter, status int, errorType, message string) {
	say(w, status, object{"status": "error", "message": message, "data": nil, "error_type": errorType})
}

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone is part of some tests
}

func (f *fakeLibredesk) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	path, under := strings.CutPrefix(r.URL.Path, "/api/v1")
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	id := ""
	if len(parts) > 1 && (parts[0] == "agents" && parts[1] != "me" || parts[0] == "conversations" && parts[1] != "all") {
		id, parts[1] = parts[1], "N"
	}
	what := r.Method + " /" + strings.Join(parts, "/")
	f.mu.Lock()
	f.asked[what]++
	lie := f.lie
	f.mu.Unlock()
	if lie != nil && lie(w, r, body) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "token "+fakeKey:
		refuse(w, 401, "GeneralException", "Invalid credential")
	case !under || what == "GET /nosuch":
		refuse(w, 404, "GeneralException", "Route not found")
	case len(body) > 0 && r.Header.Get("Content-Type") != "application/json":
		refuse(w, 400, "InputException", "Error parsing request")
	case parts[0] == "agents":
		f.serveAgents(w, what, id, body)
	case parts[0] == "conversations":
		f.serveConversations(w, r, what, id, body)
	case what == "GET /roles":
		succeed(w, slices.Collect(maps.Values(f.roles)))
	case what == "GET /teams/compact":
		succeed(w, f.teamsOf(slices.Collect(maps.Keys(f.teams))))
	case what == "GET /inboxes":
		succeed(w, []object{{"id": 1, "name": "Support", "channel": "email"}, {"id": 2, "name": "Sales", "channel": "email"}})
	case what == "GET /statuses":
		succeed(w, f.statuses)
	case what == "GET /settings/general":
		succeed(w, object{"app.site_name": "Fake", "app.version": "v1.0.3"})
	default:
		f.t.Errorf("unexpected request %s", what)
		refuse(w, 404, "GeneralException", "Route not found")
	}
}

func (f *fakeLibredesk) teamsOf(ids []int64) []object {
	out := []object{}
	for _, id := range ids {
		out = append(out, object{"id": id, "name": f.teams[id], "emoji": nil})
	}
	return out
}

// show shows an agent as GET /agents/N does; whole is false for a list.
func (f *fakeLibredesk) show(a *fakeAgent, whole bool) object {
	out := object{"id": a.ID, "type": "agent", "first_name": a.First, "last_name": a.Last, "email": a.Email, "enabled": a.Enabled, "updated_at": a.UpdatedAt}
	if !whole {
		return out
	}
	var roles, permissions []string
	for _, id := range a.Roles {
		roles = append(roles, f.roles[id]["name"].(string))
		permissions = append(permissions, f.roles[id]["permissions"].([]string)...)
	}
	out["roles"], out["permissions"], out["teams"], out["availability_status"], out["api_key"] = roles, permissions, f.teamsOf(a.Teams), a.Availability, nil
	out["last_login_at"], out["last_active_at"] = a.LastLogin, a.LastLogin
	if a.Key != "" {
		out["api_key"] = a.Key
	}
	return out
}

func (f *fakeLibredesk) rolesNamed(names []string) (ids []int64) {
	for id, r := range f.roles {
		if slices.Contains(names, r["name"].(string)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (f *fakeLibredesk) teamsNamed(names []string) (ids []int64) {
	for id, name := range f.teams {
		if slices.Contains(names, name) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (f *fakeLibredesk) serveAgents(w http.ResponseWriter, what, id string, body []byte) {
	n, _ := strconv.ParseInt(id, 10, 64)
	a := f.agents[n]
	if a != nil && a.Deleted {
		a = nil
	}
	var in struct {
		First        string    `json:"first_name"`
		Last         string    `json:"last_name"`
		Email        string    `json:"email"`
		Roles        *[]string `json:"roles"`
		Teams        []string  `json:"teams"`
		Enabled      bool      `json:"enabled"`
		Availability string    `json:"availability_status"`
	}
	if what == "POST /agents" || what == "PUT /agents/N" {
		if json.Unmarshal(body, &in) != nil || in.Roles == nil || in.First == "" {
			refuse(w, 400, "InputException", "Empty `role`")
			return
		}
		in.Email = strings.ToLower(strings.TrimSpace(in.Email))
		if address, err := mail.ParseAddress(in.Email); err != nil || address.Address != in.Email {
			refuse(w, 400, "InputException", "Invalid `email`")
			return
		}
		if what == "PUT /agents/N" && a == nil {
			refuse(w, 404, "NotFoundException", "User not found")
			return
		}
		for _, other := range f.agents {
			if !other.Deleted && other.Email == in.Email && other.ID != n {
				refuse(w, 500, "GeneralException", "User with same email already exists")
				return
			}
		}
	}
	switch {
	case what == "GET /agents/me":
		succeed(w, f.show(f.agents[2], true))
	case what == "GET /agents":
		var out []object
		for _, id := range slices.Sorted(maps.Keys(f.agents)) {
			if o := f.agents[id]; !o.Deleted && o.Email != systemEmail {
				out = append(out, f.show(o, false))
			}
		}
		succeed(w, out)
	case what == "POST /agents":
		a = f.hire(in.First, in.Email, f.rolesNamed(*in.Roles)...)
		if a.First, a.Last = in.First, in.Last; len(a.Roles) == 0 { // it is there all the same
			refuse(w, 500, "GeneralException", "Error creating User")
			return
		}
		a.Teams = f.teamsNamed(in.Teams)
		succeed(w, f.show(a, true))
	case what == "DELETE /agents/N": // also of one that is gone
		if a != nil {
			a.Deleted, a.Roles, a.Teams = true, nil, nil
			for _, c := range f.conversations {
				if c.User == n && c.Status != "Resolved" && c.Status != "Closed" {
					c.User = 0
				}
			}
		}
		succeed(w, true)
	case a == nil:
		refuse(w, 404, "NotFoundException", "User not found")
	case what == "GET /agents/N":
		succeed(w, f.show(a, true))
	case what == "DELETE /agents/N/api-key":
		a.Key = ""
		succeed(w, true)
	case what == "PUT /agents/N":
		if !slices.Contains([]string{"online", "away", "away_manual", offline, reassigning}, in.Availability) {
			refuse(w, 500, "GeneralException", "Error updating User")
			return
		}
		a.First, a.Last, a.Email, a.Enabled, a.Availability, a.UpdatedAt = in.First, in.Last, in.Email, in.Enabled, in.Availability, time.Now()
		a.Roles, a.Teams = f.rolesNamed(*in.Roles), f.teamsNamed(in.Teams)
		succeed(w, f.show(a, true))
	default:
		f.t.Errorf("unexpected request %s", what)
	}
}

func (f *fakeLibredesk) showConversation(c *fakeConversation, whole bool) object {
	out := object{"uuid": c.UUID, "inbox_name": cmp.Or(c.Inbox, "Support"), "status": c.Status}
	if whole || f.newer {
		for key, n := range map[string]int64{"assigned_user_id": c.User, "assigned_team_id": c.Team} {
			if out[key] = nil; n != 0 {
				out[key] = n
			}
		}
	}
	return out
}

func (f *fakeLibredesk) serveConversations(w http.ResponseWriter, r *http.Request, what, id string, body []byte) {
	if what == "GET /conversations/all" {
		f.listConversations(w, r)
		return
	}
	i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return c.UUID == id })
	switch {
	case i < 0 && len(id) != 36:
		refuse(w, 500, "GeneralException", "Error fetching Conversation")
		return
	case i < 0:
		refuse(w, 404, "NotFoundException", "Conversation not found")
		return
	}
	c := f.conversations[i]
	var to struct {
		ID int64 `json:"assignee_id"`
	}
	_ = json.Unmarshal(body, &to) // none is none
	switch what {
	case "GET /conversations/N":
		succeed(w, f.showConversation(c, true))
		return
	case "PUT /conversations/N/assignee/user":
		if f.agents[to.ID] == nil {
			refuse(w, 500, "GeneralException", "Error updating Conversation")
			return
		}
		c.User = to.ID // also somebody who is disabled, or sees nothing
	case "PUT /conversations/N/assignee/user/remove":
		c.User = 0
	case "PUT /conversations/N/assignee/team":
		if f.teams[to.ID] == "" {
			refuse(w, 404, "NotFoundException", "Team not found")
			return
		}
		if c.Team != to.ID {
			c.Team, c.User = to.ID, 0
		}
	default:
		f.t.Errorf("unexpected request %s", what)
	}
	succeed(w, true)
}

func (f *fakeLibredesk) listConversations(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	n, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("page_size"))
	var filters []struct{ Model, Field, Operator, Value string }
	if json.Unmarshal([]byte(q.Get("filters")), &filters) != nil || n < 1 || size < 1 || size > 100 || q.Get("order_by") != "conversations.created_at" {
		refuse(w, 500, "GeneralException", "Error fetching Conversation")
		return
	}
	hits := []object{}
	for _, c := range f.conversations {
		status, in := slices.IndexFunc(f.statuses, func(s object) bool { return s["name"] == c.Status })+1, true
		for _, filter := range filters {
			switch filter.Model + "." + filter.Field + " " + filter.Operator {
			case "conversations.assigned_user_id equals":
				in = in && filter.Value == fmt.Sprint(c.User) && c.User != 0
			case "conversations.status_id in":
				var ids []string
				in = json.Unmarshal([]byte(filter.Value), &ids) == nil && in && slices.Contains(ids, strconv.Itoa(status))
			default:
				refuse(w, 500, "GeneralException", "Error fetching Conversation")
				return
			}
		}
		if in {
			hits = append(hits, f.showConversation(c, false))
		}
	}
	from := min((n-1)*size, len(hits))
	succeed(w, object{"results": hits[from:min(from+size, len(hits))], "total": len(hits), "per_page": size, "page": n})
}

// converse opens conversations of the team Support Agents.
func (f *fakeLibredesk) converse(assignee provision.DeskUserID, n int) (ids []string) {
	user, _ := strconv.ParseInt(string(assignee), 10, 64)
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		x := fmt.Sprintf("%x", rand.Text())[:32]
		c := &fakeConversation{UUID: x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], User: user, Team: support, Status: "Open"}
		f.conversations, ids = append(f.conversations, c), append(ids, c.UUID)
	}
	return ids
}

func (f *fakeLibredesk) connect(pairs ...string) *libredesk {
	f.t.Helper()
	return connectTo(f.t, f.URL, fakeKey, pairs...)
}

// fakeHarness is the suite's view of a fake.
func fakeHarness(f *fakeLibredesk) desktest.Harness {
	return desktest.Harness{
		Desk:  func(*testing.T) desk.Desk { return f.connect(catalogueOfTests...) },
		Teams: [2]string{"Support Agents", "Billing Agents"},
		MakeUser: func(_ *testing.T, name, email string) provision.DeskUserID {
			return locked(f, func() provision.DeskUserID {
				return provision.DeskUserID(strconv.FormatInt(f.hire(name, email, 4).ID, 10))
			})
		},
		Converse:   func(_ *testing.T, assignee provision.DeskUserID, n int) []string { return f.converse(assignee, n) },
		Unassigned: desk.Assignee{Team: "Support Agents"},
		Elsewhere:  "Sales",
		Move: func(_ *testing.T, conversation string) {
			locked(f, func() bool {
				i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return c.UUID == conversation })
				f.conversations[i].Inbox = "Sales"
				return true
			})
		},
		Assignee: func(_ *testing.T, conversation string) desk.Assignee {
			return locked(f, func() desk.Assignee {
				i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return c.UUID == conversation })
				if c := f.conversations[i]; c.User == 0 {
					return desk.Assignee{Team: f.teams[c.Team]}
				}
				return desk.Assignee{User: provision.DeskUserID(strconv.FormatInt(f.conversations[i].User, 10))}
			})
		},
	}
}

func TestContractOnFake(t *testing.T) {
	for _, newer := range []bool{false, true} {
		t.Run(cmp.Or(map[bool]string{true: "newer"}[newer], "1.0"), func(t *testing.T) {
			f := newFake(t)
			if f.newer = newer; newer {
				for i, category := range []string{"open", "waiting", "resolved", "resolved"} {
					f.statuses[i]["category"] = category
				}
			}
			desktest.Run(t, fakeHarness(f))
		})
	}
}

// TestContractBehindFaults runs the suite with every call made twice.
func TestContractBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, fakeHarness(newFake(t))) }
