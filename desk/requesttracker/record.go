package requesttracker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// text is a scalar that RT writes as a string in one place and as a number in
// another: ids, flags, counts ("pages" may be 0.0). null is "".
type text string

// UnmarshalJSON accepts a string, a number or null.
func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		*t = ""
		return nil
	case data[0] == '"':
		var s string
		err := json.Unmarshal(data, &s)
		*t = text(s)
		return err
	case data[0] == '{' || data[0] == '[' || data[0] == 't' || data[0] == 'f':
		return fmt.Errorf("a string or a number was expected")
	}
	*t = text(strings.TrimSuffix(string(data), ".0"))
	return nil
}

// ref points to another record. Of users ID is the Name, not the number.
type ref struct {
	Type string `json:"type"`
	ID   text   `json:"id"`
}

// record is a user as GET /user/{number} shows it. Disabled and Memberships
// are nil when the service account may not see them.
type record struct {
	ID           text          `json:"id"`
	Name         string        `json:"Name"`
	EmailAddress string        `json:"EmailAddress"`
	RealName     string        `json:"RealName"`
	WorkPhone    string        `json:"WorkPhone"`
	Timezone     string        `json:"Timezone"`
	Privileged   text          `json:"Privileged"`
	Disabled     *text         `json:"Disabled"`
	Memberships  []ref         `json:"Memberships"` // groups, those joined through other groups too
	CustomFields []customField `json:"CustomFields"`
	Links        []link        `json:"_hyperlinks"`
}

type customField struct {
	Name   string            `json:"name"`
	Values []json.RawMessage `json:"values"` // strings; objects for uploads
}

type link struct {
	Ref string `json:"ref"`
}

func (r *record) privileged() bool { return r.Privileged == "1" }
func (r *record) disabled() bool   { return r.Disabled != nil && *r.Disabled == "1" }

func (r *record) memberOf(group string) bool {
	return slices.ContainsFunc(r.Memberships, func(m ref) bool { return string(m.ID) == group })
}

// in reports whether the user is in a group.
func (r *record) in(g group) bool { return r.memberOf(string(g.ID)) }

// field returns the first value of a custom field. present is false when the
// user has no such field, or the service account may not see it.
func (r *record) field(name string) (value string, present bool) {
	for _, f := range r.CustomFields {
		if f.Name != name {
			continue
		}
		if len(f.Values) > 0 {
			_ = json.Unmarshal(f.Values[0], &value) // an upload is no external id of ours
		}
		return value, true
	}
	return "", false
}

// complete fails when the service account sees only the summary of a user: to
// take what is missing for "not disabled, in no group" would be a lie.
func (r *record) complete() error {
	if r.Disabled == nil || r.Memberships == nil {
		return missingRight("AdminUsers", "to read whether a user is enabled and which groups they are in")
	}
	return nil
}

// internal are the users that RT cannot do without. None of them is a person;
// as owners they are never touched.
var internal = []string{"root", "RT_System", "Nobody"}

// user translates a record.
func (d *rt) user(r *record, groups groupList) (*provision.DeskUser, error) {
	role, err := d.role(r, groups)
	if err != nil {
		return nil, err
	}
	externalID, _ := r.field(d.settings.externalIDField)
	return &provision.DeskUser{
		ID:          provision.DeskUserID(r.ID),
		ExternalID:  externalID,
		Email:       r.EmailAddress,
		UserName:    r.Name,
		DisplayName: r.RealName,
		Phone:       r.WorkPhone,
		Timezone:    r.Timezone,
		Active:      !r.disabled(),
		Role:        role,
		Teams:       d.teams(r, groups),
	}, nil
}

// teams returns the names of the user's groups, those that stand for roles left
// out. A group that the list does not know is disabled, or hidden from us.
func (d *rt) teams(r *record, groups groupList) []string {
	var names []string
	for _, m := range r.Memberships {
		if name := groups.name(string(m.ID)); name != "" && !d.settings.standsForRole(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// missingRight is the error for something that the service account may not do.
func missingRight(right, purpose string) *desk.Error {
	return desk.Errorf(desk.Permanent, "the service account lacks the right %s, which is needed %s; grant it at Admin > Global > User Rights", right, purpose)
}
