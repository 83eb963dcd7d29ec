package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// BindRule binds r to the group that it names, when there is one.
func BindRule(ctx context.Context, store Store, r provision.Rule) (provision.Rule, error) {
	if r.Group == "" {
		return r, nil
	}
	g, err := store.GroupByName(ctx, r.Connection, r.Group)
	if err != nil && !provision.IsNotFound(err) {
		return provision.Rule{}, err
	}
	r.GroupID = ""
	if err == nil && provision.SameWord(r.Group, g.DisplayName) {
		r.GroupID = g.ID
	}
	return r, nil
}
