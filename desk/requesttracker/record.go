package requesttracker

import (
	"context"
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

// numbered returns the numbers of those records that are of a type.
func numbered(refs []ref, of string) (ids []int64) {
	for _, r := range refs {
		if r.Type == of {
			ids = append(ids, r.ID.Number())
		}
	}
	return ids
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

func (r *record) email() string { return r.EmailAddress }
func (r *record) name() string  { return r.Name }

func (r *record) id() provision.DeskUserID { return provision.DeskUserID(r.ID) }

func (r *record) path() string { return "/user/" + string(r.ID) }

// in reports whether the user is in a group.
func (r *record) in(g kit.Entry) bool {
	return slices.Contains(numbered(r.Memberships, "group"), g.ID)
}

// has reports whether the user has a custom field, and the service account may see it.
func (r *record) has(name string) bool {
	return slices.ContainsFunc(r.CustomFields, func(f customField) bool { return f.Name == name })
}

// field returns the first value of a custom field; "" is none.
func (r *record) field(name string) (value string) {
	for _, f := range r.CustomFields {
		if f.Name == name && len(f.Values) > 0 {
			_ = json.Unmarshal(f.Values[0], &value) // an upload is no external id of ours
		}
	}
	return value
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

// user translates a record. A group that the list of groups does not know is disabled, or hidden
// from us.
func (d *rt) user(ctx context.Context, r *record) (*provision.DeskUser, error) {
	groups, err := d.groups.List(ctx)
	if err != nil {
		return nil, err
	}
	return d.userIn(ctx, r, kit.NamesOf(groups, numbered(r.Memberships, "group")...))
}

// userIn translates a record of somebody in some groups. Those that stand for roles are no teams.
func (d *rt) userIn(ctx context.Context, r *record, groups []string) (*provision.DeskUser, error) {
	role, err := d.role(ctx, r, groups)
	if err != nil {
		return nil, err
	}
	return &provision.DeskUser{
		ID: r.id(), ExternalID: r.field(d.settings.externalIDField), Email: r.EmailAddress, UserName: r.Name, DisplayName: r.RealName, Phone: r.WorkPhone, Timezone: r.Timezone,
		MadeAt: r.Created.Time, Active: !r.disabled(), Role: role, Teams: provision.Sorted(slices.DeleteFunc(groups, d.settings.standsForRole)),
	}, nil
}

// missingRight is the error for something that the service account may not do.
func missingRight(right, purpose string) *desk.Error {
	return desk.Errorf(desk.Permanent, "the service account lacks the right %s, which is needed %s; grant it at Admin > Global > User Rights", right, purpose)
}
