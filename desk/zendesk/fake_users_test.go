package zendesk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// userOf answers what is about one user.
func (f *fakeZendesk) userOf(q *request) {
	u := f.users[q.ids[0]]
	if u == nil || u.Deleted && q.what != "GET /users/N" {
		missing(q.w)
		return
	}
	switch q.what {
	case "GET /users/N":
		say(q.w, 200, object{"user": f.show(u)})
	case "PUT /users/N":
		f.change(q, u)
	case "DELETE /users/N":
		if f.asking[u.ID] {
			invalid(q.w, "base", "RequesterOfOpenTickets", "User is requester of 1 ticket that is not closed")
			return
		}
		u.Deleted, u.Identities = true, nil
		f.members = slices.DeleteFunc(f.members, func(m *fakeMembership) bool { return m.User == u.ID })
		f.fall(u.ID, 0)
		say(q.w, 200, object{"user": f.show(u)})
	case "DELETE /users/N/sessions":
		q.w.WriteHeader(204)
	default:
		f.identitiesOf(q, u)
	}
}

func (f *fakeZendesk) change(q *request, u *fakeUser) {
	if u.updates++; f.limit > 0 && u.updates > f.limit {
		u.updates = 0
		q.w.Header().Set("Retry-After", "1")
		q.w.Header().Set("X-Rate-Limit-Remaining", "180")
		say(q.w, 429, object{"error": "TooManyRequests"})
		return
	}
	for key, value := range q.body["user"] {
		switch key {
		case "name":
			u.Name = value.(string)
		case "phone":
			u.Phone = value.(string)
		case "suspended":
			u.Suspended = value.(bool)
		case "role":
			if u.Role == endUser && value != endUser && f.full() {
				invalid(q.w, "base", "InvalidValue", "Your account has no free agent seats")
				return
			}
			f.giveRole(u, value.(string), q.body["user"])
		case "custom_role_id":
		case "email":
			f.t.Error("an address in a change of a user would be a second one")
		default:
			f.t.Errorf("a change of %s", key)
		}
	}
	say(q.w, 200, object{"user": f.show(u)})
}

func (f *fakeZendesk) identitiesOf(q *request, u *fakeUser) {
	show := func(i *fakeIdentity) object {
		return object{"id": i.ID, "user_id": u.ID, "type": "email", "value": i.Value, "primary": i.Primary, "verified": i.Verified}
	}
	var mine *fakeIdentity
	if len(q.ids) > 1 {
		i := slices.IndexFunc(u.Identities, func(i *fakeIdentity) bool { return i.ID == q.ids[1] })
		if i < 0 {
			missing(q.w)
			return
		}
		mine = u.Identities[i]
	}
	switch q.what {
	case "GET /users/N/identities":
		var all []object
		for _, i := range u.Identities {
			all = append(all, show(i))
		}
		all = append(all, object{"id": 1, "user_id": u.ID, "type": "phone_number", "value": "+4420000000", "primary": false, "verified": true})
		pages(q, "identities", all)
	case "POST /users/N/identities":
		in := q.body["identity"]
		value, _ := in["value"].(string)
		if in["type"] != "email" || in["skip_verify_email"] != true {
			f.t.Errorf("an identity of %v", in)
		}
		if f.holder(value) != nil {
			invalid(q.w, "value", "DuplicateValue", "Value: "+value+" is already being used by another user")
			return
		}
		i := &fakeIdentity{f.number(), value, in["primary"] == true, in["verified"] == true}
		u.Identities = append(u.Identities, i)
		say(q.w, 201, object{"identity": show(i)})
	case "PUT /users/N/identities/N":
		in := q.body["identity"]
		value, _ := in["value"].(string)
		if value == "" || in["primary"] != nil {
			f.t.Errorf("a change of an identity to %v", in)
		}
		if f.holder(value) != nil && !strings.EqualFold(mine.Value, value) {
			invalid(q.w, "value", "DuplicateValue", "Value: "+value+" is already being used by another user")
			return
		}
		mine.Value, mine.Verified = value, in["verified"] == true && !f.doubts
		say(q.w, 200, object{"identity": show(mine)})
	case "PUT /users/N/identities/N/verify":
		mine.Verified = true
		say(q.w, 200, object{"identity": show(mine)})
	case "DELETE /users/N/identities/N":
		if mine.Primary {
			invalid(q.w, "base", "InvalidValue", "primary")
			return
		}
		u.Identities = slices.DeleteFunc(u.Identities, func(i *fakeIdentity) bool { return i == mine })
		q.w.WriteHeader(204)
	default:
		f.t.Errorf("unexpected request %s", q.what)
		missing(q.w)
	}
}

// begin starts a job, which does its work when it has been looked at twice.
func (f *fakeZendesk) begin(q *request, work func()) {
	id := fmt.Sprint("job-", f.number())
	f.jobs[id] = &fakeJob{looks: 2, work: work, ends: "completed"}
	say(q.w, 200, object{"job_status": object{"id": id, "status": "queued", "url": "https://evil.example.test/" + id, "results": nil}})
}

func (f *fakeZendesk) job(q *request) {
	j := f.jobs[q.query.Get("job")]
	if j == nil {
		missing(q.w)
		return
	}
	status := "working"
	if j.looks--; j.looks <= 0 {
		if status = j.ends; j.work != nil && status == "completed" {
			j.work()
			j.work = nil
		}
	}
	say(q.w, 200, object{"job_status": object{"id": q.query.Get("job"), "status": status}})
}

func (f *fakeZendesk) membershipsOf(q *request) {
	show := func(m *fakeMembership) object {
		return object{"id": m.ID, "user_id": m.User, "group_id": m.Group, "default": f.users[m.User].Default == m.Group}
	}
	switch q.what {
	case "GET /group_memberships", "GET /users/N/group_memberships":
		var all []object
		for _, m := range f.members {
			if len(q.ids) == 0 || m.User == q.ids[0] {
				all = append(all, show(m))
			}
		}
		pages(q, "group_memberships", all)
	case "POST /group_memberships":
		in := q.body["group_membership"]
		user, _ := in["user_id"].(float64)
		group, _ := in["group_id"].(float64)
		u := f.users[int64(user)]
		switch {
		case u == nil || u.Role == endUser || f.groups[int64(group)] == "":
			invalid(q.w, "user", "InvalidValue", "User: is invalid")
		case slices.ContainsFunc(f.members, func(m *fakeMembership) bool { return m.User == u.ID && m.Group == int64(group) }):
			invalid(q.w, "user_id", "DuplicateValue", "User has already been taken")
		default:
			say(q.w, 201, object{"group_membership": show(f.enter(u, int64(group)))})
		}
	case "PUT /users/N/group_memberships/N/make_default":
		for _, m := range f.members {
			if m.ID == q.ids[1] && m.User == q.ids[0] {
				f.users[m.User].Default = m.Group
				say(q.w, 200, object{"group_memberships": []object{show(m)}})
				return
			}
		}
		missing(q.w)
	case "DELETE /group_memberships/destroy_many":
		var gone []*fakeMembership
		for id := range strings.SplitSeq(q.query.Get("ids"), ",") {
			n, _ := strconv.ParseInt(id, 10, 64)
			i := slices.IndexFunc(f.members, func(m *fakeMembership) bool { return m.ID == n })
			switch {
			case i < 0:
				missing(q.w)
				return
			}
			gone = append(gone, f.members[i])
		}
		for _, m := range f.members { // one that stays has to be the default one
			if u := f.users[m.User]; !slices.Contains(gone, m) && slices.ContainsFunc(gone, func(g *fakeMembership) bool { return g.User == m.User && g.Group == u.Default }) {
				invalid(q.w, "base", "InvalidValue", "the default group")
				return
			}
		}
		for _, m := range gone {
			if u := f.users[m.User]; u.Default == m.Group {
				u.Default = 0
			}
		}
		f.members = slices.DeleteFunc(f.members, func(m *fakeMembership) bool { return slices.Contains(gone, m) })
		f.begin(q, func() {
			for _, m := range gone {
				f.fall(m.User, m.Group)
			}
		})
	default:
		f.t.Errorf("unexpected request %s", q.what)
		missing(q.w)
	}
}

func showTicket(t *fakeTicket) object {
	null := func(id int64) any {
		if id == 0 {
			return nil
		}
		return id
	}
	return object{"id": t.ID, "status": t.Status, "assignee_id": null(t.Assignee), "group_id": null(t.Group), "subject": "Hello"}
}

func (f *fakeZendesk) ticketsOf(q *request) {
	find := func(id int64) *fakeTicket {
		if i := slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return t.ID == id }); i >= 0 {
			return f.tickets[i]
		}
		return nil
	}
	var some []*fakeTicket
	for id := range strings.SplitSeq(q.query.Get("ids"), ",") {
		n, _ := strconv.ParseInt(id, 10, 64)
		if t := find(n); t != nil {
			some = append(some, t)
		}
	}
	switch q.what {
	case "GET /users/N/tickets/assigned":
		var hits []*fakeTicket
		for _, t := range f.tickets {
			if t.Assignee == q.ids[0] {
				hits = append(hits, t)
			}
		}
		rank := func(t *fakeTicket) int { return slices.Index(states, t.Status) }
		if sort := q.query.Get("sort"); !f.unsorts {
			slices.SortStableFunc(hits, func(a, b *fakeTicket) int {
				if sort == "-status" {
					a, b = b, a
				}
				return rank(a) - rank(b)
			})
		}
		var all []object
		for _, t := range hits {
			all = append(all, showTicket(t))
		}
		pages(q, "tickets", all)
	case "GET /tickets/show_many":
		all := []object{}
		for _, t := range some {
			all = append(all, showTicket(t))
		}
		say(q.w, 200, object{"tickets": all, "count": len(all), "next_page": nil, "previous_page": nil})
	case "PUT /tickets/update_many":
		in := q.body["ticket"]
		f.begin(q, func() {
			for _, t := range some {
				f.assign(t, in)
			}
		})
	case "GET /tickets/N", "PUT /tickets/N":
		t := find(q.ids[0])
		switch {
		case t == nil:
			missing(q.w)
			return
		case q.what == "PUT /tickets/N" && t.Status == "closed":
			invalid(q.w, "status", "InvalidValue", "Status: closed prevents ticket update")
			return
		case q.what == "PUT /tickets/N":
			f.assign(t, q.body["ticket"])
		}
		say(q.w, 200, object{"ticket": showTicket(t)})
	default:
		f.t.Errorf("unexpected request %s", q.what)
		missing(q.w)
	}
}

// assign does as Zendesk does: somebody who is in another group takes the ticket there.
func (f *fakeZendesk) assign(t *fakeTicket, in object) {
	for key, value := range in {
		n, _ := value.(float64)
		switch key {
		case "assignee_id":
			if t.Assignee = int64(n); n != 0 && !slices.ContainsFunc(f.members, func(m *fakeMembership) bool { return m.User == t.Assignee && m.Group == t.Group }) {
				f.t.Errorf("ticket %d goes to another group with user %d", t.ID, t.Assignee)
			}
		case "group_id":
			t.Group = int64(n)
		default:
			f.t.Errorf("a change of %s of a ticket", key)
		}
	}
}

// converse opens tickets in the group Support.
func (f *fakeZendesk) converse(assignee provision.DeskUserID, n int) (ids []string) {
	user, _ := strconv.ParseInt(string(assignee), 10, 64)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		t := &fakeTicket{f.number(), user, support, states[i%4]}
		f.tickets, ids = append(f.tickets, t), append(ids, strconv.FormatInt(t.ID, 10))
	}
	return ids
}

func connectTo(t *testing.T, address string, pairs ...string) *zendesk {
	t.Helper()
	settings := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	d, err := New(provision.Desk{URL: address, Secret: fakeToken, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	z := d.(*zendesk)
	z.client.patience.First = time.Millisecond
	return z
}

func (f *fakeZendesk) connect(pairs ...string) *zendesk {
	f.t.Helper()
	return connectTo(f.t, f.URL, pairs...)
}

// fakeHarness is the suite's view of a fake.
func fakeHarness(f *fakeZendesk, pairs ...string) desktest.Harness {
	number := func(id provision.DeskUserID) int64 { n, _ := strconv.ParseInt(string(id), 10, 64); return n }
	return desktest.Harness{
		Desk:  func(*testing.T) desk.Desk { return f.connect(pairs...) },
		Teams: [2]string{"Support", "Billing"},
		MakeUser: func(_ *testing.T, name, email string) provision.DeskUserID {
			return locked(f, func() provision.DeskUserID {
				return provision.DeskUserID(strconv.FormatInt(f.hire(name, email, agent).ID, 10))
			})
		},
		Converse:   func(_ *testing.T, assignee provision.DeskUserID, n int) []string { return f.converse(assignee, n) },
		Unassigned: desk.Assignee{Team: "Support"},
		Elsewhere:  "Billing",
		Move: func(_ *testing.T, conversation string) {
			locked(f, func() bool {
				i := slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return strconv.FormatInt(t.ID, 10) == conversation })
				f.tickets[i].Group = billing
				return true
			})
		},
		Assignee: func(_ *testing.T, conversation string) desk.Assignee {
			return locked(f, func() desk.Assignee {
				i := slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return strconv.FormatInt(t.ID, 10) == conversation })
				if t := f.tickets[i]; t.Assignee == 0 {
					return desk.Assignee{Team: f.groups[t.Group]}
				}
				return desk.Assignee{User: provision.DeskUserID(strconv.FormatInt(f.tickets[i].Assignee, 10))}
			})
		},
		Read: func(_ *testing.T, id provision.DeskUserID) *provision.DeskUser {
			return locked(f, func() *provision.DeskUser {
				u := f.users[number(id)]
				if u == nil || u.Deleted {
					return nil
				}
				d := f.connect(pairs...)
				email, _ := u.email().(string)
				r := record{Role: u.Role, CustomRole: u.CustomRole}
				r.Kind, _ = u.RoleType.(int)
				return &provision.DeskUser{ID: id, Email: email, DisplayName: u.Name, Active: !u.Suspended, Role: d.roleOf(&r, &customRole{Entry: kit.Entry{ID: reader}})}
			})
		},
	}
}

var everySetting = []string{"limited_role", "Reader", "downgrade_leavers", "true"}

func TestContract(t *testing.T) {
	for name, pairs := range map[string][]string{"as it is": nil, "with every role": everySetting} {
		t.Run(name, func(t *testing.T) { desktest.Run(t, fakeHarness(newFake(t), pairs...)) })
	}
}

// TestContractBehindFaults runs the suite with every call made twice.
func TestContractBehindFaults(t *testing.T) {
	desktest.RunBehindFaults(t, fakeHarness(newFake(t), everySetting...))
}
