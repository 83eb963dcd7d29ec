package auditlog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	mostNames   = 20_000 // of people and groups, kept at once
	askedAtOnce = 500
)

// names finds what ids are called today. What is gone has no name any more.
type names struct {
	server.Names
	sys    *server.System
	fixed  map[string]string // of connections, desks, tokens of either kind, rules and break-glass admins
	people map[string]string // and groups; "": neither
	most   int               // of a list, as it is told; 0: all of it
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
	if err := n.learn(ctx, []string{id}); err != nil {
		return "", err
	}
	name := n.people[id]
	if name == "" && conn != "" {
		g, err := n.sys.Core.Directory.Group(ctx, conn, provision.GroupID(id))
		if err != nil && !provision.IsNotFound(err) {
			return "", err
		}
		name = g.DisplayName
	}
	n.people[id] = name
	return name, nil
}

// learn looks up at once which of ids are people, and what those are called.
func (n *names) learn(ctx context.Context, ids []string) error {
	var unknown []provision.IdentityID
	for _, id := range ids {
		_, fixed := n.fixed[id]
		if _, known := n.people[id]; !fixed && !known && uuid.Validate(id) == nil {
			unknown = append(unknown, provision.IdentityID(id))
		}
	}
	if len(n.people)+len(unknown) > mostNames {
		clear(n.people)
	}
	for some := range slices.Chunk(unknown, askedAtOnce) {
		people, err := n.sys.Core.Report.PeopleByID(ctx, some)
		if err != nil {
			return err
		}
		for _, p := range people {
			n.people[string(p.ID)] = calledBy(p)
		}
	}
	return nil
}

// calledBy is a person's name with the address, or the address alone.
func calledBy(p provision.Identity) string {
	name := cmp.Or(p.Profile.DisplayName, strings.TrimSpace(p.Profile.GivenName+" "+p.Profile.FamilyName))
	address := cmp.Or(p.Profile.Email, p.UserName)
	if name == "" || name == address {
		return address
	}
	return name + " <" + address + ">"
}

// called returns a name with its id beside it, or the id alone.
func (n *names) called(ctx context.Context, conn provision.ConnectionID, id string) (string, error) {
	name, err := n.name(ctx, conn, id)
	if err != nil || name == "" {
		return id, err
	}
	return fmt.Sprintf("%s [%s]", name, id), nil
}
