package helpy

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// record is a user as Helpy shows it. What is null there is empty here.
type record struct {
	ID            int64      `json:"id"`
	Email         string     `json:"email"`
	Name          string     `json:"name"`
	Role          string     `json:"role"`
	Title         string     `json:"title"`
	WorkPhone     string     `json:"work_phone"`
	AccountNumber string     `json:"account_number"`
	Active        bool       `json:"active"` // null is false: nobody signs in with it
	Groups        []string   `json:"team_list"`
	MadeAt        kit.Moment `json:"created_at"`

	lacks []string // of what access rests on, what is not shown
}

// UnmarshalJSON reads a record, and notes what it lacks.
func (r *record) UnmarshalJSON(data []byte) error {
	type plain record
	var shown map[string]json.RawMessage
	err := errors.Join(json.Unmarshal(data, (*plain)(r)), json.Unmarshal(data, &shown))
	for _, name := range [...]string{"email", "role", "active", "account_number", "team_list"} {
		if shown[name] == nil {
			r.lacks = append(r.lacks, name)
		}
	}
	return err
}

// written are the fields that a PATCH of a user writes; one that is not sent is
// emptied, and a role that is not sent becomes "user". The password comes on top
// (see change).
var written = [...]string{"login", "email", "account_number", "name", "bio", "signature", "role", "home_phone", "work_phone", "cell_phone",
	"company", "street", "city", "state", "zip", "title", "twitter", "linkedin", "language", "active", "priority", "notes", "status"}

// whole is a record with all of the fields that a PATCH writes, as they came.
type whole struct {
	record
	fields map[string]json.RawMessage
}

// UnmarshalJSON reads both.
func (w *whole) UnmarshalJSON(data []byte) error {
	return errors.Join(json.Unmarshal(data, &w.record), json.Unmarshal(data, &w.fields))
}

// unseen returns the fields that a change would empty because this Helpy does not
// show them.
func (w *whole) unseen() (names []string) {
	for _, name := range written {
		if _, shown := w.fields[name]; !shown {
			names = append(names, name)
		}
	}
	return names
}

// systemUser is the number of Helpy's own user, in whose name it writes notes.
// Helpy goes by the number.
const systemUser = 2

// mark is what our external id has before it where Helpy keeps it, in the account
// number: companies have numbers of their own there.
const mark = "deskbridge-"

func (r *record) id() provision.DeskUserID {
	return provision.DeskUserID(strconv.FormatInt(r.ID, 10))
}

func (r *record) path() string { return "/users/" + strconv.FormatInt(r.ID, 10) }

func (r *record) externalID() string {
	id, ours := strings.CutPrefix(r.AccountNumber, mark)
	if !ours {
		return ""
	}
	return id
}

// words are what Helpy calls the roles.
var words = map[provision.Role]string{
	provision.RoleNone:    "user",
	provision.RoleLimited: "editor",
	provision.RoleAgent:   "agent",
	provision.RoleAdmin:   "admin",
}

// role returns the user's role. Who has none that Helpy knows counts as an agent:
// Helpy makes one of whoever accepts an invitation without a role.
func (r *record) role() provision.Role {
	for role, word := range words {
		if r.Role == word {
			return role
		}
	}
	return provision.RoleAgent
}

// works reports whether the user may own tickets.
func (r *record) works() bool { return r.Active && r.role().Rank() >= provision.RoleAgent.Rank() }

// in reports whether the user is in a group, whatever that means for others than
// agents.
func (r *record) in(group string) bool { return provision.ContainsFold(r.Groups, group) }

// sees reports whether the user may see a ticket of some groups. Admins see all,
// and so do agents who are in no group.
func (r *record) sees(groups []string) bool {
	return r.role() == provision.RoleAdmin || len(r.Groups) == 0 || slices.ContainsFunc(groups, r.in)
}

// user translates a record. Only who works is in teams: of others Helpy keeps
// the groups, without a meaning, and its pages show them nowhere. People sign in by
// address: the login that Helpy has besides is not one, and may be another's too.
func (r *record) user() *provision.DeskUser {
	u := &provision.DeskUser{
		ID:          r.id(),
		ExternalID:  r.externalID(),
		Email:       r.Email,
		DisplayName: r.Name,
		Title:       r.Title,
		Phone:       r.WorkPhone,
		Active:      r.Active,
		Role:        r.role(),
		MadeAt:      r.MadeAt.Time,
	}
	if r.works() {
		u.Teams = provision.Sorted(r.Groups)
	}
	return u
}

func sameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }
