package helpscout

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

// TestConnector runs the suite over the fake, by HTTP. What Help Scout answers
// to a taken address is not documented: each reading must do.
func TestConnector(t *testing.T) {
	for _, tt := range []struct {
		name  string
		taken int
	}{
		{"a taken address is 400", http.StatusBadRequest},
		{"a taken address is 409", http.StatusConflict},
		{"a taken address is 422", http.StatusUnprocessableEntity},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.taken = tt.taken
			srv := httptest.NewServer(f)
			t.Cleanup(srv.Close)
			desktest.Run(t, f.harness(srv.URL+"/api/"))
		})
	}
}

// TestConnectorBehindFaults runs the suite with every call made twice.
func TestConnectorBehindFaults(t *testing.T) {
	f := newFake(t)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	desktest.RunBehindFaults(t, f.harness(srv.URL+"/api/"))
}

func (f *fake) harness(base string) desktest.Harness {
	f.limit = unlimited
	return desktest.Harness{
		Desk:      func(t *testing.T) desk.Desk { return Hurried(connect(t, base, nil)) },
		Teams:     [2]string{"Support", "Billing"},
		Mailboxes: [2]string{"Support", "Billing"},
		MakeUser: func(_ *testing.T, name, email string) provision.DeskUserID {
			f.mu.Lock()
			defer f.mu.Unlock()
			first, last, _ := strings.Cut(name, " ")
			return provision.DeskUserID(formatID(f.add(&fakeUser{FirstName: first, LastName: last, Email: email, Role: "user"})))
		},
		Converse:  f.converse,
		Elsewhere: "Billing",
		Move: func(_ *testing.T, conversation string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			n, _ := strconv.ParseInt(conversation, 10, 64)
			f.conversations[n].mailbox = f.mailbox("Billing")
		},
		Read: func(_ *testing.T, id provision.DeskUserID) *provision.DeskUser {
			f.mu.Lock()
			defer f.mu.Unlock()
			n, _ := parseID(id)
			u := f.users[n]
			if u == nil {
				return nil
			}
			role := map[string]provision.Role{"owner": "owner", "admin": "admin", "user": "agent", "light user": "limited"}[u.Role]
			return &provision.DeskUser{ID: id, Email: u.Email, DisplayName: u.FirstName + " " + u.LastName, Active: true, Role: role}
		},
		Assignee: f.assignee,
	}
}
