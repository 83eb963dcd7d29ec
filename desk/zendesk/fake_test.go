package zendesk

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const fakeToken = "bridge@desk.example.test/token:0123456789abcdefABCDEF0123456789"

type object = map[string]any

// fakeUser is a user of a fake Zendesk.
type fakeUser struct {
	ID, CustomRole, Default     int64
	Name, Phone, External, Role string
	Deleted, Erased, Suspended  bool
	RoleType                    any
	ChatOnly, Shared            bool
	Identities                  []*fakeIdentity
	updates                     int // late changes
}

type fakeIdentity struct {
	ID                int64
	Value             string
	Primary, Verified bool
}

// fakeMembership is one of a user in a group.
type fakeMembership struct{ ID, User, Group int64 }

type fakeTicket struct {
	ID, Assignee, Group int64
	Status              string
}

// fakeZendesk is as strict as the documentation: see the page in docs/desks. Where
// lie says so, it does not do what it answers.
type fakeZendesk struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	last    int64
	users   map[int64]*fakeUser
	groups  map[int64]string
	members []*fakeMembership
	tickets []*fakeTicket
	roles   []object
	jobs    map[string]*fakeJob
	seats   int            // 0: no limit
	limit   int            // changes of a user before it is one too many; 0: none
	unsorts bool           // lists of tickets are not sorted as asked
	doubts  bool           // an address that was changed has still to be verified
	behind  map[int64]bool // users that the index does not know yet
	asking  map[int64]bool // requesters of open tickets
	asked   map[string]int // by method and path, with N for a number
	lie     func(w http.ResponseWriter, r *http.Request, body []byte) bool
}

// fakeJob ends when it has been looked at a few times, and does its work then.
type fakeJob struct {
	looks int
	work  func()
	ends  string
}

const (
	everybody, support, billing int64 = 501, 502, 503
	reader, lead, light         int64 = 801, 802, 803
)

func newFake(t *testing.T) *fakeZendesk {
	t.Helper()
	f := &fakeZendesk{t: t, last: 1000, users: map[int64]*fakeUser{}, jobs: map[string]*fakeJob{}, asked: map[string]int{}, behind: map[int64]bool{}, asking: map[int64]bool{},
		groups: map[int64]string{everybody: "Everybody", support: "Support", billing: "Billing"},
		roles:  []object{{"id": reader, "name": "Reader", "role_type": 0}, {"id": lead, "name": "Lead", "role_type": 0}, {"id": light, "name": "Light agent", "role_type": 1}},
	}
	f.hire("Deskbridge", "bridge@desk.example.test", admin)
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeZendesk) number() int64 { f.last++; return f.last }

// hire adds a user; the caller holds the lock, or is alone.
func (f *fakeZendesk) hire(name, email, role string) *fakeUser {
	u := &fakeUser{ID: f.number(), Name: name, Role: role, RoleType: map[string]any{agent: 0, admin: 4}[role]}
	if email != "" {
		u.Identities = []*fakeIdentity{{f.number(), email, true, true}}
	}
	f.users[u.ID] = u
	if role != endUser {
		f.enter(u, everybody)
	}
	return u
}

func (f *fakeZendesk) enter(u *fakeUser, group int64) *fakeMembership {
	m := &fakeMembership{f.number(), u.ID, group}
	f.members = append(f.members, m)
	if u.Default == 0 {
		u.Default = group
	}
	return m
}

func (u *fakeUser) email() any {
	for _, i := range u.Identities {
		if i.Primary {
			return i.Value
		}
	}
	return nil
}

// holder returns who has an address, primary or not.
func (f *fakeZendesk) holder(email string) *fakeUser {
	for _, u := range f.users {
		if slices.ContainsFunc(u.Identities, func(i *fakeIdentity) bool { return strings.EqualFold(i.Value, email) }) {
			return u
		}
	}
	return nil
}

func locked[T any](f *fakeZendesk, look func() T) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return look()
}

func (f *fakeZendesk) count(what string) int { return locked(f, func() int { return f.asked[what] }) }

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // a client that has gone is part of some tests
	}
}

func missing(w http.ResponseWriter) {
	say(w, 404, object{"error": "RecordNotFound", "description": "Not found"})
}

func invalid(w http.ResponseWriter, field, code, words string) {
	say(w, 422, object{"error": "RecordInvalid", "description": "Record validation errors", "details": object{field: []object{{"error": code, "description": words}}}})
}

// request is one under way.
type request struct {
	w     http.ResponseWriter
	what  string // method and path, with N for a number
	ids   []int64
	query url.Values
	body  map[string]object
}

func (f *fakeZendesk) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	path, under := strings.CutPrefix(r.URL.Path, "/api/v2")
	q := &request{w: w, query: r.URL.Query()}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if id, err := strconv.ParseInt(part, 10, 64); err == nil {
			q.ids, parts[i] = append(q.ids, id), "N"
		} else if strings.HasPrefix(part, "job-") {
			parts[i] = "J"
			q.query.Set("job", part)
		}
	}
	q.what = r.Method + " " + strings.Join(parts, "/")
	f.mu.Lock()
	f.asked[q.what]++
	lie := f.lie
	f.mu.Unlock()
	if lie != nil && lie(w, r, body) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	user, token, _ := r.BasicAuth()
	switch {
	case user+":"+token != fakeToken && r.Header.Get("Authorization") != "Bearer "+strings.Repeat("o", 40):
		say(w, 401, object{"error": "Couldn't authenticate you"})
	case !under:
		say(w, 404, object{"error": "InvalidEndpoint", "description": "Not found"})
	case len(body) > 0 && (r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &q.body) != nil):
		say(w, 400, object{"error": "InvalidJson"})
	default:
		f.answer(q)
	}
}

func (f *fakeZendesk) answer(q *request) {
	for key := range q.query {
		if !slices.Contains(map[string][]string{
			"GET /users": {"role[]", "page[size]", "page[after]"}, "GET /users/search": {"query", "external_id", "page", "per_page"},
			"GET /users/N/tickets/assigned": {"sort", "page[size]", "page[after]"}, "GET /tickets/show_many": {"ids"}, "PUT /tickets/update_many": {"ids"},
			"DELETE /group_memberships/destroy_many": {"ids"}, "GET /job_statuses/J": {"job"},
		}[q.what], key) && !strings.HasPrefix(key, "page[") {
			say(q.w, 400, object{"error": "invalid parameter " + key})
			return
		}
	}
	switch q.what {
	case "GET /users/me":
		say(q.w, 200, object{"user": f.show(f.users[1001])})
	case "GET /users":
		var hits []object
		for _, u := range f.inOrder() {
			if !u.Deleted && slices.Contains(q.query["role[]"], u.Role) {
				hits = append(hits, f.show(u))
			}
		}
		pages(q, "users", hits)
	case "GET /users/search":
		f.search(q)
	case "POST /users":
		f.create(q)
	case "GET /groups":
		var all []object
		for _, id := range slices.Sorted(maps.Keys(f.groups)) {
			all = append(all, object{"id": id, "name": f.groups[id], "deleted": false})
		}
		pages(q, "groups", all)
	case "GET /custom_roles":
		say(q.w, 200, object{"custom_roles": f.roles, "count": len(f.roles), "next_page": nil, "previous_page": nil})
	case "GET /job_statuses/J":
		f.job(q)
	case "GET /deleted_users/N", "DELETE /deleted_users/N":
		u := f.users[q.ids[0]]
		if u == nil || !u.Deleted || u.Erased {
			missing(q.w)
			return
		}
		if strings.HasPrefix(q.what, "DELETE") {
			u.Erased, u.Name, u.Phone, u.External, u.Identities = true, deletedName, "", "", nil
		}
		say(q.w, 200, object{"deleted_user": f.show(u)})
	default:
		switch {
		case strings.Contains(q.what, "/tickets"):
			f.ticketsOf(q)
		case strings.Contains(q.what, "group_memberships"):
			f.membershipsOf(q)
		case strings.Contains(q.what, " /users/N"):
			f.userOf(q)
		default:
			f.t.Errorf("unexpected request %s", q.what)
			say(q.w, 404, object{"error": "InvalidEndpoint", "description": "Not found"})
		}
	}
}

func (f *fakeZendesk) inOrder() (all []*fakeUser) {
	for _, id := range slices.Sorted(maps.Keys(f.users)) {
		all = append(all, f.users[id])
	}
	return all
}

// pages answers with a page of a list by cursor; two to a page, so that there are some.
func pages(q *request, key string, all []object) {
	size, err := strconv.Atoi(q.query.Get("page[size]"))
	if err != nil || size < 1 || size > 100 {
		say(q.w, 400, object{"errors": []object{{"code": "InvalidPaginationParameter"}}})
		return
	}
	from := 0
	if after := q.query.Get("page[after]"); after != "" {
		if from, err = strconv.Atoi(strings.TrimPrefix(after, "after-")); err != nil {
			say(q.w, 400, object{"errors": []object{{"code": "InvalidPaginationParameter"}}})
			return
		}
	}
	if key != "tickets" {
		size = 20
	}
	to := min(from+size, len(all))
	after := fmt.Sprint("after-", to)
	say(q.w, 200, object{key: append([]object{}, all[min(from, to):to]...), "meta": object{"has_more": to < len(all), "after_cursor": after, "before_cursor": "x"},
		"links": object{"next": "https://evil.example.test/" + after, "prev": nil}})
}

func (f *fakeZendesk) show(u *fakeUser) object {
	null := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	return object{"id": u.ID, "url": "https://evil.example.test/", "name": u.Name, "email": u.email(), "phone": null(u.Phone), "external_id": null(u.External), "role": u.Role, "role_type": u.RoleType,
		"custom_role_id": map[bool]any{true: u.CustomRole, false: nil}[u.CustomRole != 0], "default_group_id": map[bool]any{true: u.Default, false: nil}[u.Default != 0],
		"active": !u.Deleted, "suspended": u.Suspended, "verified": slices.ContainsFunc(u.Identities, func(i *fakeIdentity) bool { return i.Verified }), "chat_only": u.ChatOnly, "shared": false, "shared_agent": u.Shared, "last_login_at": nil, "time_zone": "Copenhagen"}
}

func (f *fakeZendesk) search(q *request) {
	var hits []object
	for _, u := range f.inOrder() {
		text := strings.ToLower(fmt.Sprint(u.Name, " ", u.email()))
		for _, i := range u.Identities {
			text += " " + strings.ToLower(i.Value)
		}
		by := strings.ToLower(q.query.Get("query"))
		switch id := q.query.Get("external_id"); {
		case u.Deleted || f.behind[u.ID]:
		case id != "" && strings.EqualFold(id, u.External), by != "" && strings.Contains(text, by):
			hits = append(hits, f.show(u))
		}
	}
	n, _ := strconv.Atoi(q.query.Get("page"))
	const size = 2
	from := min((n-1)*size, len(hits))
	to := min(from+size, len(hits))
	var next any
	if to < len(hits) {
		next = "https://evil.example.test/next"
	}
	say(q.w, 200, object{"users": append([]object{}, hits[from:to]...), "count": len(hits), "next_page": next, "previous_page": nil})
}

// taken answers when an address or external id is another's.
func (f *fakeZendesk) taken(w http.ResponseWriter, email, external string) bool {
	if f.holder(email) != nil {
		invalid(w, "email", "DuplicateValue", "Email: "+email+" is already being used by another user")
		return true
	}
	for _, u := range f.users {
		if external != "" && !u.Deleted && strings.EqualFold(u.External, external) {
			invalid(w, "external_id", "DuplicateValue", "External has already been taken")
			return true
		}
	}
	return false
}

func (f *fakeZendesk) create(q *request) {
	in := q.body["user"]
	for key := range in {
		if !slices.Contains([]string{"name", "email", "external_id", "role", "custom_role_id", "phone", "suspended", "verified", "skip_verify_email"}, key) {
			f.t.Errorf("a creation with %s", key)
		}
	}
	email, _ := in["email"].(string)
	name, _ := in["name"].(string)
	external, _ := in["external_id"].(string)
	role, _ := in["role"].(string)
	switch {
	case name == "":
		invalid(q.w, "name", "BlankValue", "Name: cannot be blank")
		return
	case f.taken(q.w, email, external):
		return
	case role != endUser && f.full():
		invalid(q.w, "base", "InvalidValue", "Your account has no free agent seats")
		return
	}
	u := f.hire(name, email, role)
	u.External = external
	u.Phone, _ = in["phone"].(string)
	u.Suspended, _ = in["suspended"].(bool)
	f.giveRole(u, role, in)
	say(q.w, 201, object{"user": f.show(u)})
}

func (f *fakeZendesk) full() bool {
	n := 0
	for _, u := range f.users {
		if u.Role != endUser && !u.Deleted {
			n++
		}
	}
	return f.seats > 0 && n >= f.seats
}

// giveRole does what a change of role brings with it.
func (f *fakeZendesk) giveRole(u *fakeUser, role string, in object) {
	before := u.Role
	u.Role, u.RoleType = role, map[string]any{agent: 0, admin: 4}[role]
	if id, named := in["custom_role_id"]; named && role == agent {
		n, _ := id.(float64)
		u.CustomRole = int64(n)
	}
	for _, r := range f.roles {
		if r["id"] == u.CustomRole && role == agent {
			u.RoleType = r["role_type"]
		}
	}
	switch role {
	case endUser:
		u.CustomRole, u.Default = 0, 0
		f.members = slices.DeleteFunc(f.members, func(m *fakeMembership) bool { return m.User == u.ID })
		f.fall(u.ID, 0)
	case admin:
		u.CustomRole = 0
		fallthrough
	default:
		if before == endUser {
			f.enter(u, everybody)
		}
	}
}

// fall gives what somebody leaves behind to the service account.
func (f *fakeZendesk) fall(user, group int64) {
	for _, t := range f.tickets {
		if t.Assignee == user && (group == 0 || t.Group == group) && t.Status != "solved" && t.Status != "closed" {
			if t.Assignee = 1001; group != 0 {
				t.Assignee = 0
			}
		}
	}
}
