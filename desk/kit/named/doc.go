// Package named is what connectors do alike with what administrators call by name: the roles
// or groups of a desk that stand for roles of ours, in settings ([Roles], [Find]), and the
// groups that are teams, in rules ([Groups]), and other teams and mailboxes ([Places]).
//
// Names are compared without regard to letter case. The package knows no vendor.
package named
