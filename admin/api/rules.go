package api

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
)

// Rule says what a group or an attribute grants on a desk.
type Rule struct {
	ID         string   `json:"id"`
	Connection string   `json:"connection"`
	Desk       string   `json:"desk"`
	Group      string   `json:"group,omitempty"`
	GroupID    string   `json:"group_id,omitempty" doc:"the group that the name is bound to; absent where none was pushed"`
	Attribute  string   `json:"attribute,omitempty"`
	Equals     string   `json:"equals,omitempty"`
	Role       string   `json:"role,omitempty"`
	Teams      []string `json:"teams,omitempty"`
	Mailboxes  []string `json:"mailboxes,omitempty"`
	DeskRoles  []string `json:"desk_roles,omitempty" doc:"of the desk's own; role is at least what they amount to"`
	Until      string   `json:"until,omitempty" doc:"the last day, in UTC, on which it grants, or a moment, as a draft has it; absent: for ever"`
}

func (n *names) rule(r provision.Rule) Rule {
	return Rule{string(r.ID), n.connections[r.Connection], n.desks[r.Desk], r.Group, string(r.GroupID), r.Attribute, r.Equals, string(r.Role), r.Teams, r.Mailboxes, r.DeskRoles, provision.FormatUntil(r.Until)}
}

func (a *API) ruleRoutes() {
	handle(a, route{"list-rules", http.MethodGet, "/rules", admin.RulesRead, "Rules", "Rules: which group or attribute grants what", 0},
		func(ctx context.Context, who asked, in *struct {
			Connection string `query:"connection" doc:"name or id"`
			Desk       string `query:"desk" doc:"name or id"`
		}) (*paged[Rule], error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			desk, err := a.desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			rules, err := a.core.Settings.Rules(ctx, conn)
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			if err != nil {
				return nil, err
			}
			var shown []provision.Rule
			for _, r := range rules {
				seen := !who.LimitedTo(admin.RulesRead) || who.Standing.Reaches(r.Desk, nil, nil)
				if (desk == "" || r.Desk == desk) && seen {
					shown = append(shown, r)
				}
			}
			return all(shown, n.rule), nil
		})
}
