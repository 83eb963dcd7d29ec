package freshdesk

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
)

const fakeKey = "hIf9nbsln6nsn0B2B0yu"

type object = map[string]any

// fakeAgent is an agent of a fake Freshdesk.
type fakeAgent struct {
	ID, Scope             int64
	Name, Email, Type     string
	Groups, Roles, Skills []int64
	Occasional, Off       bool
	Updated               time.Time
}

type fakeTicket struct {
	ID, Status, Agent, Group int64
	Spam                     bool
	Created, Updated         time.Time
}

// fakeFreshdesk is as strict as the documentation: see the page in docs/desks. Where
// lie says so, it does not do what it answers.
type fakeFreshdesk struct {
	*httptest.Server
	t *testing.T

	silent bool // shows nobody as deactivated, or not

	mu       sync.Mutex
	last     int64
	agents   map[int64]*fakeAgent
	contacts map[int64]object // id, email, deleted
	groups   map[int64]string
	roles    map[int64]string
	tickets  map[int64]*fakeTicket
	index    map[int64]fakeTicket // as searches find them
	behind   bool                 // searches find what was there when this was set
	jobs     map[string]*fakeJob
	seats    int            // 0: no limit
	asked    map[string]int // by method and path, with N for a number
	lie      func(w http.ResponseWriter, r *http.Request, body []byte) bool
}

// fakeJob ends when it has been looked at a few times, and does its work then.
type fakeJob struct {
	looks int
	work  func()
	ends  string
}

const (
	self, support, billing                        int64 = 1, 501, 502
	ownerRole, adminRole, superRole, agentRole    int64 = 11, 12, 13, 14
	readerRole, shiftRole                         int64 = 15, 16
	bulkStatus, endStatus, statusOpen, statusDone       = "IN PROGRESS", "COMPLETED", 2, 5
)

func newFake(t *testing.T) *fakeFreshdesk {
	t.Helper()
	f := &fakeFreshdesk{t: t, last: 1000, agents: map[int64]*fakeAgent{}, contacts: map[int64]object{}, tickets: map[int64]*fakeTicket{}, jobs: map[string]*fakeJob{}, asked: map[string]int{},
		groups: map[int64]string{support: "Support", billing: "Billing"},
		roles:  map[int64]string{ownerRole: "Account Administrator", adminRole: "Administrator", superRole: "Supervisor", agentRole: "Agent", readerRole: "Reader", shiftRole: "Shift Lead"},
	}
	f.agents[self] = &fakeAgent{ID: self, Scope: 1, Name: "Deskbridge", Email: "bridge@desk.example.test", Type: "support_agent", Roles: []int64{adminRole}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeFreshdesk) number() int64 { f.last++; return f.last }

// hire adds an agent; the caller holds the lock, or is alone. An administrator erases a
// contact that is in the way before.
func (f *fakeFreshdesk) hire(name, email string, roles ...int64) *fakeAgent {
	for id, c := range f.contacts {
		if strings.EqualFold(c["email"].(string), email) {
			delete(f.contacts, id)
		}
	}
	a := &fakeAgent{ID: f.number(), Scope: 2, Name: name, Email: email, Type: "support_agent", Roles: roles, Updated: time.Now()}
	f.agents[a.ID] = a
	return a
}

func locked[T any](f *fakeFreshdesk, look func() T) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return look()
}

func (f *fakeFreshdesk) count(what string) int { return locked(f, func() int { return f.asked[what] }) }

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // a client that has gone is part of some tests
	}
}

func invalid(w http.ResponseWriter, status int, field, code string) {
	say(w, status, object{"description": "Validation failed", "errors": []object{{"field": field, "message": "ada@example.test", "code": code}}})
}

// request is one under way.
type request struct {
	w     http.ResponseWriter
	what  string // method and path, with N for a number
	ids   []int64
	query url.Values
	body  object
}

func (f *fakeFreshdesk) serve(w http.ResponseWriter, r *http.Request) {
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
	user, password, _ := r.BasicAuth()
	w.Header().Set("X-RateLimit-Remaining", "2000")
	switch {
	case user != fakeKey || password != "X":
		say(w, 401, object{"code": "invalid_credentials", "message": "You have to be logged in to perform this action."})
	case !under:
		say(w, 404, nil)
	case len(body) > 0 && (r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &q.body) != nil):
		say(w, 400, object{"code": "invalid_json"})
	default:
		f.answer(q)
	}
}

var queries = map[string][]string{
	"GET /agents": {"email"}, "GET /contacts": {"email"}, "GET /tickets": {"updated_since", "order_by", "order_type"},
	"GET /search/tickets": {"query"}, "GET /jobs/J": {"job"},
}

func (f *fakeFreshdesk) answer(q *request) {
	for key := range q.query {
		if key != "page" && key != "per_page" && !slices.Contains(queries[q.what], key) {
			invalid(q.w, 400, key, "invalid_field")
			return
		}
	}
	switch q.what {
	case "GET /agents/me":
		say(q.w, 200, f.show(f.agents[self], true))
	case "GET /groups", "GET /roles":
		names := map[bool]map[int64]string{true: f.groups, false: f.roles}[q.what == "GET /groups"]
		var all []object
		for _, id := range slices.Sorted(maps.Keys(names)) {
			all = append(all, object{"id": id, "name": names[id], "description": nil})
		}
		pages(q, all)
	case "GET /ticket_fields":
		pages(q, []object{{"name": "subject"}, {"name": "status", "choices": object{"2": []string{"Open", "Open"}, "3": []string{"Pending"}, "4": []string{"Resolved"}, "5": []string{"Closed"}, "8": []string{"Waiting on parts"}}}})
	case "GET /contacts":
		var hits []object
		for _, c := range f.contacts {
			if strings.EqualFold(c["email"].(string), q.query.Get("email")) && c["deleted"] == nil {
				hits = append(hits, c)
			}
		}
		pages(q, hits)
	case "GET /agents":
		var hits []object
		for _, id := range slices.Sorted(maps.Keys(f.agents)) {
			if a := f.agents[id]; q.query.Get("email") == "" || a.Email == q.query.Get("email") {
				hits = append(hits, f.show(a, false))
			}
		}
		pages(q, hits)
	case "POST /agents", "PUT /contacts/N/make_agent":
		f.make(q)
	case "GET /agents/N", "PUT /agents/N", "DELETE /agents/N":
		f.agentOf(q)
	default:
		f.ticketsOf(q)
	}
}

// pages answers with a page of a list.
func pages(q *request, all []object) {
	size, _ := strconv.Atoi(q.query.Get("per_page"))
	n, _ := strconv.Atoi(q.query.Get("page"))
	if size < 1 || size > 100 || n < 1 {
		invalid(q.w, 400, "page", "invalid_value")
		return
	}
	from := min((n-1)*size, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		q.w.Header().Set("Link", `<https://evil.example.test/?page=2>; rel="next"`)
	}
	say(q.w, 200, append([]object{}, all[from:to]...))
}

// show shows an agent; whole is false for a list.
func (f *fakeFreshdesk) show(a *fakeAgent, whole bool) object {
	o := object{"id": a.ID, "available": true, "occasional": a.Occasional, "ticket_scope": a.Scope, "type": a.Type, "deactivated": a.Off, "signature": "<p>x</p>", "updated_at": a.Updated.Format(time.RFC3339),
		"contact": object{"active": false, "email": a.Email, "name": a.Name, "job_title": nil, "last_login_at": "2026-11-02T10:00:00Z", "updated_at": "2026-11-01T10:00:00Z"}}
	if f.silent {
		delete(o, "deactivated")
	}
	if whole {
		o["group_ids"], o["role_ids"], o["skill_ids"] = a.Groups, append([]int64{}, a.Roles...), append([]int64{}, a.Skills...)
	}
	return o
}

func numbers(value any) (ids []int64) {
	list, _ := value.([]any)
	for _, v := range list {
		ids = append(ids, int64(v.(float64)))
	}
	return ids
}

// apply writes what a creation or a change says of an agent. Lists are replaced.
func (f *fakeFreshdesk) apply(q *request, a *fakeAgent) bool {
	for key, value := range q.body {
		switch key {
		case "email", "name":
			if q.what != "POST /agents" {
				invalid(q.w, 400, key, "invalid_field")
				return false
			}
		case "occasional":
			a.Occasional = value.(bool)
		case "ticket_scope":
			a.Scope = int64(value.(float64))
		case "skill_ids":
			a.Skills = numbers(value)
		case "group_ids", "role_ids":
			ids, known := numbers(value), map[bool]map[int64]string{true: f.groups, false: f.roles}[key == "group_ids"]
			if slices.ContainsFunc(ids, func(id int64) bool { return known[id] == "" }) || key == "role_ids" && len(ids) == 0 {
				invalid(q.w, 400, key, "invalid_value")
				return false
			}
			if key == "group_ids" {
				a.Groups = ids
			} else {
				a.Roles = ids
			}
		default:
			f.t.Errorf("%s with %s", q.what, key)
			invalid(q.w, 400, key, "invalid_field")
			return false
		}
	}
	a.Updated = time.Now()
	return true
}

func (f *fakeFreshdesk) holds(email string) bool {
	for _, a := range f.agents {
		if strings.EqualFold(a.Email, email) {
			return true
		}
	}
	for _, c := range f.contacts {
		if strings.EqualFold(c["email"].(string), email) {
			return true
		}
	}
	return false
}

func (f *fakeFreshdesk) make(q *request) {
	a := &fakeAgent{Type: "support_agent"}
	if q.what == "POST /agents" {
		a.Email, _ = q.body["email"].(string)
		a.Name, _ = q.body["name"].(string)
		if f.holds(a.Email) {
			invalid(q.w, 409, "email", "duplicate_value")
			return
		}
		if q.body["ticket_scope"] == nil || q.body["role_ids"] == nil || a.Name == "" {
			invalid(q.w, 400, "ticket_scope", "missing_field")
			return
		}
	} else {
		c := f.contacts[q.ids[0]]
		if c == nil || c["deleted"] != nil {
			say(q.w, 404, nil)
			return
		}
		a.ID, a.Email, a.Name = q.ids[0], c["email"].(string), c["name"].(string)
	}
	if f.seats > 0 && len(f.agents) >= f.seats {
		say(q.w, 403, object{"code": "access_denied", "message": "You have reached the maximum number of agents"})
		return
	}
	if !f.apply(q, a) {
		return
	}
	if a.ID == 0 {
		a.ID = f.number()
	}
	delete(f.contacts, a.ID)
	f.agents[a.ID] = a
	say(q.w, map[bool]int{true: 201, false: 200}[q.what == "POST /agents"], f.show(a, true))
}

func (f *fakeFreshdesk) agentOf(q *request) {
	a := f.agents[q.ids[0]]
	switch {
	case a == nil:
		say(q.w, 404, nil)
	case q.what == "GET /agents/N":
		say(q.w, 200, f.show(a, true))
	case a.ID == self || slices.Contains(a.Roles, ownerRole):
		say(q.w, 403, object{"code": "access_denied"})
	case q.what == "PUT /agents/N":
		if f.apply(q, a) {
			say(q.w, 200, f.show(a, true))
		}
	default:
		delete(f.agents, a.ID)
		f.contacts[a.ID] = object{"id": a.ID, "email": a.Email, "name": a.Name}
		for _, t := range f.tickets {
			if t.Agent == a.ID {
				t.Agent, t.Updated = 0, time.Now()
			}
		}
		q.w.WriteHeader(204)
	}
}

func showTicket(t *fakeTicket) object {
	null := func(id int64) any {
		if id == 0 {
			return nil
		}
		return id
	}
	return object{"id": t.ID, "status": t.Status, "responder_id": null(t.Agent), "group_id": null(t.Group), "spam": t.Spam, "subject": "Hello"}
}

func (f *fakeFreshdesk) ticketsOf(q *request) {
	switch q.what {
	case "GET /tickets":
		since, err := time.Parse(time.RFC3339, q.query.Get("updated_since"))
		if err != nil {
			invalid(q.w, 400, "updated_since", "invalid_value")
			return
		}
		var hits []*fakeTicket
		for _, t := range f.tickets {
			if !t.Updated.Before(since) {
				hits = append(hits, t)
			}
		}
		slices.SortFunc(hits, func(a, b *fakeTicket) int { return a.Updated.Compare(b.Updated) })
		var all []object
		for _, t := range hits {
			all = append(all, showTicket(t))
		}
		pages(q, all)
	case "GET /search/tickets":
		f.search(q)
	case "GET /tickets/N", "PUT /tickets/N":
		t := f.tickets[q.ids[0]]
		if t == nil {
			say(q.w, 404, nil)
			return
		}
		if q.what == "PUT /tickets/N" {
			f.assign(t, q.body)
		}
		say(q.w, 200, showTicket(t))
	case "POST /tickets/bulk_update":
		action, _ := q.body["bulk_action"].(object)
		properties, _ := action["properties"].(object)
		ids := numbers(action["ids"])
		job := fmt.Sprint("job-", f.number())
		f.jobs[job] = &fakeJob{looks: 2, ends: endStatus, work: func() {
			for _, id := range ids {
				if t := f.tickets[id]; t != nil {
					f.assign(t, properties)
				}
			}
		}}
		say(q.w, 202, object{"job_id": job, "href": "https://evil.example.test/" + job})
	case "GET /jobs/J":
		j := f.jobs[q.query.Get("job")]
		status := bulkStatus
		if j.looks--; j.looks <= 0 {
			if status = j.ends; j.work != nil && status == endStatus {
				j.work()
				j.work = nil
			}
		}
		say(q.w, 200, object{"id": q.query.Get("job"), "status": status, "data": []object{}})
	default:
		f.t.Errorf("unexpected request %s", q.what)
		say(q.w, 404, nil)
	}
}

// assign does as Freshdesk does, which takes agents of the group alone.
func (f *fakeFreshdesk) assign(t *fakeTicket, in object) {
	for key, value := range in {
		n, _ := value.(float64)
		switch key {
		case "responder_id":
			if a := f.agents[int64(n)]; n != 0 && (a == nil || !slices.Contains(a.Groups, t.Group)) {
				f.t.Errorf("ticket %d goes to agent %v, who is not in its group", t.ID, n)
			}
			t.Agent = int64(n)
		case "group_id":
			t.Group = int64(n)
		default:
			f.t.Errorf("a change of %s of a ticket", key)
		}
	}
	t.Updated = time.Now()
}

// search finds what the index has: at most 300, thirty to a page.
func (f *fakeFreshdesk) search(q *request) {
	index := f.index
	if !f.behind {
		index = f.snapshot()
	}
	query, quoted := strings.CutPrefix(strings.TrimSuffix(q.query.Get("query"), `"`), `"`)
	n, _ := strconv.Atoi(q.query.Get("page"))
	if !quoted || n < 1 || n > 10 || q.query.Get("per_page") != "" {
		invalid(q.w, 400, "query", "invalid_value")
		return
	}
	all := []object{}
	for _, id := range slices.Sorted(maps.Keys(index)) {
		t, in := index[id], true
		for part := range strings.SplitSeq(query, " AND ") {
			field, value, _ := strings.Cut(part, ":")
			day := strings.Trim(value, "<>'")
			switch {
			case field == "agent_id":
				in = in && value == fmt.Sprint(t.Agent)
			case field == "status":
				in = in && value == fmt.Sprint(t.Status)
			case field == "created_at" && value[0] == '>':
				in = in && t.Created.Format(time.DateOnly) >= day
			case field == "created_at" && value[0] == '<':
				in = in && t.Created.Format(time.DateOnly) <= day
			default:
				invalid(q.w, 400, "query", "invalid_value")
				return
			}
		}
		if in {
			all = append(all, showTicket(&t))
		}
	}
	from := min((n-1)*searchPage, len(all))
	say(q.w, 200, object{"total": len(all), "results": all[from:min(from+searchPage, len(all))]})
}

func (f *fakeFreshdesk) snapshot() map[int64]fakeTicket {
	index := make(map[int64]fakeTicket)
	for id, t := range f.tickets {
		index[id] = *t
	}
	return index
}
