package helpy

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// list answers with the users of whom want holds. Who is doomed is shown a few
// times more.
func (f *fake) list(want func(*fakeUser) bool) reply {
	rows := []any{}
	for _, u := range f.users {
		if u.doomed < 0 || !want(u) {
			continue
		}
		rows = append(rows, maps.Clone(u.shown))
		if u.doomed > 0 {
			if u.doomed--; u.doomed == 0 {
				u.doomed = -1
			}
		}
	}
	return reply{status: http.StatusOK, body: rows}
}

// search finds whole words, and takes apart what is no plain word or address:
// those it does not find.
func (f *fake) search(q string) reply {
	if q == "" {
		return refuse(http.StatusBadRequest, "q is missing")
	}
	if strings.ContainsAny(q, "'+?\\:") {
		return reply{status: http.StatusOK, body: []any{}}
	}
	return f.list(func(u *fakeUser) bool {
		for word := range strings.FieldsSeq(strings.ToLower(q)) {
			found := slices.ContainsFunc([]string{"name", "login", "email", "company", "account_number", "work_phone"}, func(name string) bool {
				return slices.Contains(strings.Fields(strings.ToLower(u.text(name))), word)
			})
			if !found {
				return false
			}
		}
		return true
	})
}

var fakeRoles = []string{"user", "editor", "agent", "admin"}

// declared is what Grape refuses of a body.
func (f *fake) declared(body map[string]any) (refused *reply) {
	f.only(body, append(written[:], "password")...)
	for _, name := range []string{"name", "email", "password"} {
		if _, sent := body[name]; !sent {
			r := refuse(http.StatusBadRequest, name+" is missing")
			return &r
		}
	}
	if body["role"] == nil {
		body["role"] = "user"
	}
	if body["priority"] == nil {
		body["priority"] = "normal"
	}
	if role, _ := body["role"].(string); !slices.Contains(fakeRoles, role) {
		r := refuse(http.StatusBadRequest, "role does not have a valid value")
		return &r
	}
	for name, value := range body {
		if text, ok := value.(string); ok && strings.ContainsRune(text, 0) {
			f.t.Errorf("%s holds a character that the database does not take", name)
		}
	}
	return nil
}

var fakeEmail = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)

// invalid is what validations say against a user.
func (f *fake) invalid(self *fakeUser, name, email string, password any) string {
	secret, _ := password.(string)
	switch {
	case strings.TrimSpace(name) == "":
		return "Validation failed: Name can't be blank"
	case !fakeEmail.MatchString(email):
		return "Validation failed: Email is invalid"
	case f.holder(self, email):
		return "Validation failed: Email has already been taken"
	case password == nil && self == nil, password != nil && strings.TrimSpace(secret) == "":
		return "Validation failed: Password can't be blank"
	case password != nil && (len(secret) < 8 || len(secret) > 128):
		return "Validation failed: Password is too short (minimum is 8 characters)"
	}
	return ""
}

// holder reports whether another user has an address.
func (f *fake) holder(self *fakeUser, email string) bool {
	return slices.ContainsFunc(f.users, func(u *fakeUser) bool { return u != self && u.doomed >= 0 && u.text("email") == email })
}

var fakeDropped = regexp.MustCompile(`\A('|")|\d|('|")\z`)

// keep is what becomes of name and address before they are kept.
func keep(body map[string]any) (name, email string) {
	name, _ = body["name"].(string)
	email, _ = body["email"].(string)
	return fakeDropped.ReplaceAllString(name, ""), strings.ToLower(strings.TrimSpace(email))
}

// create looks whether the address is taken and then writes: others may come in
// between, and then the database objects.
func (f *fake) create(body map[string]any) reply {
	if refused := f.declared(body); refused != nil {
		return *refused
	}
	name, email := keep(body)
	if words := f.invalid(nil, body["name"].(string), email, body["password"]); words != "" {
		return refuse(http.StatusUnprocessableEntity, words)
	}
	if body["status"] != "available" || body["language"] == nil {
		f.t.Errorf("the new user has the status %v and the language %v", body["status"], body["language"])
	}
	f.mu.Unlock()
	runtime.Gosched()
	f.mu.Lock()
	if f.holder(nil, email) {
		return crash
	}
	u := f.row(body)
	u.shown["name"], u.shown["email"], u.password = name, email, body["password"].(string)
	if u.shown["active"] == nil {
		u.shown["active"] = true
	}
	f.users = append(f.users, u)
	return reply{status: http.StatusCreated, body: u.shown}
}

// update writes every field. What was not sent would be gone.
func (f *fake) update(u *fakeUser, body map[string]any) reply {
	if refused := f.declared(body); refused != nil {
		return *refused
	}
	if u == nil {
		return crash
	}
	name, email := keep(body)
	if words := f.invalid(u, body["name"].(string), email, body["password"]); words != "" {
		return refuse(http.StatusUnprocessableEntity, words)
	}
	for _, field := range written {
		if _, sent := body[field]; !sent {
			f.t.Errorf("the change of user %d would empty %s", u.id(), field)
		}
		u.shown[field] = body[field]
	}
	if u.id() == systemUser {
		f.t.Error("Helpy's own user is changed")
	}
	u.shown["name"], u.shown["email"] = name, email
	if secret, ok := body["password"].(string); ok {
		f.t.Errorf("the change of user %d sets a new password", u.id())
		u.password = secret
	}
	return reply{status: http.StatusOK, body: u.shown}
}

func noRow(id int64) reply {
	return refuse(http.StatusNotFound, fmt.Sprintf("Couldn't find User with 'id'=%d", id))
}

// delete says that it did, also of whom it spares.
func (f *fake) delete(u *fakeUser, id int64) reply {
	if u == nil {
		return noRow(id)
	}
	if u.text("role") != "admin" && id != systemUser {
		f.unassignAll(id)
		if u.doomed = f.lazy; f.lazy == 0 {
			u.doomed = -1
		}
	}
	return reply{status: http.StatusNoContent}
}

func (f *fake) anonymize(u *fakeUser, id int64) reply {
	if u == nil {
		return noRow(id)
	}
	if u.text("role") != "admin" && id != systemUser {
		f.unassignAll(id)
		for _, name := range []string{"signature", "home_phone", "work_phone", "cell_phone", "company", "street", "city", "state", "zip", "title", "twitter", "linkedin", "bio", "account_number"} {
			u.shown[name] = nil
		}
		u.shown["login"], u.shown["name"], u.shown["role"], u.shown["active"] = "anon", "Anonymous User", "user", false
		u.shown["email"], u.password = fmt.Sprintf("change@me-%010x.anonymous", id), ""
	}
	return reply{status: http.StatusCreated, body: u.shown}
}
