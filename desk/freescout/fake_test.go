package freescout

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
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

const fakeKey = "78dc4eb09528f9572bed10b5491000fe"

type object = map[string]any

type fakeUser struct {
	ID                     int64
	First, Last, Email     string
	Role, Title, Phone, TZ string
	Deleted                bool
	mailboxes              []int64
	unseen                 int // reads on which it is not shown yet
}

type fakeConversation struct {
	ID, Mailbox, User int64
	Status, State     string
	merged            int64 // into this one
}

// fake is a FreeScout with its API & Webhooks module as the documentation describes them,
// and stricter: a request that it would misunderstand without a word is an error of the test.
type fake struct {
	*httptest.Server
	t *testing.T

	mu            sync.Mutex
	users         []*fakeUser
	mailboxes     map[int64]string
	conversations []*fakeConversation
	asked         []string // "METHOD path?query" of requests

	generous  int64 // new users are let into this mailbox at once, by hand
	showsGone bool  // deleted users are shown, under another address
	slow      int   // reads on which a new user is not shown
	deaf      bool  // says yes to a deletion and does nothing
	noNobody  bool  // does not take -1 for nobody
	pages     int   // users on a page; 0: as asked
	intercept func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, mailboxes: map[int64]string{1: "Support", 2: "Shop"}, generous: 1}
	f.add("Bridge", "Desk", "deskbridge@example.test", wordAdmin)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// add makes a user past the API, as an admin does by hand.
func (f *fake) add(first, last, email, role string) *fakeUser {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.insert(&fakeUser{First: first, Last: last, Email: email, Role: role, TZ: "UTC"})
}

func (f *fake) insert(u *fakeUser) *fakeUser {
	if u.ID = int64(len(f.users) + 1); f.generous > 0 {
		u.mailboxes = []int64{f.generous}
	}
	f.users = append(f.users, u)
	return u
}

func (f *fake) user(id int64) *fakeUser {
	if id < 1 || id > int64(len(f.users)) || f.users[id-1].Deleted && !f.showsGone {
		return nil
	}
	return f.users[id-1]
}

func (f *fake) show(u *fakeUser) object {
	return object{"id": u.ID, "firstName": u.First, "lastName": u.Last, "email": u.Email, "role": u.Role, "alternateEmails": nil,
		"jobTitle": u.Title, "phone": u.Phone, "timezone": u.TZ, "photoUrl": "", "language": "en", "createdAt": "2026-01-02T03:04:05Z"}
}

type reply struct {
	status int
	body   any // nil: none
	header http.Header
}

func refuse(status int, words string) reply {
	return reply{status: status, body: object{"message": words, "errorCode": "BAD REQUEST", "_embedded": object{"errors": []object{}}}}
}

var notFound = reply{status: 404, body: object{"message": "Not Found"}}

// ServeHTTP answers as FreeScout does.
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
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	f.asked = append(f.asked, r.Method+" "+r.URL.Path+"?"+query)
	path, ours := strings.CutPrefix(r.URL.Path, "/api/")
	a := reply{status: 404}
	switch {
	case !ours:
	case r.Header.Get("X-Freescout-Api-Key") != fakeKey:
		a = refuse(401, "Not Authorized")
	default:
		a = f.route(r, strings.Split(path, "/"), in)
	}
	maps.Copy(w.Header(), a.header)
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func (f *fake) route(r *http.Request, parts []string, in object) reply {
	var id int64
	if len(parts) > 1 {
		id, _ = strconv.ParseInt(parts[1], 10, 64)
	}
	q := r.URL.Query()
	switch what := fmt.Sprint(r.Method, " ", parts[0], " ", len(parts)); what {
	case "GET users 1":
		f.only(q, "page", "pageSize", "email")
		return f.page("users", q, f.pages, f.found(q))
	case "GET users 2":
		f.only(q)
		u := f.user(id)
		if u == nil {
			return notFound
		}
		if u.unseen > 0 {
			u.unseen--
			return notFound
		}
		return reply{status: 200, body: f.show(u)}
	case "POST users 1":
		return f.create(in)
	case "DELETE users 2":
		return f.delete(f.user(id), q)
	case "GET mailboxes 1":
		f.only(q, "page", "pageSize", "userId")
		return f.page("mailboxes", q, 0, f.boxes(q))
	case "GET conversations 1":
		return f.list(q)
	case "GET conversations 2", "PUT conversations 2":
		i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return c.ID == id })
		if i < 0 {
			return notFound
		}
		c := f.conversations[i]
		if c.merged > 0 {
			return reply{status: 301, header: http.Header{"Location": {fmt.Sprintf("/api/conversations/%d", c.merged)}}}
		}
		if r.Method == "PUT" {
			return f.update(c, in)
		}
		if q.Get("embed") == "" {
			f.t.Error("a conversation is read with all its threads")
		}
		return reply{status: 200, body: f.showConversation(c)}
	}
	f.t.Errorf("unexpected request %s %v", r.Method, parts)
	return reply{status: 405, body: object{"message": "Method Not Allowed"}}
}

// only fails the test for a parameter that the call does not have.
func (f *fake) only(q url.Values, names ...string) {
	for name := range q {
		if !slices.Contains(names, name) {
			f.t.Errorf("unexpected parameter %s in %v", name, q)
		}
	}
}

func (f *fake) page(name string, q url.Values, size int, all []object) reply {
	n, _ := strconv.Atoi(q.Get("page"))
	if asked, _ := strconv.Atoi(q.Get("pageSize")); size == 0 {
		size = asked
	}
	if n < 1 || size < 1 {
		f.t.Errorf("page %v", q)
		return refuse(400, "page")
	}
	from := min((n-1)*size, len(all))
	shown := all[from:min(from+size, len(all))]
	return reply{status: 200, body: object{"_embedded": object{name: shown},
		"page": object{"size": size, "totalElements": len(all), "totalPages": (len(all) + size - 1) / size, "number": n}}}
}

func (f *fake) found(q url.Values) []object {
	out := []object{}
	for _, u := range f.users {
		if u.Deleted && !f.showsGone || u.unseen > 0 || q.Has("email") && !strings.EqualFold(u.Email, q.Get("email")) {
			continue
		}
		out = append(out, f.show(u))
	}
	return out
}

func (f *fake) boxes(q url.Values) []object {
	out := []object{}
	var u *fakeUser
	if q.Has("userId") {
		id, _ := strconv.ParseInt(q.Get("userId"), 10, 64)
		u = f.user(id)
	}
	for _, id := range slices.Sorted(maps.Keys(f.mailboxes)) {
		if u == nil || u.Role == wordAdmin || slices.Contains(u.mailboxes, id) {
			out = append(out, object{"id": id, "name": f.mailboxes[id], "email": fmt.Sprintf("box%d@example.test", id)})
		}
	}
	return out
}

func (f *fake) create(in object) reply {
	limits := map[string]int{"firstName": 20, "lastName": 30, "email": 100, "password": 100, "jobTitle": 100, "phone": 60, "timezone": 255}
	text := make(map[string]string)
	for field, value := range in {
		text[field], _ = value.(string)
		if most := limits[field]; most == 0 || len([]rune(text[field])) > most || text[field] == "" {
			f.t.Errorf("%s is %v", field, value)
		}
	}
	if text["firstName"] == "" || text["lastName"] == "" || text["email"] == "" || text["password"] == "" {
		return refuse(400, "required")
	}
	for _, u := range f.users {
		if strings.EqualFold(u.Email, text["email"]) {
			return refuse(400, "User with such email already exists")
		}
	}
	u := f.insert(&fakeUser{First: text["firstName"], Last: text["lastName"], Email: text["email"], Role: wordUser, Title: text["jobTitle"], Phone: text["phone"],
		TZ: text["timezone"], unseen: f.slow})
	if u.TZ == "" {
		u.TZ = "UTC"
	}
	return reply{status: 201, body: f.show(u), header: http.Header{"Resource-Id": {strconv.FormatInt(u.ID, 10)}}}
}

func (f *fake) delete(u *fakeUser, q url.Values) reply {
	by, _ := strconv.ParseInt(q.Get("byUserId"), 10, 64)
	switch {
	case u == nil:
		return notFound
	case f.user(by) == nil || f.user(by).Role != wordAdmin:
		return refuse(400, "byUserId")
	case f.deaf:
		return reply{status: 204}
	}
	heirs := map[int64]int64{}
	for name := range q {
		if name == "byUserId" {
			continue
		}
		number, isHeir := strings.CutPrefix(strings.TrimSuffix(name, "]"), "assignTo[")
		mailbox, _ := strconv.ParseInt(number, 10, 64)
		heir, _ := strconv.ParseInt(q.Get(name), 10, 64)
		if !isHeir || f.mailboxes[mailbox] == "" || f.user(heir) == nil || heir == u.ID {
			f.t.Errorf("%s=%s at the deletion of %d", name, q.Get(name), u.ID)
		}
		heirs[mailbox] = heir
	}
	for _, c := range f.conversations {
		if c.User == u.ID {
			c.User = heirs[c.Mailbox]
		}
	}
	u.Deleted, u.mailboxes, u.Email = true, nil, u.Email+"_deleted20261130120000"
	return reply{status: 204}
}

func (f *fake) showConversation(c *fakeConversation) object {
	out := object{"id": c.ID, "number": c.ID + 100, "mailboxId": c.Mailbox, "status": c.Status, "state": c.State, "assignee": nil, "_embedded": object{"tags": []object{}}}
	if c.User > 0 {
		out["assignee"] = object{"id": c.User, "type": "user", "firstName": "x"}
	}
	return out
}

func (f *fake) list(q url.Values) reply {
	f.only(q, "page", "pageSize", "assignedTo", "status", "state")
	out := []object{}
	for _, c := range f.conversations {
		if c.merged == 0 && strconv.FormatInt(c.User, 10) == q.Get("assignedTo") && c.Status == q.Get("status") && c.State == q.Get("state") {
			out = append(out, f.showConversation(c))
		}
	}
	return f.page("conversations", q, 0, out)
}

func (f *fake) update(c *fakeConversation, in object) reply {
	by, _ := in["byUser"].(float64)
	to, isNumber := in["assignTo"].(float64)
	if len(in) != 2 || !isNumber || f.user(int64(by)) == nil {
		f.t.Errorf("update %v", in)
		return refuse(400, "byUser")
	}
	switch {
	case to == nobody && !f.noNobody:
		c.User = 0
	case to > 0:
		if f.user(int64(to)) == nil {
			f.t.Errorf("conversation %d is assigned to %v", c.ID, to)
		}
		c.User = int64(to)
	}
	return reply{status: 204}
}

// converse opens conversations of the mailbox Support.
func (f *fake) converse(user provision.DeskUserID, n int) (ids []string) {
	id, _ := strconv.ParseInt(string(user), 10, 64)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		c := &fakeConversation{ID: int64(len(f.conversations)*2 + 11), Mailbox: 1, User: id, Status: openStatuses[i%2], State: "published"}
		f.conversations, ids = append(f.conversations, c), append(ids, strconv.FormatInt(c.ID, 10))
	}
	return ids
}

func (f *fake) connect(t *testing.T, more ...string) *freeScout { return connect(t, f.URL, more...) }

func connect(t *testing.T, address string, more ...string) *freeScout {
	t.Helper()
	s := map[string]string{"by_user": "1"}
	for i := 0; i < len(more); i += 2 {
		s[more[i]] = more[i+1]
	}
	d, err := New(provision.Desk{URL: address, Secret: fakeKey, Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	c := d.(*freeScout)
	c.patience.First = 2 * time.Millisecond
	return c
}

// harness is the suite's view of a fake.
func (f *fake) harness() desktest.Harness {
	return desktest.Harness{
		Desk:      func(t *testing.T) desk.Desk { return f.connect(t) },
		Mailboxes: [2]string{"Support", "Shop"},
		MakeUser: func(_ *testing.T, name, email string) provision.DeskUserID {
			first, last, _ := strings.Cut(name, " ")
			return userID(f.add(first, last, email, wordUser).ID)
		},
		Outsider: func(*testing.T) provision.DeskUserID {
			u := f.add("Out", "Sider", fmt.Sprintf("outsider%d@example.test", len(f.users)), wordUser)
			u.mailboxes = []int64{2}
			return userID(u.ID)
		},
		Converse:  func(_ *testing.T, user provision.DeskUserID, n int) []string { return f.converse(user, n) },
		Elsewhere: "Shop",
		Move: func(_ *testing.T, conversation string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return strconv.FormatInt(c.ID, 10) == conversation })
			f.conversations[i].Mailbox = 2
		},
		Read: func(_ *testing.T, id provision.DeskUserID) *provision.DeskUser {
			f.mu.Lock()
			defer f.mu.Unlock()
			n, _ := strconv.ParseInt(string(id), 10, 64)
			u := f.user(n)
			if u == nil {
				return nil
			}
			role := map[string]provision.Role{wordAdmin: provision.RoleAdmin, wordUser: provision.RoleAgent}[u.Role]
			return &provision.DeskUser{ID: id, Email: u.Email, DisplayName: u.First + " " + u.Last, Active: true, Role: role}
		},
		Assignee: func(_ *testing.T, conversation string) desk.Assignee {
			f.mu.Lock()
			defer f.mu.Unlock()
			i := slices.IndexFunc(f.conversations, func(c *fakeConversation) bool { return strconv.FormatInt(c.ID, 10) == conversation })
			if c := f.conversations[i]; c.User > 0 {
				return desk.Assignee{User: userID(c.User)}
			}
			return desk.Assignee{}
		},
	}
}

func TestConnector(t *testing.T) { desktest.Run(t, newFake(t).harness()) }

// TestConnectorBehindFaults runs the suite with every call made twice.
func TestConnectorBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, newFake(t).harness()) }
