package zammad

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
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	fakeToken = "vR3tYq0aZk8XbN5cWm1LpUe7"
	fakeMark  = "deskbridge"
)

type object = map[string]any

// fakeUser is a row of the table of users. Groups are as they are stored, whether
// they are shown or not.
type fakeUser struct {
	ID                        int64
	Login, Email, First, Last string
	Phone, Mark               string
	Active                    bool
	Roles                     []int64
	Groups                    access
	Away                      bool
	AwayFrom, AwayUntil       string
	Replacement               int64
	Preferences               string // which nobody here may change
}

type fakeTicket struct {
	ID, Owner, Group, State, Customer int64
}

type fakeTask struct {
	user  int64
	state string
	looks int // before it is done
}

// fake is a Zammad as its source describes it, and stricter: a request that it
// would misunderstand without a word is an error of the test.
type fake struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	users   []*fakeUser
	roles   []object
	groups  []object
	tickets []*fakeTicket
	tasks   []*fakeTask
	asked   []string // "METHOD path" of requests
	last    int64    // number that was given to a user

	old       bool // a release that knows no conditions, and tells no totals
	unmarked  bool // users have no attribute for our external id
	shared    bool // addresses may be given to several users
	weak      bool // the token lacks admin.user
	seats     int  // agents that there may be; 0: any number
	cap       int  // users on a page at most
	lazy      int  // how often a deletion is looked at before it is done
	fails     bool // deletions do
	intercept func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, cap: 500, roles: []object{
		{"id": 1, "name": "Admin", "active": true, "default_at_signup": false, "permissions": []string{"admin", "user_preferences"}, "group_ids": access{}},
		{"id": 2, "name": "Agent", "active": true, "default_at_signup": false, "permissions": []string{"ticket.agent", "user_preferences", "chat.agent"}, "group_ids": access{}},
		{"id": 3, "name": "Customer", "active": true, "default_at_signup": true, "permissions": []string{"ticket.customer", "user_preferences.password"}, "group_ids": access{}},
		{"id": 4, "name": "Editor", "active": true, "default_at_signup": false, "permissions": []string{"knowledge_base.editor"}, "group_ids": access{}},
		{"id": 5, "name": "Second Level", "active": true, "default_at_signup": false, "permissions": []string{"ticket.agent"}, "group_ids": access{3: {"full"}}},
	}, groups: []object{
		{"id": 1, "name": "Support", "active": true}, {"id": 2, "name": "Billing", "active": true}, {"id": 3, "name": "Sales::Europe", "active": true}, {"id": 4, "name": "Old", "active": false},
	}}
	f.add("-", "", 0).Active = false
	f.users[0].Roles, f.users[0].Login, f.users[0].Last = nil, "-", ""
	f.add("Bridge", "deskbridge@example.test", 1, 2).Groups = access{1: {"full"}, 2: {"full"}, 3: {"full"}}
	f.add("Nicole", "nicole@example.test", 3)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// add makes a user past the API, as an admin does by hand.
func (f *fake) add(first, email string, roles ...int64) *fakeUser {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	u := &fakeUser{ID: f.last, Login: strings.ToLower(email), Email: strings.ToLower(email), First: first, Last: "Handmade", Active: true, Roles: roles, Groups: access{}, Preferences: "theirs"}
	f.users = append(f.users, u)
	return u
}

func (f *fake) user(id int64) *fakeUser {
	if i := slices.IndexFunc(f.users, func(u *fakeUser) bool { return u.ID == id }); i >= 0 {
		return f.users[i]
	}
	return nil
}

// may reports whether a user's roles have a permission.
func (f *fake) may(u *fakeUser, permission string) bool {
	return slices.ContainsFunc(f.roles, func(r object) bool {
		return slices.Contains(u.Roles, int64(r["id"].(int))) && r["active"] == true && slices.ContainsFunc(r["permissions"].([]string), func(p string) bool {
			return p == permission || strings.HasPrefix(permission, p+".")
		})
	})
}

// owns is Zammad's own rule of who may own a ticket of a group.
func (f *fake) owns(u *fakeUser, group int64) bool {
	byRole := slices.ContainsFunc(f.roles, func(r object) bool {
		return slices.Contains(u.Roles, int64(r["id"].(int))) && slices.Contains(r["group_ids"].(access)[group], "full")
	})
	return u.Active && f.may(u, "ticket.agent") && (byRole || slices.Contains(u.Groups[group], "full"))
}

// show shows a user as the API does.
func (f *fake) show(u *fakeUser) object {
	groups := access{}
	if u.Active && f.may(u, "ticket.agent") {
		for id, levels := range u.Groups {
			if id != 4 { // which is inactive
				groups[id] = levels
			}
		}
	}
	out := object{"id": u.ID, "login": u.Login, "email": u.Email, "firstname": u.First, "lastname": u.Last, "phone": u.Phone, "active": u.Active,
		"role_ids": append([]int64{}, u.Roles...), "group_ids": groups, "out_of_office": u.Away, "out_of_office_start_at": nil, "out_of_office_end_at": nil,
		"out_of_office_replacement_id": nil, "preferences": object{"notes": u.Preferences}, "last_login": nil, "organization_id": nil, "note": ""}
	if u.AwayFrom != "" {
		out["out_of_office_start_at"], out["out_of_office_end_at"], out["out_of_office_replacement_id"] = u.AwayFrom, u.AwayUntil, u.Replacement
	}
	if !f.unmarked {
		if out[fakeMark] = nil; u.Mark != "" {
			out[fakeMark] = u.Mark
		}
	}
	return out
}

// reply is an answer.
type reply struct {
	status int
	body   any
}

func refused(words string) reply { return reply{422, object{"error": words, "error_human": words}} }
func missing(what, id any) reply {
	return reply{404, object{"error": fmt.Sprintf("Couldn't find %s with 'id'=%v", what, id)}}
}
func forbidden() reply             { return reply{403, object{"error": "Not authorized"}} }
func done(status int, b any) reply { return reply{status, b} }

// ServeHTTP answers as Zammad does.
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
	path, under := strings.CutPrefix(r.URL.Path, "/api/v1")
	f.asked = append(f.asked, r.Method+" "+path)
	var in object
	if len(body) > 0 && (json.Unmarshal(body, &in) != nil || r.Header.Get("Content-Type") != "application/json") {
		f.t.Errorf("%s %s: no JSON: %s", r.Method, path, body)
	}
	a := reply{404, object{"error": fmt.Sprintf("No route matches [%s] %s", r.Method, r.URL.Path)}}
	switch {
	case r.Header.Get("Authorization") != "Token token="+fakeToken:
		a = reply{401, object{"error": "Invalid BasicAuth credentials"}}
	case under:
		a = f.route(r, path, in, a)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func (f *fake) route(r *http.Request, path string, in object, none reply) reply {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var id int64
	if len(parts) == 2 {
		id, _ = strconv.ParseInt(parts[1], 10, 64)
	}
	if r.Method == "GET" {
		f.work()
	}
	switch what := r.Method + " " + parts[0]; {
	case path == "/users/me":
		return done(200, f.show(f.users[1]))
	case path == "/users/recent":
		if f.weak {
			return forbidden()
		}
		return done(200, []object{})
	case path == "/users/search" && r.Method == "POST":
		return f.search(in, "user", func(match func(object) bool) []object { return f.shown(match) })
	case path == "/tickets/search" && r.Method == "POST":
		return f.search(in, "ticket", f.shownTickets)
	case what == "GET users" && id == 0:
		return f.page(r, f.shown(func(object) bool { return true }), f.cap)
	case what == "GET roles" && id == 0:
		return f.page(r, f.roles, 500)
	case what == "GET groups" && id == 0:
		return f.page(r, f.groups, 500)
	case path == "/object_manager_attributes":
		return done(200, []object{{"object": "Ticket", "name": fakeMark, "active": true}, {"object": "User", "name": "note", "active": true}})
	case what == "GET ticket_states":
		var states []object
		for i, name := range []string{"new", "open", "pending reminder", "closed", "merged", "pending close", "on hold"} {
			types := map[string]string{"pending close": "pending action", "on hold": "open"}
			states = append(states, object{"id": i + 1, "name": name, "state_type": first(types[name], name)})
		}
		return f.page(r, states, 500)
	case what == "POST users":
		return f.create(in)
	case what == "GET users" || what == "PUT users":
		u := f.user(id)
		if u == nil {
			return missing("User", parts[1])
		}
		if r.Method == "PUT" {
			return f.update(u, in)
		}
		return done(200, f.show(u))
	case what == "GET tickets" || what == "PUT tickets":
		i := slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return t.ID == id && f.owns(f.users[1], t.Group) })
		if i < 0 {
			return missing("Ticket", parts[1])
		}
		if r.Method == "PUT" {
			f.change(f.tickets[i], in)
		}
		return done(200, showTicket(f.tickets[i]))
	case what == "POST data_privacy_tasks":
		return f.erase(in)
	case what == "GET data_privacy_tasks" && id > 0 && int(id) <= len(f.tasks):
		return done(200, object{"id": id, "state": f.tasks[id-1].state, "deletable_type": "User"})
	}
	f.t.Errorf("unexpected request %s %s", r.Method, path)
	return none
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (f *fake) shown(match func(object) bool) (out []object) {
	for _, u := range f.users {
		if shown := f.show(u); match(shown) {
			out = append(out, shown)
		}
	}
	return out
}

func showTicket(t *fakeTicket) object {
	return object{"id": t.ID, "owner_id": t.Owner, "group_id": t.Group, "state_id": t.State, "customer_id": t.Customer, "title": "?"}
}

// shownTickets are those of groups that the service account has access to.
func (f *fake) shownTickets(match func(object) bool) (out []object) {
	for _, t := range f.tickets {
		if shown := showTicket(t); f.owns(f.users[1], t.Group) && match(shown) {
			out = append(out, shown)
		}
	}
	return out
}

func window[E any](all []E, n, size int) []E {
	from := min(max(n-1, 0)*size, len(all))
	return append([]E{}, all[from:min(from+size, len(all))]...)
}

func (f *fake) page(r *http.Request, all []object, most int) reply {
	q := r.URL.Query()
	n, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("per_page"))
	for key := range q {
		if !slices.Contains([]string{"page", "per_page", "expand"}, key) {
			f.t.Errorf("%s does not know the parameter %s", r.URL.Path, key)
		}
	}
	if n < 1 || size < 1 {
		f.t.Errorf("%s without pages", r.URL.Path)
	}
	return done(200, window(all, n, min(size, most)))
}

// search answers a search by condition. An old release takes it for one without words,
// and shows the newest of all.
func (f *fake) search(in object, what string, all func(func(object) bool) []object) reply {
	raw, _ := in["condition"].(object)
	for key := range in {
		if !slices.Contains([]string{"condition", "page", "per_page", "sort_by", "order_by", "with_total_count", "expand"}, key) {
			f.t.Errorf("a search does not know %s", key)
		}
	}
	n, size := int(in["page"].(float64)), min(int(in["per_page"].(float64)), 200)
	if f.old {
		if what == "user" {
			return done(200, window(all(func(object) bool { return true }), n, size))
		}
		return done(200, window(all(f.matches(raw, what)), n, size))
	}
	hits := all(f.matches(raw, what))
	records := window(hits, n, size)
	if in["with_total_count"] != true {
		return done(200, records)
	}
	return done(200, object{"records": records, "total_count": len(hits)})
}

// matches reports of an object whether it fulfils a condition.
func (f *fake) matches(of object, what string) func(object) bool {
	return func(shown object) bool {
		for key, raw := range of {
			name, right := strings.CutPrefix(key, what+".")
			selector, _ := raw.(object)
			values, _ := selector["value"].([]any)
			field, there := shown[name]
			if !right || selector["operator"] != "is" || len(selector) != 2 || !there {
				f.t.Errorf("condition %s %v", key, raw)
			}
			if !slices.ContainsFunc(values, func(v any) bool {
				if ids, several := field.([]int64); several {
					return slices.ContainsFunc(ids, func(id int64) bool { return fmt.Sprint(id) == v })
				}
				return fmt.Sprint(field) == v
			}) {
				return false
			}
		}
		return true
	}
}

// writable are the attributes that a user may be given here.
var writable = []string{"firstname", "lastname", "email", "phone", "active", "role_ids", "group_ids", "invite", fakeMark,
	"out_of_office", "out_of_office_start_at", "out_of_office_end_at", "out_of_office_replacement_id"}

func (f *fake) create(in object) reply {
	u := &fakeUser{ID: f.last + 1, Active: true, Groups: access{}, Roles: []int64{3}}
	if a := f.write(u, in); a.status != 0 {
		return a
	}
	f.last++
	f.users = append(f.users, u)
	return done(201, f.show(u))
}

func (f *fake) update(u *fakeUser, in object) reply {
	if u.ID == 1 {
		f.t.Error("Zammad's own user is written to")
	}
	before := *u
	before.Roles, before.Groups = slices.Clone(u.Roles), maps.Clone(u.Groups)
	if a := f.write(u, in); a.status != 0 {
		*u = before
		return a
	}
	for _, t := range f.tickets { // who has lost a group owns nothing there that is open
		if t.Owner == u.ID && t.State != 4 && u.Active && !f.owns(u, t.Group) {
			t.Owner = 1
		}
	}
	return done(200, f.show(u))
}

// write puts attributes into a user; what the token may not write is left out.
func (f *fake) write(u *fakeUser, in object) reply {
	wasAgent := u.Active && len(u.Login) > 0 && f.may(u, "ticket.agent")
	for key, value := range in {
		if !slices.Contains(writable, key) {
			f.t.Errorf("users have no attribute %s", key)
		}
		switch key {
		case "firstname":
			u.First = strings.TrimSpace(value.(string))
		case "lastname":
			u.Last = strings.TrimSpace(value.(string))
		case "phone":
			u.Phone = value.(string)
		case "active":
			u.Active = value.(bool)
		case fakeMark:
			if !f.unmarked {
				u.Mark = value.(string)
			}
		case "out_of_office":
			u.Away = value.(bool)
		case "out_of_office_start_at":
			u.AwayFrom = value.(string)
		case "out_of_office_end_at":
			u.AwayUntil = value.(string)
		case "out_of_office_replacement_id":
			u.Replacement = int64(value.(float64))
		case "role_ids":
			if f.weak {
				continue
			}
			u.Roles = nil
			for _, id := range value.([]any) {
				if id.(float64) > float64(len(f.roles)) {
					return refused(fmt.Sprintf("No value found for 'roles' with id %v", id))
				}
				u.Roles = append(u.Roles, int64(id.(float64)))
			}
		case "group_ids":
			if f.weak {
				continue
			}
			raw, _ := json.Marshal(value)
			stored := access{}
			if json.Unmarshal(raw, &stored) != nil {
				f.t.Errorf("group_ids %s", raw)
			}
			if !u.Active && len(u.Groups) > len(stored) {
				f.t.Errorf("the groups of an inactive user are written: %v, were %v", stored, u.Groups)
			}
			u.Groups = stored
		case "email":
			email := strings.ToLower(strings.TrimSpace(value.(string)))
			if !f.shared && slices.ContainsFunc(f.users, func(o *fakeUser) bool { return o.ID != u.ID && o.Email == email }) {
				return refused(fmt.Sprintf("Email address '%s' is already used for another user.", email))
			}
			if u.Login == u.Email {
				u.Login = email
			}
			u.Email = email
		}
	}
	if len([]rune(u.First)) > 100 || len([]rune(u.Last)) > 100 || len([]rune(u.Phone)) > 100 || u.First == "" && u.Last == "" {
		return refused("value too long for type character varying(100)")
	}
	if u.Last == "" || u.First == "" { // as Zammad guesses names
		name := u.First + u.Last
		if i := strings.IndexAny(name, " \u00a0"); i > 0 {
			u.First, u.Last = name[:i], strings.TrimSpace(name[i:])
		}
		if name == strings.ToUpper(name) && name != strings.ToLower(name) {
			u.First = strings.ToUpper(name[:1]) + strings.ToLower(name[1:])
		}
	}
	if u.Away && (u.Replacement == 0 || u.AwayFrom == "" || u.AwayFrom > u.AwayUntil || f.user(u.Replacement) == nil) {
		return refused("Out of Office start date has to be earlier than or equal to end date")
	}
	agents := 0
	for _, o := range f.users {
		if o.ID != u.ID && o.Active && f.may(o, "ticket.agent") {
			agents++
		}
	}
	if f.seats > 0 && u.Active && f.may(u, "ticket.agent") && !wasAgent && agents >= f.seats {
		return refused("Agent limit exceeded, please check your account settings.")
	}
	if !slices.ContainsFunc(append(f.users, u), func(o *fakeUser) bool { return o.Active && f.may(o, "admin.user") }) {
		return refused("At least one user needs to have admin permissions.")
	}
	return reply{}
}

// change writes to a ticket. An owner who may not own it is nobody, whoever asks
// for what.
func (f *fake) change(t *fakeTicket, in object) {
	for key, value := range in {
		switch key {
		case "owner_id":
			t.Owner = int64(value.(float64))
		case "group_id":
			t.Group = int64(value.(float64))
		default:
			f.t.Errorf("a ticket is given %s", key)
		}
	}
	if owner := f.user(t.Owner); t.State != 4 && (owner == nil || !f.owns(owner, t.Group)) {
		t.Owner = 1
	}
}

func (f *fake) erase(in object) reply {
	id := int64(in["deletable_id"].(float64))
	switch u := f.user(id); {
	case in["deletable_type"] != "User" || len(in) != 2:
		f.t.Errorf("a task %v", in)
	case u == nil:
		return missing("User", id)
	case id <= 2:
		return refused("It is not possible to delete your current account.")
	case slices.ContainsFunc(f.tasks, func(t *fakeTask) bool { return t.user == id && t.state != "failed" }):
		return refused("Selected object is already queued for deletion.")
	}
	f.tasks = append(f.tasks, &fakeTask{user: id, state: "in process", looks: f.lazy})
	return done(201, object{"id": len(f.tasks), "state": "in process", "preferences": object{"owner_tickets": []string{}}})
}

// work works tasks off.
func (f *fake) work() {
	for _, t := range f.tasks {
		if t.state != "in process" {
			continue
		}
		if t.looks--; t.looks >= 0 {
			continue
		}
		if t.state = "completed"; f.fails {
			t.state = "failed"
			continue
		}
		f.users = slices.DeleteFunc(f.users, func(u *fakeUser) bool { return u.ID == t.user })
		f.tickets = slices.DeleteFunc(f.tickets, func(c *fakeTicket) bool { return c.Customer == t.user })
		for _, c := range f.tickets {
			if c.Owner == t.user {
				c.Owner = 1
			}
		}
	}
}

// converse opens tickets of the group Support.
func (f *fake) converse(owner provision.DeskUserID, n int) (ids []string) {
	id, _ := strconv.ParseInt(string(owner), 10, 64)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		t := &fakeTicket{ID: int64(len(f.tickets)*3 + 7), Owner: id, Group: 1, State: int64(1 + i%3), Customer: 3}
		f.tickets, ids = append(f.tickets, t), append(ids, number(t.ID))
	}
	return ids
}

func (f *fake) connect(t *testing.T, pairs ...string) *zammad { return connect(t, f.URL, pairs...) }

// connect returns a connector that keeps our external id, with settings besides.
func connect(t *testing.T, address string, pairs ...string) *zammad {
	t.Helper()
	s := map[string]string{"external_id_attribute": fakeMark}
	for i := 0; i < len(pairs); i += 2 {
		s[pairs[i]] = pairs[i+1]
	}
	maps.DeleteFunc(s, func(_, value string) bool { return value == "" })
	d, err := New(provision.Desk{URL: address, Secret: fakeToken, Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	z := d.(*zammad)
	z.patience = kit.Patience{First: time.Millisecond, Most: time.Millisecond, Looks: 3}
	return z
}

// harness is the suite's view of a fake.
func (f *fake) harness(pairs ...string) desktest.Harness {
	return desktest.Harness{
		Desk:  func(t *testing.T) desk.Desk { return f.connect(t, pairs...) },
		Teams: [2]string{"Support", "Billing"},
		MakeUser: func(_ *testing.T, name, email string) provision.DeskUserID {
			return provision.DeskUserID(number(f.add(name, email, 2).ID))
		},
		Converse:   func(_ *testing.T, owner provision.DeskUserID, n int) []string { return f.converse(owner, n) },
		Unassigned: desk.Assignee{Team: "Support"},
		Elsewhere:  "Billing",
		Move: func(_ *testing.T, conversation string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			i := slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return number(t.ID) == conversation })
			f.tickets[i].Group = 2
		},
		Read: func(_ *testing.T, id provision.DeskUserID) *provision.DeskUser {
			f.mu.Lock()
			defer f.mu.Unlock()
			n, _ := strconv.ParseInt(string(id), 10, 64)
			u := f.user(n)
			if u == nil {
				return nil
			}
			role := provision.RoleNone
			switch {
			case f.may(u, "admin.user"):
				role = provision.RoleAdmin
			case f.may(u, "ticket.agent"):
				role = provision.RoleAgent
			case slices.Contains(u.Roles, 4):
				role = provision.RoleLimited
			}
			return &provision.DeskUser{ID: id, Email: u.Email, DisplayName: people.ShownName(u.First, u.Last), Active: u.Active, Role: role}
		},
		Assignee: func(_ *testing.T, conversation string) desk.Assignee {
			f.mu.Lock()
			defer f.mu.Unlock()
			i := slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return number(t.ID) == conversation })
			if t := f.tickets[i]; t.Owner > 1 {
				return desk.Assignee{User: provision.DeskUserID(number(t.Owner))}
			}
			return desk.Assignee{Team: f.groups[f.tickets[i].Group-1]["name"].(string)}
		},
	}
}

func TestConnector(t *testing.T) {
	for name, edit := range map[string]func(*fake) []string{
		"a release of today":           func(*fake) []string { return []string{"limited_role", "Editor"} },
		"a release without conditions": func(f *fake) []string { f.old, f.cap = true, 7; return nil },
		"no external id":               func(f *fake) []string { f.unmarked = true; return []string{"external_id_attribute", ""} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			desktest.Run(t, f.harness(edit(f)...))
		})
	}
}

// TestConnectorBehindFaults runs the suite with every call made twice.
func TestConnectorBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, newFake(t).harness()) }
