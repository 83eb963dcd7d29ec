package helpy

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/provision"
)

// fakeTicket is a row of the table of topics, and the notes in its thread.
type fakeTicket struct {
	shown map[string]any
	notes int
}

// open makes a ticket that is assigned to somebody, past the API.
func (f *fake) open(assignee provision.DeskUserID) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := int64(len(f.tickets) + 1)
	statuses := []string{"open", "new", "pending"}
	n, _ := strconv.ParseInt(string(assignee), 10, 64)
	f.tickets = append(f.tickets, &fakeTicket{shown: map[string]any{"id": id, "forum_id": int64(1), "name": "Where is my parcel?", "user_id": int64(3),
		"current_status": statuses[id%3], "private": true, "assigned_user_id": n, "team_list": []any{"support"}, "priority": "high"}})
	return strconv.FormatInt(id, 10)
}

func (f *fake) ticket(id int64) *fakeTicket {
	for _, t := range f.tickets {
		if t.shown["id"] == id {
			return t
		}
	}
	return nil
}

// touch moves a row to the end of the table, as PostgreSQL does with what it
// updates: without an order, that is where it is then found.
func (f *fake) touch(t *fakeTicket) {
	f.tickets = append(slices.DeleteFunc(f.tickets, func(other *fakeTicket) bool { return other == t }), t)
}

func (f *fake) unassignAll(user int64) {
	for _, t := range f.tickets {
		if t.shown["assigned_user_id"] == user {
			t.shown["assigned_user_id"] = nil
		}
	}
}

// byStatus answers with a page, in no order.
func (f *fake) byStatus(status, page, perPage string) reply {
	n, err1 := strconv.Atoi(page)
	size, err2 := strconv.Atoi(perPage)
	if err1 != nil || err2 != nil || n < 1 || size < 1 {
		f.t.Errorf("page %q of %q tickets", page, perPage)
		n, size = 1, 20
	}
	all := []any{}
	for _, t := range f.tickets {
		if t.shown["current_status"] == status && t.shown["forum_id"] == int64(1) && f.shows(t) {
			all = append(all, t.shown)
		}
	}
	from, to := min((n-1)*size, len(all)), min(n*size, len(all))
	return reply{status: http.StatusOK, body: append([]any{}, all[from:to]...), header: map[string]string{"X-Total": strconv.Itoa(len(all)), "X-Page": page, "X-Per-Page": perPage}}
}

// shows reports whether the owner of the key is shown a ticket: an agent in groups is
// shown those that are in all of these.
func (f *fake) shows(t *fakeTicket) bool {
	self := f.user(f.keyOf)
	for _, group := range self.shown["team_list"].([]any) {
		if self.text("role") != "admin" && !slices.Contains(t.shown["team_list"].([]any), group) {
			return false
		}
	}
	return true
}

func (f *fake) showTicket(id int64) reply {
	t := f.ticket(id)
	if t == nil {
		return refuse(http.StatusNotFound, fmt.Sprintf("Couldn't find Topic with 'id'=%d", id))
	}
	if !f.shows(t) {
		return refuse(http.StatusUnauthorized, "Unauthorized. Insufficient access priviledges.")
	}
	return reply{status: http.StatusOK, body: t.shown}
}

// assign takes anybody for an assignee, writes a note in the name of the one
// before, and goes by that one's role when it sets the status. A ticket that is not
// there is one that may not be seen.
func (f *fake) assign(id int64, body map[string]any) reply {
	f.only(body, "assigned_user_id")
	to, ok := body["assigned_user_id"].(float64)
	t := f.ticket(id)
	switch {
	case !ok:
		return refuse(http.StatusBadRequest, "assigned_user_id is missing")
	case t == nil || !f.shows(t):
		return refuse(http.StatusUnauthorized, "Unauthorized. Insufficient access priviledges.")
	case f.user(int64(to)) == nil:
		return noRow(int64(to))
	}
	before, assigned := t.shown["assigned_user_id"].(int64)
	if !assigned {
		before = int64(to)
	}
	switch author := f.user(before); {
	case author != nil && (author.text("role") == "agent" || author.text("role") == "admin"):
		t.shown["current_status"] = "open"
	case t.shown["current_status"] != "new":
		t.shown["current_status"] = "pending"
	}
	t.shown["assigned_user_id"], t.notes = int64(to), t.notes+1
	f.touch(t)
	return reply{status: http.StatusCreated, body: t.shown}
}

// updateTopic writes all that it can; what was not sent is gone.
func (f *fake) updateTopic(id int64, body map[string]any) reply {
	f.only(body, "forum_id", "current_status", "private", "assigned_user_id", "priority")
	t := f.ticket(id)
	forum, ok := body["forum_id"].(float64)
	switch {
	case !ok:
		return refuse(http.StatusBadRequest, "forum_id is missing")
	case t == nil, body["current_status"] == nil:
		return crash
	}
	was := [...]any{t.shown["forum_id"], t.shown["current_status"], t.shown["private"], t.shown["priority"]}
	t.shown["forum_id"], t.shown["current_status"], t.shown["private"], t.shown["priority"] = int64(forum), body["current_status"], body["private"], body["priority"]
	if now := [...]any{t.shown["forum_id"], t.shown["current_status"], t.shown["private"], t.shown["priority"]}; now != was {
		f.t.Errorf("ticket %d was %v and is %v", id, was, now)
	}
	t.shown["assigned_user_id"] = nil
	if to, ok := body["assigned_user_id"].(float64); ok {
		t.shown["assigned_user_id"] = int64(to)
	}
	f.touch(t)
	return reply{status: http.StatusOK, body: t.shown}
}
