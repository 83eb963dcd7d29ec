package auditlog

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// mostNames is how many names of people and groups are kept at once.
const mostNames = 20_000

// names finds what ids are called today. What is gone has no name any more.
type names struct {
	server.Names
	sys    *server.System
	fixed  map[string]string // of connections, desks, tokens of either kind, rules and break-glass admins
	people map[string]string // and groups; "": neither
}

func newNames(ctx context.Context, sys *server.System) (*names, error) {
	n := &names{sys: sys, fixed: make(map[string]string), people: make(map[string]string)}
	var err error
	if n.Names, err = sys.LoadNames(ctx); err != nil {
		return nil, err
	}
	for _, c := range n.Connections {
		n.fixed[string(c.ID)] = c.Name
	}
	for _, d := range n.Desks {
		n.fixed[string(d.ID)] = d.Name
	}
	tokens, err := sys.Core.Tokens.Tokens(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		n.fixed[string(t.ID)] = t.Name
	}
	rules, err := sys.Core.Settings.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		n.fixed[string(r.ID)] = cmp.Or(r.Group, r.Attribute+" = "+r.Equals) + " → " + n.DeskName(r.Desk) + " " + string(r.Role)
	}
	admins, err := sys.Core.BreakGlass.Admins(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range admins {
		n.fixed[string(a.ID)] = a.Name
	}
	apiTokens, err := sys.Core.Administration.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range apiTokens {
		n.fixed[string(t.ID)] = t.Name
	}
	return n, nil
}

// name returns what an id is called; "" when nobody knows.
func (n *names) name(ctx context.Context, conn provision.ConnectionID, id string) (string, error) {
	if name, ok := n.fixed[id]; ok {
		return name, nil
	}
	if name, ok := n.people[id]; ok {
		return name, nil
	}
	if uuid.Validate(id) != nil { // a reference, a hash, a domain
		return "", nil
	}
	name, err := n.find(ctx, conn, id)
	if err != nil {
		return "", err
	}
	if len(n.people) >= mostNames {
		clear(n.people)
	}
	n.people[id] = name
	return name, nil
}

func (n *names) find(ctx context.Context, conn provision.ConnectionID, id string) (string, error) {
	people, err := n.sys.Core.Directory.FindPeople(ctx, id)
	if err != nil && !provision.IsNotFound(err) {
		return "", err
	}
	for _, p := range people {
		if string(p.ID) != id {
			continue
		}
		name := cmp.Or(p.Profile.DisplayName, strings.TrimSpace(p.Profile.GivenName+" "+p.Profile.FamilyName))
		address := cmp.Or(p.Profile.Email, p.UserName)
		if name == "" || name == address {
			return address, nil
		}
		return name + " <" + address + ">", nil
	}
	if conn == "" {
		return "", nil
	}
	g, err := n.sys.Core.Directory.Group(ctx, conn, provision.GroupID(id))
	if provision.IsNotFound(err) {
		return "", nil
	}
	return g.DisplayName, err
}

// called returns a name with its id beside it, or the id alone.
func (n *names) called(ctx context.Context, conn provision.ConnectionID, id string) (string, error) {
	name, err := n.name(ctx, conn, id)
	if err != nil || name == "" {
		return id, err
	}
	return fmt.Sprintf("%s [%s]", name, id), nil
}
