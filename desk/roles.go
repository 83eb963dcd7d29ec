package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// RoleInfo is a role of the desk's own, beside the few that every desk has: with a
// title that its administrators chose, and rights that they may change.
type RoleInfo struct {
	ID    string         // stays when it is renamed, and no other gets it when it is deleted; "" where the desk has none
	Title string         // by which rules name it; unique
	Rank  provision.Role // what it amounts to: with admin its holder could take any right
}

// RoleChanger is a [Desk] that has roles of its own, of which a user may have
// several or none. Rules name them besides a role of ours. They are governed like
// teams: those that no rule names stay as they are.
//
// Find and List tell them in DeskUser.DeskRoles, and tell the Role admin of whoever
// has one that amounts to that. Admins counts by that Role. Create gives them with
// the role, or leaves them for ChangeRoles. A role that stands for one of ours,
// which SetRole gives and takes, is none of them.
type RoleChanger interface {
	// Roles returns the desk's roles, by title, as they are now. What it tells may be
	// some seconds old.
	Roles(ctx context.Context) ([]RoleInfo, error)

	// ChangeRoles adds and removes by title, as a difference: what is named in
	// neither list stays. Adding twice and removing what is not there succeed. An
	// unknown title is a Permanent error with its Place.
	ChangeRoles(ctx context.Context, id provision.DeskUserID, add, remove []string) error
}

// RuleChecker is a [Desk] that knows of rules which can never do what they say, or
// do more than they say.
type RuleChecker interface {
	// CheckRule returns what is wrong with a rule of this desk, for an admin. It
	// does no I/O, and judges this rule alone: what others grant the same people
	// comes on top.
	CheckRule(rule provision.Rule) []Problem
}

// Problem is what is wrong with a rule.
type Problem struct {
	Detail  string // what will happen, and what to write instead; a sentence without a full stop
	Warning bool   // the rule may stand; else it is refused
}
