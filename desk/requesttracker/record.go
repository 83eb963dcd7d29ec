package requesttracker

import (
	"encoding/json"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// ref points to another record. Of users ID is the Name, not the number.
type ref struct {
	Type string     `json:"type"`
	ID   kit.Scalar `json:"id"`
}

// record is a user as GET /user/{number} shows it. Disabled and Memberships
// are nil when the service account may not see them.
type record struct {
	ID           kit.Scalar    `json:"id"`
	Name         string        `json:"Name"`
	EmailAddress string        `json:"EmailAddress"`
	RealName     string        `json:"RealName"`
	WorkPhone    string        `json:"WorkPhone"`
	Timezone     string        `json:"Timezone"`
	Privileged   kit.Scalar    `json:"Privileged"`
	Created      kit.Moment    `json:"Created"`
	Disabled     *kit.Scalar   `json:"Disabled"`
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

func (r *record) id() provision.DeskUserID { return provision.DeskUserID(r.ID) }

func (r *record) path() string { return "/user/" + string(r.ID) }

// in reports whether the user is in a group.
func (r *record) in(g group) bool {
	return slices.ContainsFunc(r.Memberships, func(m ref) bool { return m.ID == g.ID })
}

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
func (d *rt) user(r *record, groups []group) (*provision.DeskUser, error) {
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
		MadeAt:      r.Created.Time,
		Active:      !r.disabled(),
		Role:        role,
		Teams:       d.teams(r, groups),
	}, nil
}

// teams returns the names of the user's groups, those that stand for roles left
// out. A group that the list does not know is disabled, or hidden from us.
func (d *rt) teams(r *record, groups []group) []string {
	var names []string
	for _, g := range groups {
		if r.in(g) && !d.settings.standsForRole(g.Name) {
			names = append(names, g.Name)
		}
	}
	return provision.Sorted(names)
}

// missingRight is the error for something that the service account may not do.
func missingRight(right, purpose string) *desk.Error {
	return desk.Errorf(desk.Permanent, "the service account lacks the right %s, which is needed %s; grant it at Admin > Global > User Rights", right, purpose)
}
