package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// What Zendesk calls roles.
const (
	endUser = "end-user"
	agent   = "agent"
	admin   = "admin"
)

// Kinds of agents, as a user and a custom role show them. Others are agents like any
// other: custom ones (0), admins (4) and billing admins (5).
const (
	lightAgent  = 1
	chatAgent   = 2
	contributor = 3
)

// record is a user as Zendesk shows it. What is null there is zero here.
type record struct {
	ID           int64      `json:"id"`
	Email        string     `json:"email"` // the primary address
	Name         string     `json:"name"`
	Phone        string     `json:"phone"`
	ExternalID   string     `json:"external_id"`
	Role         string     `json:"role"`
	Kind         int        `json:"role_type"`
	CustomRole   int64      `json:"custom_role_id"`
	DefaultGroup int64      `json:"default_group_id"`
	Active       bool       `json:"active"` // false: deleted
	Suspended    bool       `json:"suspended"`
	Verified     *bool      `json:"verified"` // one of the addresses is; nil: not shown
	ChatOnly     bool       `json:"chat_only"`
	Shared       bool       `json:"shared"` // another Zendesk's
	SharedAgent  bool       `json:"shared_agent"`
	MadeAt       kit.Moment `json:"created_at"`
	LastLogin    kit.Moment `json:"last_login_at"`

	lacks string // of what access rests on, the first that is not shown
}

// UnmarshalJSON reads a record, and notes what it lacks.
func (r *record) UnmarshalJSON(data []byte) error {
	type plain record
	r.lacks = kit.Lacking(data, "id", "email", "name", "external_id", "role", "active", "suspended")
	return json.Unmarshal(data, (*plain)(r))
}

func (r *record) id() provision.DeskUserID { return provision.DeskUserID(strconv.FormatInt(r.ID, 10)) }

func (r *record) path() string { return "/users/" + strconv.FormatInt(r.ID, 10) }

// foreign says why a user is none that may be changed; "" is one that may.
func (r *record) foreign() string {
	switch {
	case r.Shared || r.SharedAgent:
		return "is shared by another Zendesk"
	case r.ChatOnly || r.Kind == chatAgent:
		return "is an agent of Zendesk Chat alone"
	}
	return ""
}

// roleOf returns the role that a record shows. Whoever is not ours to change counts as
// an owner. Light agents and contributors may not own tickets; whoever has a custom role
// that no setting names counts as an agent.
func (d *directory) roleOf(r *record, limited *customRole) provision.Role {
	switch {
	case r.foreign() != "":
		return provision.RoleOwner
	case r.Role == endUser:
		return provision.RoleNone
	case r.Role == admin:
		return provision.RoleAdmin
	case r.Kind == lightAgent, r.Kind == contributor, limited != nil && r.CustomRole == limited.ID:
		return provision.RoleLimited
	}
	return provision.RoleAgent
}

// works reports whether a user may own tickets.
func (d *directory) works(r *record, limited *customRole) bool {
	return !r.Suspended && d.roleOf(r, limited).Rank() >= provision.RoleAgent.Rank() && r.foreign() == ""
}

// unproven reports whether a user of ours has no verified address, which an interrupted
// change leaves behind: then the address does not count as written. With welcome_email it is
// the person who verifies it.
func (d *directory) unproven(r *record) bool {
	return r.Verified != nil && !*r.Verified && r.ExternalID != "" && !d.settings.welcomeEmail
}

// user translates a record.
func (d *directory) user(r *record, limited *customRole, teams []string) *provision.DeskUser {
	u := &provision.DeskUser{
		ID: r.id(), ExternalID: r.ExternalID, Email: r.Email, UserName: r.Email, DisplayName: r.Name, Phone: kit.E164(r.Phone),
		Active: !r.Suspended, Role: d.roleOf(r, limited), MadeAt: r.MadeAt.Time, LastLogin: r.LastLogin.Time, Teams: provision.Sorted(teams),
	}
	if d.unproven(r) {
		u.Email = ""
	}
	return u
}

// maxNameLength is in characters. Zendesk documents none; its database ends here.
const maxNameLength = 255

// Fit returns want as Zendesk keeps it: one name for the whole person, and a phone
// number with its country, in digits. It has no place for a job title, and its time zones
// are not those of the IANA database.
func (d *zendesk) Fit(want provision.DeskUser) provision.DeskUser {
	want.Phone = kit.E164(want.Phone)
	return people.OneName(want, maxNameLength)
}

// customRole is one that admins make, or that of light agents.
type customRole struct {
	kit.Entry
	Kind int `json:"role_type"`
}

// rolesAge is how long the custom roles are taken for true: settings name them.
const rolesAge = 5 * time.Minute

func groupsOf(c *client) *kit.Groups {
	type group struct {
		kit.Entry
		Deleted bool `json:"deleted"`
	}
	groups := named.Groups(vendor, "group", "Admin Center > People > Team > Groups", func(ctx context.Context) (there []kit.Entry, _ error) {
		all, err := list[group](c, "/groups", "groups", nil, nil).All(ctx)
		for _, g := range all {
			if !g.Deleted {
				there = append(there, g.Entry)
			}
		}
		return there, err
	})
	groups.Several = vendor.Namesakes("group")
	return groups
}

// rolesOf returns the custom roles, which come on one page. Smaller plans have none.
func rolesOf(c *client) named.Finder[customRole] {
	roles := named.Catalogue(func(r customRole) string { return r.Name }, func(ctx context.Context) ([]customRole, error) {
		var answer struct {
			Roles []customRole `json:"custom_roles"`
		}
		err := c.Get(ctx, "/custom_roles", nil, &answer)
		switch {
		case errors.Is(err, kit.ErrForbidden):
			return nil, desk.Errorf(desk.Permanent, "this Zendesk shows no custom roles, which its plan may not have: leave the settings agent_role and limited_role out, or upgrade it")
		case err == nil && answer.Roles == nil:
			err = vendor.NoList("custom roles")
		}
		return answer.Roles, err
	})
	roles.Age, roles.Several = rolesAge, vendor.Namesakes("role")
	return named.Finder[customRole]{Vendor: vendor, What: "role", At: "Admin Center > People > Team > Roles", Among: roles}
}

// limited returns the role that stands for limited; nil where no setting names one.
func (d *directory) limited(ctx context.Context) (*customRole, error) {
	return d.role(ctx, provision.RoleLimited)
}

// role returns the custom role that a setting names for one of ours; nil where none does.
func (d *directory) role(ctx context.Context, of provision.Role) (*customRole, error) {
	if d.settings.roles.Of(of) == "" {
		return nil, nil
	}
	return d.roles.Find(ctx, d.settings.roles, of)
}
