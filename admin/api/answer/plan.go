package answer

import "github.com/deskbridge/deskbridge/provision/plan"

// PlanChange is one object that a plan adds, changes or removes.
type PlanChange struct {
	Action string   `json:"action" enum:"add,change,remove"`
	Kind   string   `json:"kind" enum:"connection,desk,rule"`
	Name   string   `json:"name"`
	Fields []string `json:"fields,omitempty"`
	Before *Granted `json:"before,omitempty"`
	After  *Granted `json:"after,omitempty"`
}

// PlanChangeOf returns what the API tells of c.
func PlanChangeOf(c plan.Change) PlanChange {
	return PlanChange{c.Action, c.Kind, c.Name, c.Fields, grantedOf(c.Before), grantedOf(c.After)}
}

// Granted is what a rule grants.
type Granted struct {
	Role      string   `json:"role,omitempty"`
	Teams     []string `json:"teams,omitempty"`
	Mailboxes []string `json:"mailboxes,omitempty"`
	DeskRoles []string `json:"desk_roles,omitempty"`
	Until     string   `json:"until,omitempty" doc:"as a draft has it; absent: for ever"`
}

func grantedOf(g *plan.Granted) *Granted {
	if g == nil {
		return nil
	}
	return &Granted{string(g.Role), g.Teams, g.Mailboxes, g.DeskRoles, g.Until}
}
