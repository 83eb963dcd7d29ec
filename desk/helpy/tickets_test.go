package helpy

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// TestListThatChanges: a ticket that somebody writes to while the list is read moves
// to its end, and another slips to a page that was read before. It is found all the
// same; when that never ends, nothing is taken for all.
func TestListThatChanges(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes int
		header  string // of the number of tickets
		closed  bool   // the one that changes
		want    int    // tickets; -1: an error
	}{
		{"not at all", 0, "", false, 250},
		{"once", 1, "", false, 250},
		{"all the time", 1000, "", false, -1},
		{"without a number of tickets", 0, "none", false, 250},
		{"one is closed", 1, "", true, 250},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			u := f.add("Ada", "ada@example.test", "agent")
			for range 250 {
				f.open(u.deskID())
			}
			for _, ticket := range f.tickets {
				ticket.shown["current_status"] = "open"
			}
			changes := tt.changes
			f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
				if tt.header != "" {
					w = withoutTotal{w}
				}
				f.answer(r, strings.TrimPrefix(r.URL.Path, "/api/v1"), nil).write(w)
				if r.URL.Query().Get("page") == "1" && strings.HasSuffix(r.URL.Path, "/open") && changes > 0 {
					changes--
					f.mu.Lock()
					if f.touch(f.tickets[0]); tt.closed {
						f.tickets[249].shown["current_status"] = "closed"
					}
					f.mu.Unlock()
				}
				return true
			})
			open, err := f.connect(t).OpenConversations(t.Context(), u.deskID(), 1000)
			if tt.want < 0 {
				wantKind(t, err, desk.Retryable, "change faster")
			} else if err != nil || len(open) != tt.want {
				t.Errorf("%d tickets, %v", len(open), err)
			}
			if some, err := f.connect(t).OpenConversations(t.Context(), u.deskID(), 50); err != nil || len(some) != 50 {
				t.Errorf("%d of fifty tickets, %v", len(some), err)
			}
		})
	}
}

// TestTicketsThatChangeStatus: an agent's answer makes a ticket open, a customer's
// pending, at any time.
func TestTicketsThatChangeStatus(t *testing.T) {
	for _, tt := range []struct{ read, from, to string }{
		{"new", "new", "open"}, {"new", "new", "pending"}, {"new", "pending", "open"}, {"open", "open", "pending"}, {"open", "pending", "open"}, {"pending", "open", "pending"},
	} {
		f := newFake(t)
		u := f.add("Ada", "ada@example.test", "agent")
		f.open(u.deskID())
		f.tickets[0].shown["current_status"] = tt.from
		f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
			honest()
			if strings.HasSuffix(r.URL.Path, "/status/"+tt.read) {
				f.mu.Lock()
				f.tickets[0].shown["current_status"] = tt.to
				f.mu.Unlock()
			}
			return true
		})
		if open, err := f.connect(t).OpenConversations(t.Context(), u.deskID(), 10); err != nil || len(open) != 1 {
			t.Errorf("%s until %s was read, then %s: %d tickets, %v", tt.from, tt.read, tt.to, len(open), err)
		}
	}
}

// withoutTotal drops the header that says how many tickets there are.
type withoutTotal struct{ http.ResponseWriter }

func (w withoutTotal) WriteHeader(status int) {
	w.Header().Del("X-Total")
	w.ResponseWriter.WriteHeader(status)
}

// TestKeyThatIsDemoted: Helpy shows an agent in groups some tickets as if they were
// all; nobody is taken to have none for that.
func TestKeyThatIsDemoted(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	leaver := f.add("Leaver", "leaver@example.test", "agent")
	one := f.open(leaver.deskID())
	if _, err := d.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.users[0].shown["role"] = "agent"
	_, err := d.OpenConversations(t.Context(), leaver.deskID(), 10)
	wantKind(t, err, desk.Permanent, "no admin of Helpy")
	wantKind(t, d.Assign(t.Context(), one, desk.Assignee{}), desk.Unauthorized, "make the service account an admin again")
	f.users[0].shown["role"] = "admin"
	if open, err := d.OpenConversations(t.Context(), leaver.deskID(), 10); err != nil || len(open) != 1 {
		t.Errorf("of an admin again: %v, %v", open, err)
	}
}

// TestPagesThatRepeat: a list that shows its first page for each, or more tickets than
// it has, comes to an end.
func TestPagesThatRepeat(t *testing.T) {
	f := newFake(t)
	u := f.add("Ada", "ada@example.test", "agent")
	for range 5 {
		f.open(u.deskID())
	}
	for total, kind := range map[string]desk.Kind{"": "", "5": "", "9": desk.Retryable} {
		f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
			if strings.Contains(r.URL.Path, "/users/") {
				return false
			}
			tickets := []any{}
			if strings.HasSuffix(r.URL.Path, "/open") {
				for _, ticket := range f.tickets {
					shown := maps.Clone(ticket.shown)
					shown["current_status"] = "open"
					tickets = append(tickets, shown)
				}
			}
			a := reply{status: http.StatusOK, body: tickets, header: map[string]string{}}
			if total != "" && len(tickets) > 0 {
				a.header["X-Total"] = total
			}
			a.write(w)
			return true
		})
		open, err := f.connect(t).OpenConversations(t.Context(), u.deskID(), 1000)
		if kind != "" {
			wantKind(t, err, kind, "fewer open tickets")
		} else if err != nil || len(open) != 5 {
			t.Errorf("of %q: %d tickets, %v", total, len(open), err)
		}
		if n := f.count("GET /tickets/status"); n > 12 {
			t.Errorf("of %q: %d requests", total, n)
		}
	}
}

// TestWhoOwns: Helpy gives a ticket to anybody, so the connector asks who it is.
func TestWhoOwns(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	leaver := f.add("Leaver", "leaver@example.test", "agent")
	one := f.open(leaver.deskID())
	user := func(email, role string, active bool, groups ...any) provision.DeskUserID {
		u := f.add(email, email, role)
		u.shown["active"], u.shown["team_list"] = active, append([]any{}, groups...)
		return u.deskID()
	}
	for _, tt := range []struct {
		name  string
		id    provision.DeskUserID
		words string // "": may own
	}{
		{"a customer", user("customer@example.test", "user", true), "no agent"},
		{"an editor", user("editor@example.test", "editor", true), "no agent"},
		{"a deactivated agent", user("off@example.test", "agent", false), "is deactivated"},
		{"an agent of another group", user("other@example.test", "agent", true, "billing"), "does not see it"},
		{"no id at all", "nobody", "no user"},
		{"an id beyond all", "4294967296", "no user"},
		{"an agent of the same group", user("same@example.test", "agent", true, "billing", "Support"), ""},
		{"an agent in no group", user("free@example.test", "agent", true), ""},
		{"an admin of another group", user("admin@example.test", "admin", true, "billing"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.play(nil)
			err := d.Assign(t.Context(), one, desk.Assignee{User: tt.id})
			switch {
			case tt.words == "" && err != nil:
				t.Error(err)
			case tt.words != "":
				wantKind(t, err, desk.Permanent, tt.words)
				if f.count("POST") > 0 {
					t.Error("Helpy was asked to")
				}
			}
		})
	}
	wantKind(t, d.Assign(t.Context(), one, desk.Assignee{Team: "support"}), desk.CannotDo, "Group/Team")
}

// TestClosedStaysClosed: an assignment would open a ticket again.
func TestClosedStaysClosed(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	leaver, heir := f.add("Leaver", "leaver@example.test", "agent"), f.add("Heir", "heir@example.test", "agent")
	for _, status := range []string{"closed", "spam", "trash"} {
		id := f.open(leaver.deskID())
		row := f.tickets[len(f.tickets)-1]
		row.shown["current_status"] = status
		for _, to := range []desk.Assignee{{}, {User: heir.deskID()}} {
			wantKind(t, d.Assign(t.Context(), id, to), desk.NotFound, status)
		}
		if row.shown["current_status"] != status || row.shown["assigned_user_id"] != leaver.id() {
			t.Errorf("it is %v", row.shown)
		}
	}
	if open, err := d.OpenConversations(t.Context(), leaver.deskID(), 10); err != nil || len(open) > 0 {
		t.Errorf("open are %v, %v", open, err)
	}
}

// TestUnassignKeepsTheRest: nothing else of a ticket changes, above all not that it
// is private.
func TestUnassignKeepsTheRest(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	leaver := f.add("Leaver", "leaver@example.test", "agent")
	for _, private := range []any{true, false, nil} {
		id := f.open(leaver.deskID())
		row := f.tickets[len(f.tickets)-1]
		row.shown["private"] = private
		want := maps.Clone(row.shown)
		err := d.Assign(t.Context(), id, desk.Assignee{})
		if private == nil {
			wantKind(t, err, desk.Permanent, "cannot be unassigned safely")
		} else if want["assigned_user_id"] = nil; err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, row.shown); diff != "" || row.notes > 0 {
			t.Errorf("%d notes; (-want +got):\n%s", row.notes, diff)
		}
	}
	id := f.open(leaver.deskID())
	f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tickets[slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return strconv.FormatInt(t.shown["id"].(int64), 10) == id })].shown["private"] = false
		reply{status: http.StatusOK, body: map[string]any{}}.write(w)
		return true
	})
	wantKind(t, d.Assign(t.Context(), id, desk.Assignee{}), desk.Permanent, "was private and is not any more")
}

// TestHandOverBetweenRoles: a leaver who is a customer already loses tickets all the
// same, and none of them leaves the lists.
func TestHandOverBetweenRoles(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	leaver, heir := f.add("Leaver", "leaver@example.test", "user"), f.add("Heir", "heir@example.test", "agent")
	leaver.shown["active"] = false
	for range 6 {
		if err := d.Assign(t.Context(), f.open(leaver.deskID()), desk.Assignee{User: heir.deskID()}); err != nil {
			t.Fatal(err)
		}
	}
	if open, err := d.OpenConversations(t.Context(), heir.deskID(), 10); err != nil || len(open) != 6 {
		t.Errorf("the heir has %d tickets, %v", len(open), err)
	}
}
