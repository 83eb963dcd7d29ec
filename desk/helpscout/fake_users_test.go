package helpscout

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// usersPage is how many users the API shows at a time.
const usersPage = 50

// fakeUser is a user in the account.
type fakeUser struct {
	ID        int64    `json:"id"`
	FirstName string   `json:"firstName"`
	LastName  string   `json:"lastName"`
	Email     string   `json:"email"`
	Role      string   `json:"role"`
	Timezone  string   `json:"timezone"`
	Type      string   `json:"type"`
	JobTitle  string   `json:"jobTitle"`
	Phone     string   `json:"phone"`
	Alternate []string `json:"alternateEmails"`
	invited   bool
	away      bool
	until     time.Time // it was deleted, and is shown so long; zero: it was not
}

// add takes a user into the account and returns the id.
func (f *fake) add(u *fakeUser) int64 {
	f.last++
	u.ID, u.Type, u.Alternate = f.last, "user", []string{}
	if u.Timezone == "" {
		u.Timezone = "America/New_York" // the company's
	}
	f.users[u.ID] = u
	return u.ID
}

func (u *fakeUser) manages() bool { return u.Role == "admin" || u.Role == "owner" }

func (u *fakeUser) sees(mailbox *fakeUnit) bool { return u.manages() || mailbox.members[u.ID] }

// mustManage refuses what only administrators and the owner may do.
func (f *fake) mustManage() error {
	if !f.users[f.me].manages() {
		return refuse(http.StatusForbidden)
	}
	return nil
}

// listUsers lists teams among the users, as "type" in the reference says.
func (f *fake) listUsers(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	email, mailbox := query.Get("email"), query.Get("mailbox")
	var items []any
	f.forget()
	for _, id := range slices.Sorted(maps.Keys(f.users)) {
		u := f.users[id]
		unit := f.mailboxes[number64(mailbox)]
		if (email == "" || strings.EqualFold(u.Email, email)) && (mailbox == "" || unit != nil && u.sees(unit)) {
			items = append(items, u)
		}
	}
	if email == "" && mailbox == "" {
		for _, id := range slices.Sorted(maps.Keys(f.teams)) {
			items = append(items, map[string]any{"id": id, "firstName": f.teams[id].name, "type": "team"})
		}
	}
	return f.writePage(w, r, "users", usersPage, items, "email", "mailbox")
}

func number64(text string) (n int64) {
	_, _ = fmt.Sscan(text, &n)
	return n
}

func (f *fake) showUser(w http.ResponseWriter, id int64) error {
	if team := f.teams[id]; team != nil {
		return f.write(w, map[string]any{"id": id, "firstName": team.name, "type": "team"})
	}
	f.forget()
	u := f.users[id]
	if u == nil {
		return refuse(http.StatusNotFound)
	}
	return f.write(w, u)
}

// forget drops users whose deletion shows by now.
func (f *fake) forget() {
	for id, u := range f.users {
		if !u.until.IsZero() && !time.Now().Before(u.until) {
			delete(f.users, id)
		}
	}
}

// setStatus serves PUT /users/{id}/status.
func (f *fake) setStatus(w http.ResponseWriter, r *http.Request, id int64) error {
	if err := f.mustManage(); err != nil {
		return err
	}
	var body struct{ Status string }
	if err := f.read(r, &body); err != nil {
		return err
	}
	u := f.users[id]
	switch {
	case u == nil:
		return refuse(http.StatusNotFound)
	case body.Status != "active" && body.Status != "away":
		return refuseField("status", "EnumValue")
	}
	u.away = body.Status == "away"
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *fake) showRouting(w http.ResponseWriter, id int64) error {
	m := f.mailboxes[id]
	switch {
	case m == nil:
		return refuse(http.StatusNotFound)
	case m.routing == nil:
		return refuse(http.StatusForbidden)
	}
	return f.write(w, m.routing)
}

// setRouting replaces all of it. An enabled one needs somebody.
func (f *fake) setRouting(w http.ResponseWriter, r *http.Request, id int64) error {
	m := f.mailboxes[id]
	if m == nil || m.routing == nil {
		return refuse(http.StatusNotFound)
	}
	var body fakeRouting
	if err := f.read(r, &body); err != nil {
		return err
	}
	switch {
	case body.State != "enabled" && body.State != "disabled":
		return refuseField("state", "EnumValue")
	case body.AssignmentLimit < 1 || body.AssignmentLimit > 100:
		return refuseField("assignmentLimit", "Range")
	case body.AssignmentMethod != "round_robin" && body.AssignmentMethod != "balanced":
		return refuseField("assignmentMethod", "EnumValue")
	case body.UserIDs == nil, body.State == "enabled" && len(body.UserIDs) == 0:
		return refuseField("userIds", "NotEmpty")
	}
	*m.routing = body
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *fake) createUser(w http.ResponseWriter, r *http.Request) error {
	if err := f.mustManage(); err != nil {
		return err
	}
	var body struct {
		FirstName, LastName, Email, Role, Timezone, JobTitle, Phone string
		SendInvite                                                  *bool
		Mailboxes                                                   []struct {
			ID          int64
			EmailAccess *bool
		}
	}
	if err := f.read(r, &body); err != nil {
		return err
	}
	for _, required := range []struct{ field, value string }{{"firstName", body.FirstName}, {"lastName", body.LastName}} {
		if strings.TrimSpace(required.value) == "" {
			return refuseField(required.field, "NotBlank")
		}
		if utf8.RuneCountInString(required.value) > 40 {
			return refuseField(required.field, "Size")
		}
	}
	switch _, err := time.LoadLocation(body.Timezone); {
	case !strings.Contains(body.Email, "@"):
		return refuseField("email", "Email")
	case !slices.Contains([]string{"admin", "user", "light user"}, body.Role):
		return refuseField("role", "EnumValue")
	case utf8.RuneCountInString(body.JobTitle) > 50:
		return refuseField("jobTitle", "Size")
	case err != nil:
		return refuseField("timezone", "Timezone")
	}
	for _, u := range f.users {
		if strings.EqualFold(u.Email, body.Email) {
			return &fakeRefusal{f.taken, "email", "Unique"}
		}
	}
	switch {
	case f.seats > 0 && len(f.users) >= f.seats:
		return &fakeRefusal{http.StatusPaymentRequired, "seats", "Limit"}
	case f.noLight && body.Role == "light user":
		return refuse(http.StatusForbidden)
	}
	for i, m := range body.Mailboxes {
		if f.mailboxes[m.ID] == nil {
			return refuseField(fmt.Sprintf("mailboxes[%d].id", i), "Exists")
		}
	}
	id := f.add(&fakeUser{FirstName: body.FirstName, LastName: body.LastName, Email: body.Email, Role: body.Role,
		Timezone: body.Timezone, JobTitle: body.JobTitle, Phone: body.Phone, invited: body.SendInvite == nil || *body.SendInvite})
	for _, m := range body.Mailboxes {
		f.mailboxes[m.ID].members[id] = m.EmailAccess == nil || *m.EmailAccess
	}
	w.Header().Set("Resource-ID", formatID(id))
	w.Header().Set("Location", "https://api.helpscout.net/v2/users/"+formatID(id))
	w.WriteHeader(http.StatusCreated)
	return nil
}

func (f *fake) deleteUser(w http.ResponseWriter, id int64) error {
	if err := f.mustManage(); err != nil {
		return err
	}
	u := f.users[id]
	switch {
	case u == nil:
		return refuse(http.StatusNotFound)
	case id == f.me, u.Role == "owner":
		return refuse(http.StatusForbidden)
	}
	for _, m := range f.mailboxes {
		if m.routing != nil && m.routing.State == "enabled" && slices.Contains(m.routing.UserIDs, id) {
			return refuseField("user", "Routing")
		}
	}
	u.until = time.Now().Add(f.deleteLate)
	f.forget()
	for _, p := range f.units() {
		delete(p.members, id)
	}
	for _, c := range f.conversations {
		if c.assignee == id {
			c.assignee = 0
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *fake) listUnits(w http.ResponseWriter, r *http.Request, name string, units map[int64]*fakeUnit) error {
	if name == "teams" && f.noTeams {
		return refuse(http.StatusForbidden)
	}
	var items []any
	for _, id := range slices.Sorted(maps.Keys(units)) {
		items = append(items, map[string]any{"id": id, "name": units[id].name})
	}
	return f.writePage(w, r, name, usersPage, items)
}

func (f *fake) listMembers(w http.ResponseWriter, r *http.Request, id int64) error {
	team := f.teams[id]
	if team == nil {
		return refuse(http.StatusNotFound)
	}
	var items []any
	for _, id := range slices.Sorted(maps.Keys(team.members)) {
		items = append(items, f.users[id])
	}
	return f.writePage(w, r, "users", usersPage, items)
}

// changeMembers refuses the whole change when a part of it makes no sense.
func (f *fake) changeMembers(w http.ResponseWriter, r *http.Request, id int64) error {
	if err := f.mustManage(); err != nil {
		return err
	}
	team := f.teams[id]
	if team == nil {
		return refuse(http.StatusNotFound)
	}
	var body struct{ AddedUserIDs, DeletedUserIDs []int64 }
	if err := f.read(r, &body); err != nil {
		return err
	}
	if body.AddedUserIDs == nil || body.DeletedUserIDs == nil {
		return refuseField("addedUserIds", "NotNull")
	}
	for _, id := range body.AddedUserIDs {
		if u := f.users[id]; u == nil || u.Role == "light user" || team.members[id] {
			return refuseField("addedUserIds", "Refused")
		}
	}
	for _, id := range body.DeletedUserIDs {
		if !team.members[id] {
			return refuseField("deletedUserIds", "Refused")
		}
	}
	for _, id := range body.AddedUserIDs {
		team.members[id] = true
	}
	for _, id := range body.DeletedUserIDs {
		delete(team.members, id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
