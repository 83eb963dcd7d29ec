package report

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/internal/spelling"

	"github.com/deskbridge/deskbridge/provision"
)

// Group is a line of a list of groups.
type Group struct {
	provision.Group // without document
	ConnectionName  string
	Members         int // direct ones
	Rules           []provision.Rule
}

// Groups returns a page of groups, connection by connection in the order of
// their names, and in each by displayName. next is what the page after it
// begins with; "" on the last. With a connection it is that one's, and search is
// looked for in the displayName.
func (s *Service) Groups(ctx context.Context, conn provision.ConnectionID, search string, page Page) (found []Group, next string, _ error) {
	at, err := placeOf("groups", page.After)
	if err != nil {
		return nil, "", err
	}
	connections, err := s.from(ctx, conn, at)
	if err != nil {
		return nil, "", err
	}
	rules, err := s.store.Rules(ctx, conn)
	if err != nil {
		return nil, "", err
	}
	limit := page.limit()
	var last place
	for _, c := range connections {
		q := GroupQuery{Connection: c.ID, Search: strings.TrimSpace(search), Limit: limit + 1 - len(found)}
		if c.Name == at.Connection {
			q.AfterName = at.Name
		}
		rows, err := s.store.ListGroups(ctx, q)
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			if len(found) == limit {
				return found, last.text(), nil
			}
			found = append(found, Group{Group: r.Group, ConnectionName: c.Name, Members: r.Members, Rules: rulesOf(rules, r.Group.ID)})
			last = place{List: "groups", Connection: c.Name, Name: r.Sort}
		}
	}
	return found, "", nil
}

// rulesOf returns those of rules that are bound to a group.
func rulesOf(rules []provision.Rule, id provision.GroupID) (bound []provision.Rule) {
	for _, r := range rules {
		if r.GroupID == id {
			bound = append(bound, r)
		}
	}
	return bound
}

// GroupDetail is one group with what is known of it.
type GroupDetail struct {
	Group
	People int // direct members that are people
	Groups int // and groups
	First  []MemberRow
	Next   string // where First goes on; "" when that is all
}

// Group returns the group of a name or id; conn narrows the search, and is
// needed where several connections have a group of that name. page is of its
// members.
func (s *Service) Group(ctx context.Context, conn provision.ConnectionID, nameOrID string, page Page) (d GroupDetail, _ error) {
	at, err := placeOf("members", page.After)
	if err != nil {
		return d, err
	}
	found, err := s.groupsNamed(ctx, conn, nameOrID)
	switch {
	case err != nil:
		return d, err
	case len(found) == 0:
		return d, s.noGroup(ctx, nameOrID)
	case len(found) > 1:
		names := make([]string, len(found))
		for i, g := range found {
			names[i] = g.ConnectionName
		}
		return d, provision.Errorf(provision.Invalid, "connection", "the connections %s each have a group %q; say which", strings.Join(names, ", "), provision.Clip(nameOrID))
	}
	d.Group = found[0]
	rules, err := s.store.Rules(ctx, d.Connection)
	if err != nil {
		return d, err
	}
	d.Rules = rulesOf(rules, d.ID)
	if d.People, d.Groups, err = s.store.CountMembers(ctx, d.ID); err != nil {
		return d, err
	}
	d.Members = d.People + d.Groups
	limit := page.limit()
	if d.First, err = s.store.ListMembers(ctx, d.ID, at.Order, limit+1); err != nil {
		return d, err
	}
	if len(d.First) > limit {
		d.First = d.First[:limit]
		d.Next = place{List: "members", Order: d.First[limit-1].Order}.text()
	}
	return d, nil
}

// groupsNamed returns the groups of a name, of each connection, or the one of an id.
func (s *Service) groupsNamed(ctx context.Context, conn provision.ConnectionID, nameOrID string) (found []Group, _ error) {
	connections, err := s.from(ctx, conn, place{})
	if err != nil {
		return nil, err
	}
	for _, c := range connections {
		g, err := s.store.Group(ctx, c.ID, provision.GroupID(nameOrID))
		if provision.IsNotFound(err) {
			g, err = s.store.GroupByName(ctx, c.ID, nameOrID)
		}
		if provision.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, Group{Group: g, ConnectionName: c.Name})
	}
	if i := slices.IndexFunc(found, func(g Group) bool { return string(g.ID) == nameOrID }); i >= 0 {
		return found[i : i+1], nil
	}
	return found, nil
}

// noGroup is the error of a group that is not there.
func (s *Service) noGroup(ctx context.Context, name string) error {
	names, err := s.store.GroupsBeginning(ctx, "", MaxLimit)
	if err != nil {
		return err
	}
	if near := spelling.Closest(name, names); near != "" {
		return provision.Errorf(provision.NotFound, "group", "there is no group %q; did you mean %s?", provision.Clip(name), near)
	}
	return provision.Errorf(provision.NotFound, "group", "there is no group %q; `deskbridge group list` shows them", provision.Clip(name))
}

// GroupsBeginning returns some displayNames that begin with prefix.
func (s *Service) GroupsBeginning(ctx context.Context, prefix string) ([]string, error) {
	return s.store.GroupsBeginning(ctx, provision.Fold(prefix), mostNames)
}
